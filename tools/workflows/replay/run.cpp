// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/run.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>

#include "io/files/atomic_file.h"
#include "runtime/base/error.h"
#include "runtime/base/json_field.h"

namespace qmtl {
namespace {

/// The session of a place as it was planned when the replay began, or planned now.
ReplaySession open_place(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work,
                         bool offline = false) {
  ReplayRequest wanted = place.request;
  std::optional<ReplayRequest> before;
  if (place.begun) {
    before = kept_replay(place.folder).request;
    // Where the files are now is for the caller to say; what the endpoint is was found out at the beginning.
    wanted.endpoint_kind = before->endpoint_kind;
    wanted.endpoint_backend = before->endpoint_backend;
    wanted.endpoint_place = before->endpoint_place;
    wanted.endpoint_digest = before->endpoint_digest;
    if (wanted.max_qubits == 0) wanted.max_qubits = before->max_qubits;
  }
  work.step("reading the model and making its programs");
  ReplaySession session = open_session(
      ranks, wanted, place.begun ? place.kept_plan() : std::nullopt, place.plan_file(),
      std::filesystem::path(place.folder).parent_path().string(), work.calibration_age, work.simd, offline);
  if (before) require_same_request(*before, session.request, place.request_file());
  work.step("");
  return session;
}

/// One call's work in a replay's folder, which it holds alone.
class ReplayRun {
 public:
  enum class Aim { submit, fetch, run, cancel, score };

  ReplayRun(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work, Aim aim)
      : place_(place),
        work_(work),
        aim_(aim),
        folder_(place.folder),
        session_(open_place(ranks, place, work, aim == Aim::score)) {}

  ReplayOutcome operator()() {
    begin();
    ReplayOutcome outcome;
    if (aim_ == Aim::cancel) driver_->cancel();
    if (aim_ == Aim::submit || aim_ == Aim::run) outcome.end = send();
    if (aim_ == Aim::score) outcome.report = report();
    if (outcome.end == ReplayEnd::done && (aim_ == Aim::fetch || aim_ == Aim::run)) {
      outcome.end = collect();
      driver_->close_sessions();
      last_charges();
      if (outcome.end == ReplayEnd::done) outcome.report = report();
    }
    driver_->close_sessions();
    for (const JobRecord& job : journal_->jobs()) outcome.unsent += job.last.state == ReplayState::planned;
    outcome.status = status_of(place_.folder, session_.identity, *journal_, driver_->spent());
    return outcome;
  }

 private:
  /// Request and plan are on disk before the first line of the journal.
  void begin() {
    check_rehearsal(session_, work_.rehearsal, work_.working);
    if (!place_.begun) {
      if (aim_ == Aim::submit || aim_ == Aim::run) require_max_cost();
      write_file(place_.plan_file(), replay_plan_text(session_.plan));
      write_file(place_.request_file(), to_json(session_.request).dump(1) + "\n");
    }
    journal_.emplace(folder_.journal(session_.identity));
    driver_.emplace(*session_.endpoint, *journal_, session_.identity, session_.jobs, session_.programs.all,
                    folder_.seams(work_.stop, work_.working), work_.patience);
    const ReplaySeams seams = folder_.seams(work_.stop);
    sessions_.emplace(*session_.endpoint, folder_.sessions(session_.identity), seams.now, seams.tell);
    if (aim_ == Aim::score) sessions_->leave_open();
    driver_->set_sessions(*sessions_);
    driver_->close_sessions();  // what a crash has left open
    driver_->plan();
  }

  void require_max_cost() const {
    if (session_.plan.paid && !work_.max_cost)
      throw usage_error("--max-cost: expected the most that may be spent, in " + session_.plan.unit +
                        ", since jobs at " + session_.request.endpoint_place +
                        " are paid; `qmtl replay plan` shows the estimate");
  }

  ReplayEnd send() {
    if (work_.retry) spdlog::info("{} jobs are sent again", driver_->retry());
    const auto& jobs = journal_->jobs();
    if (std::any_of(jobs.begin(), jobs.end(), [](const JobRecord& job) { return !job.sent(); }))
      require_max_cost();
    if (work_.max_cost) {
      driver_->set_ceiling(*work_.max_cost);
      driver_->require_ceiling();
    }
    if (const ReplayEnd end = prove_order(); end != ReplayEnd::done) return end;
    if (const ReplayEnd end = send(ReplayPhase::calibration); end != ReplayEnd::done) return end;
    if (const ReplayEnd end = prove_calibration(); end != ReplayEnd::done) return end;
    return send(ReplayPhase::work);
  }

