// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <filesystem>
#include <iostream>

#include "hardware/mitigation/probe.h"
#include "io/files/atomic_file.h"
#include "io/files/json_fields.h"
#include "runtime/base/error.h"
#include "distributed/launch/cores.h"
#include "tools/workflows/replay/endpoint_file.h"
#include "tools/workflows/replay/scores.h"
#include "tools/program/replay_status.h"
#include "tools/program/replay_tune.h"
#include "tools/program/signals.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

const Usage usage{
    "qmtl replay plan|submit|fetch|status|cancel|run|tune PATH [options]",
    "Evaluates a trained checkpoint on a device or simulator.\n"
    "  plan    what would be sent, and what it would cost; sends nothing\n"
    "  submit  sends the jobs and returns\n"
    "  fetch   collects results that are ready, and shows the scores once there are enough\n"
    "  status  where every job stands\n"
    "  cancel  cancels what is not finished\n"
    "  run     submit, wait, fetch\n"
    "  tune    steps on the model's angles there; has options of its own: qmtl replay tune --help\n"
    "PATH is a checkpoint or run folder with --endpoint, which begins a replay in its own folder (default\n"
    "RUN/replay/NAME), or the folder of a replay, to go on with it. A journal there makes sure that nothing\n"
    "is paid twice and no result is lost, whenever this program, the network or the service fails.",
    "  qmtl replay plan runs/digits --endpoint ionq.toml --shots 500 --samples 100\n"
    "  qmtl replay submit runs/digits --endpoint ionq.toml --shots 500 --samples 100 --max-cost 80\n"
    "  qmtl replay fetch runs/digits/replay/ionq --wait"};

void add_options(po::options_description& own) {
  add_request_options(own);
  auto add = own.add_options();
  add("folder", po::value<std::string>()->value_name("FOLDER"), "of a new replay");
  add("max-cost", po::value<double>()->value_name("AMOUNT"),
      "most that may be spent, in the endpoint's unit; must be given where jobs are paid");
  add("wait", "fetch: wait until all jobs have ended");
  add("retry", "submit and run: send failed and cancelled jobs again");
  add("probe-wait", po::value<double>()->value_name("SECONDS"),
      "how long submit waits for the probe before it ends (default 60)");
  add("grace", po::value<double>()->value_name("SECONDS"),
      "a service may list a job so late: only then a submit without an answer is repeated (default 60)");
  add("longest-poll", po::value<double>()->value_name("SECONDS"),
      "questions after results come more and more slowly, but not more than this apart (default 30)");
  add("calibration-age", po::value<double>()->value_name("HOURS"),
      "for how long a calibration of readings is used again (default 12)");
  add("rehearse", po::value<std::string>()->value_name("NOISE"),
      "noise model (io/FORMATS.md): the same jobs on the simulator too");
  add("rehearsals", po::value<int>()->value_name("N"), "with so many seeds (default 5)");
  add("replicates", po::value<int>()->value_name("N"), "of the bootstrap of intervals (default 1000)");
}

double seconds_or(const Options& options, const char* key, double otherwise) {
  if (!options.has(key)) return otherwise;
  const double value = options.values[key].as<double>();
  if (!(value >= 0 && value < 1e9))
    throw usage_error("--" + std::string(key) + ": expected a number from 0, found " + std::to_string(value));
  return value;
}

int number_or(const Options& options, const char* key, int otherwise, int least, int most) {
  if (!options.has(key)) return otherwise;
  const int value = options.values[key].as<int>();
  if (value < least || value > most)
    throw usage_error("--" + std::string(key) + ": expected " + std::to_string(least) + " to " +
                      std::to_string(most) + ", found " + std::to_string(value));
  return value;
}

/// Where the replay is, and whether it was begun before.
struct Place {
  std::string folder;
  ReplayRequest request;
  bool begun = false;
};

std::string request_file(const std::string& folder) { return (fs::path(folder) / "request.json").string(); }

/// The folder that replays of a checkpoint go to.
fs::path replays_of(const std::string& checkpoint) {
  if (fs::is_directory(checkpoint)) return fs::path(checkpoint) / "replay";
  const fs::path folder = fs::path(checkpoint).parent_path();
  return (folder.filename() == "checkpoints" ? folder.parent_path() : folder) / "replay";
}

