// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <iostream>

#include "distributed/launch/cores.h"
#include "runtime/base/error.h"
#include "runtime/base/json_field.h"
#include "runtime/base/nearest.h"
#include "tools/program/replay/options.h"
#include "tools/program/replay/text.h"
#include "tools/program/replay/tune.h"
#include "tools/program/signals.h"
#include "tools/program/work_clock.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl replay plan|submit|fetch|status|cancel|run|score|tune PATH [options]",
    "Evaluates a trained checkpoint on a device or simulator.\n"
    "  plan    what would be sent, and what it would cost; sends nothing\n"
    "  submit  sends the jobs and returns\n"
    "  fetch   collects results that are ready, and shows the scores once there are enough\n"
    "  status  where every job stands\n"
    "  cancel  cancels what is not finished\n"
    "  run     submit, wait, fetch\n"
    "  score   scores what was fetched again, with other --mitigate and --extrapolate; asks no service\n"
    "  tune    steps on the model's angles there; has options of its own: qmtl replay tune --help\n"
    "PATH is a checkpoint or run folder with --endpoint, which begins a replay in its own folder (default\n"
    "RUN/replay/NAME), or the folder of a replay, to go on with it. A journal there makes sure that nothing\n"
    "is paid twice and no result is lost, whenever this program, the network or the service fails.",
    "  qmtl replay plan runs/digits --endpoint ionq.toml --shots 500 --samples 100\n"
    "  qmtl replay submit runs/digits --endpoint ionq.toml --shots 500 --samples 100 --max-cost 80\n"
    "  qmtl replay fetch runs/digits/replay/ionq --wait"};

ReplayPlace find_place(const Options& options, const std::string& action) {
  const std::string& path = options.text("path");
  if (is_replay_folder(path)) {
    if (const auto option = given_request_option(options, action == "fetch" || action == "score"))
      throw usage_error("--" + *option + ": expected none of the options that a replay begins with, since " +
                        path + " has them in request.json; leave it out");
    return kept_replay(path);
  }
  if (action == "fetch" || action == "status" || action == "cancel" || action == "score")
    throw data_error(path +
                     ": expected the folder of a replay, with request.json, found none; `qmtl replay " +
                     "submit` makes one in RUN/replay");
  if (!options.has("endpoint"))
    throw usage_error("--endpoint: expected an endpoint's file or kind for a new replay of " + path);
  ReplayRequest request = read_request_options(options);
  request.checkpoint = path;
  return replay_of(std::move(request), options.text_or("folder", ""));
}

/// Prints one of the two forms.
void show(const Options& options, const nlohmann::ordered_json& json, const std::string& text, int indent) {
  if (options.common.json)
    std::cout << json_text(json, indent) << std::endl;
  else
    std::cout << text << std::flush;
}

void show_status(const Options& options, const ReplayStatus& status) {
  if (options.common.json || !options.common.quiet)
    show(options, replay_status_json(status), replay_status_table(status), 2);
}

/// What to say at the end, and the exit code.
int show_outcome(const Options& options, const std::string& action, const ReplayOutcome& outcome) {
  const std::string& folder = outcome.status.folder;
  switch (outcome.end) {
    case ReplayEnd::stopped:
      spdlog::warn("stopped; nothing is lost. Go on with `qmtl replay {} {}`", action, folder);
      return static_cast<int>(Exit::interrupted);
    case ReplayEnd::blocked:
      throw Error(
          Exit::endpoint,
          "the service takes no more jobs at present; nothing is lost. Go on with `qmtl replay submit " +
              folder + "`");
    case ReplayEnd::waiting:
      show_status(options, outcome.status);
      if (outcome.unsent > 0 && action != "fetch") {
        spdlog::warn(
            "{} jobs are not sent: the next goes out when the one under way has ended and what it has cost "
            "is "
            "known; go on with `qmtl replay {} {}`",
            outcome.unsent, action, folder);
        return static_cast<int>(Exit::interrupted);
      }
      spdlog::info("not all results are here; go on with `qmtl replay fetch {} --wait`", folder);
      return 0;
    case ReplayEnd::done:
      if (outcome.report)
        show(options, outcome.report->json, replay_text(outcome.report->json), 1);
      else
        show_status(options, outcome.status);
  }
  return 0;
}

using Action = ReplayOutcome (*)(const Ranks&, const ReplayPlace&, const ReplayWork&);

/// Actions that end with an outcome; plan and status only look.
constexpr std::pair<const char*, Action> actions[] = {
    {"plan", nullptr},         {"submit", submit_replay}, {"fetch", fetch_replay}, {"status", nullptr},
    {"cancel", cancel_replay}, {"run", run_replay},       {"score", score_replay}};

Action find_action(const std::string& action) {
  std::vector<std::string> names;
  for (const auto& [name, function] : actions) {
    if (action == name) return function;
    names.emplace_back(name);
  }
  const std::string near = nearest(action, names, likely_slips(action));
  throw usage_error(
      "expected plan, submit, fetch, status, cancel, run or score (or tune before all options), found '" +
      action + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?"));
}

}  // namespace

int replay_command(const Ranks& ranks, const Arguments& args) {
  if (!args.empty() && args[0] == "tune") return replay_tune(ranks, Arguments(args.begin() + 1, args.end()));
  po::options_description own("Options of replay");
  add_request_options(own);
  own.add_options()("folder", po::value<std::string>()->value_name("FOLDER"), "of a new replay");
  add_work_options(own);
  const auto options = parse_options(ranks, usage, own, {"action", "path"}, {"action", "path"}, args);
  if (!options) return 0;
  const std::string& action = options->text("action");
  const Action function = find_action(action);
  const ThreadLimit threads(find_cores(ranks), options->common.threads);
  const ReplayPlace place = find_place(*options, action);
  if (action == "status") {
    show_status(*options, replay_status(place));
    return 0;
  }
  ReplayWork work = read_work_options(*options);
  WorkClock clock(ProgressPrinter::choose(options->common.progress, options->common.quiet));
  work.working = clock.follower();
  if (!function) {
    const ReplayForecast forecast = plan_replay(ranks, place, work);
    work.step("");
    show(*options, replay_plan_json(forecast), replay_plan_table(forecast), 2);
    return 0;
  }
  work.stop = stop_requested;
  return show_outcome(*options, action, function(ranks, place, work));
}

}  // namespace qmtl