  /// Sends the jobs of a phase, and where not only a submit is asked for waits until they have ended.
  ReplayEnd send(ReplayPhase phase) {
    if (aim_ == Aim::run) return driver_->run(phase);
    const double until = folder_.seams(work_.stop).now() + work_.probe_wait;
    while (true) {
      ReplayEnd end = driver_->submit(phase);
      if (end != ReplayEnd::waiting) return end;
      end = driver_->wait_for_room(until);
      if (end != ReplayEnd::done) return end;
    }
  }

  /// Work whose readings cannot be corrected is not paid. Where jobs are sent without waiting for each other,
  /// nothing is known yet.
  ReplayEnd prove_calibration() {
    if (!session_.request.readout || !session_.plan.calibration.empty()) return ReplayEnd::done;
    if (aim_ == Aim::submit) {
      if (!session_.endpoint->info().bills || !work_.max_cost) return ReplayEnd::done;
      const double until = folder_.seams(work_.stop).now() + work_.probe_wait;
      if (const ReplayEnd end = driver_->wait_for_room(until); end != ReplayEnd::done) return end;
      if (const ReplayEnd end = driver_->fetch(ReplayPhase::calibration, false); end != ReplayEnd::done)
        return end;
    }
    const ProgramCounts counts = gather_counts(*driver_, ReplayPhase::calibration);
    if (!calibration_of(session_, session_.programs, counts))
      throw Error(Exit::endpoint, "the calibration of readings has no results (" +
                                      (counts.missing.empty() ? "not fetched" : counts.missing.front()) +
                                      "), and without it the work would be paid in vain; no work was sent. "
                                      "`qmtl replay run " +
                                      place_.folder + " --retry` sends the calibration again");
    return ReplayEnd::done;
  }

  /// The probe's job, before any other is sent.
  ReplayEnd prove_order() {
    if (!session_.programs.probed) return ReplayEnd::done;
    ReplayEnd end = send(ReplayPhase::probe);
    if (end != ReplayEnd::done) return end;
    const ReplaySeams seams = folder_.seams(work_.stop);
    const double until = seams.now() + work_.probe_wait;
    for (double pause = 0.2; end == ReplayEnd::done || end == ReplayEnd::waiting;) {
      end = driver_->fetch(ReplayPhase::probe, aim_ == Aim::run);
      if (end != ReplayEnd::waiting) break;
      if (seams.now() >= until) return end;
      seams.sleep(std::min(pause *= 1.5, work_.patience.longest_poll));
      if (seams.stop()) return ReplayEnd::stopped;
    }
    if (end == ReplayEnd::done) check_probe();
    return end;
  }

  void check_probe() {
    const ProgramCounts counts = gather_counts(*driver_, ReplayPhase::probe);
    if (counts.rows.front().front().empty())
      throw Error(Exit::endpoint, "the probe of the order of bits has no result (" +
                                      journal_->jobs()[0].last.detail +
                                      "); nothing else was sent. `qmtl replay submit " + place_.folder +
                                      " --retry` sends it again");
    require_order_of_bits(session_.programs.all, counts, info_as_planned());
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
    if (const ReplayEnd end = driver_->settle(); end != ReplayEnd::done) return end;
    ReplayEnd all = ReplayEnd::done;
    for (ReplayPhase phase : {ReplayPhase::probe, ReplayPhase::calibration, ReplayPhase::work}) {
      const ReplayEnd end = driver_->fetch(phase, aim_ == Aim::run || work_.wait);
      if (end == ReplayEnd::stopped) return end;
      if (end != ReplayEnd::done) all = end;
    }
    keep_calibration();
    return all;
  }

  /// Results are worth more than the last word on their price.
  void last_charges() {
    if (!session_.plan.paid) return;
    try {
      driver_->read_charges();
    } catch (const EndpointError& error) {
      spdlog::warn("what jobs have cost is not known to the last: {}", error.what());
    }
  }

  void keep_calibration() {
    if (!session_.request.readout || !session_.plan.calibration.empty()) return;
    const auto calibration = calibration_of(session_, session_.programs, gather_counts(*driver_));
    if (!calibration) return;
    std::int64_t time = 0;
    for (std::size_t j = 0; j < driver_->jobs().size(); ++j)
      if (driver_->jobs()[j].phase == ReplayPhase::calibration) time = journal_->jobs()[j].submit_time;
    write_file(session_.cache_file("readout"),
               calibration_text(
                   {session_.request.endpoint_place, session_.request.endpoint_backend, time, *calibration}));
  }