Place find_place(const Options& options, const std::string& action) {
  const std::string& path = options.text("path");
  if (fs::exists(request_file(path))) {
    if (const auto option = given_request_option(options))
      throw usage_error("--" + *option + ": expected none of the options that a replay begins with, since " +
                        path + " has them in request.json; leave it out");
    return {path, parse_replay_request(read_file(request_file(path)), request_file(path)), true};
  }
  if (action == "fetch" || action == "status" || action == "cancel")
    throw data_error(path +
                     ": expected the folder of a replay, with request.json, found none; `qmtl replay " +
                     "submit` makes one in RUN/replay");
  if (!options.has("endpoint"))
    throw usage_error("--endpoint: expected an endpoint's file or kind for a new replay of " + path);
  Place place;
  place.request = read_request_options(options);
  place.request.checkpoint = path;
  if (place.request.name.empty()) place.request.name = read_endpoint(place.request.endpoint).kind;
  place.folder = options.text_or("folder", (replays_of(path) / place.request.name).string());
  place.begun = fs::exists(request_file(place.folder));
  return place;
}

/// One command's work in a replay's folder.
class ReplayCommand {
 public:
  ReplayCommand(const Comm& comm, const Options& options, std::string action)
      : options_(options), action_(std::move(action)), place_(find_place(options, action_)) {
    if (action_ == "status") return;
    age_ = static_cast<std::int64_t>(3600 * seconds_or(options, "calibration-age", 12));
    rehearsals_ = number_or(options, "rehearsals", 5, 1, 10'000);
    replicates_ = number_or(options, "replicates", 1000, 0, 1'000'000);
    patience_.grace = seconds_or(options, "grace", patience_.grace);
    patience_.longest_poll =
        std::max(patience_.first_poll, seconds_or(options, "longest-poll", patience_.longest_poll));
    probe_wait_ = seconds_or(options, "probe-wait", 60);
    if (action_ != "plan") folder_.emplace(place_.folder);
    open(comm);
  }

  int run() {
    if (action_ == "status") return show_status();
    if (action_ == "plan") return show_plan();
    catch_stop_signals();
    begin();
    if (action_ == "cancel") {
      driver_->cancel();
      return show_status();
    }
    ReplayEnd end = ReplayEnd::done;
    if (action_ != "fetch") end = send();
    if (end == ReplayEnd::done && action_ == "submit") return show_status();
    if (end == ReplayEnd::done) end = collect();
    return finish(end);
  }

 private:
  std::string plan_file() const { return (fs::path(place_.folder) / "plan.json").string(); }

  void open(const Comm& comm) {
    const auto kept = place_.begun ? read_if_there(plan_file()) : std::nullopt;
    const ReplayRequest asked = place_.request;
    ReplayRequest wanted = asked;
    std::optional<ReplayRequest> before;
    if (place_.begun) {
      before = parse_replay_request(read_file(request_file(place_.folder)), request_file(place_.folder));
      // Where the files are now is for the caller to say; what the endpoint is was found out at the
      // beginning.
      wanted.endpoint_kind = before->endpoint_kind;
      wanted.endpoint_backend = before->endpoint_backend;
      wanted.endpoint_place = before->endpoint_place;
      wanted.endpoint_digest = before->endpoint_digest;
      if (wanted.max_qubits == 0) wanted.max_qubits = before->max_qubits;
    }
    session_ = open_session(comm, wanted, kept, plan_file(), fs::path(place_.folder).parent_path().string(),
                            age_, options_.common.simd);
    if (before) require_same_request(*before, session_.request, request_file(place_.folder));
  }

  bool sends() const { return action_ == "submit" || action_ == "run"; }

  /// Request and plan are on disk before the first line of the journal.
  void begin() {
    if (!place_.begun) {
      if (sends()) require_max_cost();
      write_file(plan_file(), replay_plan_text(session_.plan));
      write_file(request_file(place_.folder), to_json(session_.request).dump(1) + "\n");
    }
    journal_.emplace(folder_->journal(session_.identity));
    driver_.emplace(*session_.endpoint, *journal_, session_.identity, session_.jobs, session_.programs.all,
                    folder_->seams(), patience_);
    driver_->plan();
  }

  void require_max_cost() const {
    if (session_.plan.paid && !options_.has("max-cost"))
      throw usage_error("--max-cost: expected the most that may be spent, in " + session_.plan.unit +
                        ", since jobs at " + session_.request.endpoint_place +
                        " are paid; `qmtl replay plan` shows the estimate");
  }

  ReplayEnd send() {
    if (options_.has("retry")) spdlog::info("{} jobs are sent again", driver_->retry());
    const auto& jobs = journal_->jobs();
    if (std::any_of(jobs.begin(), jobs.end(), [](const JobRecord& job) { return !job.sent(); }))
      require_max_cost();
    if (options_.has("max-cost")) {
      driver_->set_ceiling(seconds_or(options_, "max-cost", 0));
      driver_->require_ceiling();
    }
    if (const ReplayEnd end = prove_order(); end != ReplayEnd::done) return end;
    if (const ReplayEnd end = driver_->submit(ReplayPhase::calibration); end != ReplayEnd::done) return end;
    return action_ == "run" ? driver_->run(ReplayPhase::work) : driver_->submit(ReplayPhase::work);
  }

  /// The probe's job, before any other is sent.
  ReplayEnd prove_order() {
    if (session_.programs.probed.empty()) return ReplayEnd::done;
    ReplayEnd end = driver_->submit(ReplayPhase::probe);
    const ReplaySeams seams = folder_->seams();
    const double until = seams.now() + probe_wait_;
    for (double pause = 0.2; end == ReplayEnd::done || end == ReplayEnd::waiting;) {
      end = driver_->fetch(ReplayPhase::probe, action_ == "run");
      if (end != ReplayEnd::waiting) break;
      if (seams.now() >= until) return end;
      seams.sleep(std::min(pause *= 1.5, patience_.longest_poll));
      if (seams.stop()) return ReplayEnd::stopped;
    }
    if (end == ReplayEnd::done) check_probe_job();
    return end;
  }

  void check_probe_job() {
    const auto result = driver_->result(0);
    if (!result || result->counts.front().front().empty())
      throw Error(Exit::endpoint, "the probe of the order of bits has no result (" +
                                      journal_->jobs()[0].last.detail +
                                      "); nothing else was sent. `qmtl replay submit " + place_.folder +
                                      " --retry` sends it again");
    require_probe(result->counts.front().front(), session_.programs.probed.size(), info_as_planned());
    const nlohmann::ordered_json known{{"place", session_.request.endpoint_place},
                                       {"backend", session_.request.endpoint_backend},
                                       {"order", "classical bit 0 is the rightmost"}};
    write_file(session_.cache_file("probe"), known.dump() + "\n");
  }

  EndpointInfo info_as_planned() const {
    EndpointInfo about;
    about.kind = session_.request.endpoint_kind;
    about.backend = session_.request.endpoint_backend;
    about.place = session_.request.endpoint_place;
    about.target = session_.plan.target;
    return about;
  }

  ReplayEnd collect() {
    const bool wait = action_ == "run" || options_.has("wait");
    if (const ReplayEnd end = driver_->settle(); end != ReplayEnd::done) return end;
    ReplayEnd all = ReplayEnd::done;
    for (ReplayPhase phase : {ReplayPhase::probe, ReplayPhase::calibration, ReplayPhase::work}) {
      const ReplayEnd end = driver_->fetch(phase, wait);
      if (end == ReplayEnd::stopped) return end;
      if (end != ReplayEnd::done) all = end;
    }
    keep_calibration();
    return all;
  }

  void keep_calibration() {
    if (!session_.request.readout || !session_.plan.calibration.empty()) return;
    const auto counts = gather_counts(*driver_, *journal_, session_.programs);
    const auto calibration = calibration_of(session_, counts);
    if (!calibration) return;
    std::int64_t time = 0;
    for (std::size_t j = 0; j < session_.jobs.size(); ++j)
      if (session_.jobs[j].phase == ReplayPhase::calibration) time = journal_->jobs()[j].submit_time;
    write_file(session_.cache_file("readout"),
               calibration_text(
                   {session_.request.endpoint_place, session_.request.endpoint_backend, time, *calibration}));
  }

  /// What to say at the end: scores where there are enough results.
  int finish(ReplayEnd end) {
    const std::string again = "`qmtl replay ";
    if (end == ReplayEnd::stopped) {
      spdlog::warn("stopped; nothing is lost. Go on with {}{} {}`", again, action_, place_.folder);
      return static_cast<int>(Exit::interrupted);
    }
    if (end == ReplayEnd::blocked)
      throw Error(Exit::endpoint, "the service takes no more jobs at present; nothing is lost. Go on with " +
                                      again + "submit " + place_.folder + "`");
    if (action_ == "submit") {
      show_status();
      spdlog::warn(
          "the probe of the order of bits waits at the service and nothing else was sent; go on with "
          "{}submit {}`",
          again, place_.folder);
      return static_cast<int>(Exit::interrupted);
    }
    if (end == ReplayEnd::waiting) {
      show_status();
      spdlog::info("not all results are here; go on with {}fetch {} --wait`", again, place_.folder);
      return 0;
    }
    return show_scores();
  }

  int show_scores() {
    const ProgramCounts counts = gather_counts(*driver_, *journal_, session_.programs);
    const CountedScores scores = score_counts(session_, counts, static_cast<std::size_t>(replicates_));
    std::optional<Rehearsal> rehearsal;
    if (options_.has("rehearse")) rehearsal = rehearse(session_, options_.text("rehearse"), rehearsals_);
    const auto json = replay_json(session_, *journal_, counts, scores, rehearsal);
    const std::string text = json_text(json, 1);
    write_file((fs::path(place_.folder) / "replay.json").string(), text + "\n");
    if (options_.common.json)
      std::cout << text << std::endl;
    else
      std::cout << replay_text(json) << std::flush;
    return 0;
  }

  int show_plan() {
    const auto json = replay_plan_json(session_, place_.folder);
    std::cout << (options_.common.json ? json.dump(2) + "\n" : replay_plan_table(json)) << std::flush;
    return 0;
  }

  int show_status() {
    const bool asks = action_ == "status";
    const std::string identity =
        asks ? replay_identity(place_.request, read_if_there(plan_file()).value_or("")) : session_.identity;
    const ReplayJournal journal = look_at_journal(place_.folder, identity);
    const auto json =
        replay_status_json(place_.folder, identity, journal, asks ? place_.request.endpoint : "");
    if (options_.common.json)
      std::cout << json_text(json, 2) << std::endl;
    else if (!options_.common.quiet)
      std::cout << replay_status_table(json) << std::flush;
    return 0;
  }

  const Options& options_;
  std::string action_;
  Place place_;
  ReplayPatience patience_;
  std::int64_t age_ = 0;
  double probe_wait_ = 60;
  int rehearsals_ = 5, replicates_ = 1000;
  std::optional<ReplayFolder> folder_;
  ReplaySession session_;
  std::optional<ReplayJournal> journal_;
  std::optional<ReplayDriver> driver_;
};

}  // namespace

int replay_command(const Comm& comm, const Arguments& args) {
  if (!args.empty() && args[0] == "tune") return replay_tune(comm, Arguments(args.begin() + 1, args.end()));
  po::options_description own("Options of replay");
  add_options(own);
  const auto options = parse_options(comm, usage, own, {"action", "path"}, {"action", "path"}, args);
  if (!options) return 0;
  const std::string& action = options->text("action");
  const std::vector<std::string> actions{"plan", "submit", "fetch", "status", "cancel", "run"};
  if (std::find(actions.begin(), actions.end(), action) == actions.end()) {
    const std::string near = nearest(action, actions);
    throw usage_error(
        "expected plan, submit, fetch, status, cancel or run (or tune before all options), found '" + action +
        "'" + (near.empty() ? "" : "; did you mean '" + near + "'?"));
  }
  const ThreadLimit threads(find_cores(comm), options->common.threads);
  return ReplayCommand(comm, *options, action).run();
}

}  // namespace qmtl