  /// The request as its counts are to be scored.
  void choose() {
    if (aim_ != Aim::fetch && aim_ != Aim::score) return;
    ReplayRequest& request = session_.request;
    const ScoreChoices& choices = work_.scoring;
    if (choices.readout.value_or(false) && session_.plan.calibration.empty() &&
        session_.programs.calibration.empty())
      throw usage_error(
          "--mitigate readout: expected a replay that measured how wrong readings are, found one " +
          std::string("without; measure anew with another --name"));
    if (!choices.executed.empty())
      throw usage_error("--mitigate: expected readout, m3 or none where counts are scored again, found '" +
                        choices.executed +
                        "', which decides what is executed; measure anew with another --name");
    if (choices.extrapolate.value_or(false) && !request.extrapolates())
      throw usage_error("--extrapolate: expected a replay with several --noise-factors, found one");
    if (choices.readout) request.readout = *choices.readout;
    if (choices.m3) request.m3 = *choices.m3;
    if (choices.extrapolation) request.extrapolation = *choices.extrapolation;
    if (choices.extrapolate && !*choices.extrapolate) request.factors = {1};
  }

  ReplayReport report() {
    const ProgramCounts counts = gather_counts(*driver_);
    choose();
    ReplayReport report;
    work_.step("scores and intervals of " + std::to_string(work_.replicates) + " replicates");
    report.scores = score_counts(session_, counts, static_cast<std::size_t>(work_.replicates));
    report.exact = exact_scores(session_.model, report.scores.samples);
    if (!work_.rehearsal.empty())
      report.rehearsal = rehearse(session_, work_.rehearsal, work_.rehearsals, work_.working);
    work_.step("");
    report.json = replay_json(session_, *journal_, driver_->spent(), counts, report.scores, report.rehearsal);
    if (!report.scores.unmitigated.empty())
      spdlog::warn(
          "the calibration found no use in readings of qubits {} (p(1|0) + p(0|1) near 1 or above): they "
          "count as they were read; --avoid leaves them out of another replay",
          fmt::join(report.scores.unmitigated, ", "));
    add_expectations(report);
    if (aim_ != Aim::score) write_file(place_.report_file(), json_text(report.json, 1) + "\n");
    return report;
  }

  /// Every expectation with its error: in the report where they are few, else in a file beside it.
  void add_expectations(ReplayReport& report) const {
    const CountedScores& scores = report.scores;
    nlohmann::ordered_json all = expectations_json(session_, scores.samples, scores.outputs);
    if (aim_ == Aim::score || 5 * scores.outputs.mitigated.size() <= most_numbers_inline) {
      report.json["expectations"].update(all);
      return;
    }
    report.json["expectations"]["file"] =
        std::filesystem::path(place_.expectations_file()).filename().string();
    write_file(place_.expectations_file(), json_text(all, -1) + "\n");
  }

  const ReplayPlace& place_;
  const ReplayWork& work_;
  Aim aim_;
  ReplayFolder folder_;
  ReplaySession session_;
  std::optional<ReplayJournal> journal_;
  std::optional<ReplaySessions> sessions_;
  std::optional<ReplayDriver> driver_;  // leaves word to the sessions, so that it goes first
};

}  // namespace

ReplayForecast plan_replay(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work) {
  const ReplaySession session = open_place(ranks, place, work);
  check_rehearsal(session, work.rehearsal, work.working);
  ReplayForecast forecast = forecast_replay(session, place.folder);
  if (work.forecast.empty()) return forecast;
  const ForesightSettings settings{.seed = session.request.seed};
  forecast.scores =
      foresee_scores(session, load_calibrated(work.forecast), {session.request.shots}, settings, work.working)
          .front();
  forecast.tasks = session.model.spec().tasks;
  return forecast;
}

ReplayOutcome submit_replay(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work) {
  return ReplayRun(ranks, place, work, ReplayRun::Aim::submit)();
}
ReplayOutcome fetch_replay(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work) {
  return ReplayRun(ranks, place, work, ReplayRun::Aim::fetch)();
}
ReplayOutcome run_replay(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work) {
  return ReplayRun(ranks, place, work, ReplayRun::Aim::run)();
}
ReplayOutcome score_replay(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work) {
  return ReplayRun(ranks, place, work, ReplayRun::Aim::score)();
}
ReplayOutcome cancel_replay(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work) {
  return ReplayRun(ranks, place, work, ReplayRun::Aim::cancel)();
}

}  // namespace qmtl
