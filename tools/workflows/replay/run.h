// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "tools/workflows/replay/forecast.h"
#include "tools/workflows/replay/place.h"
#include "tools/workflows/replay/scores.h"
#include "tools/workflows/replay/status.h"

namespace qmtl {

/// How counts are scored, where not as the replay was begun. What was measured stays what it is.
struct ScoreChoices {
  std::optional<bool> readout;      ///< undo errors of readings
  std::optional<bool> m3;           ///< on the observed bitstrings alone
  std::string executed;             ///< what of --mitigate decides what is executed; "": nothing
  std::optional<bool> extrapolate;  ///< to no noise
  std::optional<ExtrapolationKind> extrapolation;  ///< in which way
};

/// How a replay is worked on. Nothing here decides what is measured: that is the request's (request.h).
struct ReplayWork {
  std::optional<double>
      max_cost;            ///< most that may be spent, in the endpoint's unit; a must where it is paid
  bool retry = false;      ///< failed and cancelled jobs, and rows without results, are sent again
  bool wait = false;       ///< fetch: until all jobs have ended
  double probe_wait = 60;  ///< seconds that a submit waits for the probe, and for what a job has cost
  ReplayPatience patience;
  std::int64_t calibration_age = 12 * 3600;  ///< seconds for which a calibration of readings is used again
  std::string rehearsal;                     ///< file of a noise model; "": no rehearsal
  int rehearsals = 5;                        ///< with so many seeds
  std::string forecast;   ///< plan: a device's properties, to foretell the scores; "": none
  int replicates = 1000;  ///< of the bootstrap of intervals, 0: none
  ScoreChoices scoring;   ///< of fetch and score
  SimdTarget simd = SimdTarget::best;
  std::function<bool()> stop = {};  ///< whether a stop was asked for; empty: never
  WorkProgress working = {};        ///< is told of steps that may take long; empty: nobody is

  void step(const std::string& what, std::size_t done = 0, std::size_t all = 0) const {
    if (working) working(what, done, all);
  }
};

/// What a replay found: replay.json, and the same as values.
struct ReplayReport {
  CountedScores scores;
  std::vector<double> exact;  ///< the model's own scores of the same samples: the tasks', then their mean
  std::optional<Rehearsal> rehearsal;
  nlohmann::ordered_json json;
};

struct ReplayOutcome {
  /// stopped and blocked: nothing is lost, call again. waiting: not all results are here; or, where `unsent`
  /// jobs are left, the next waits for the probe's result or for what the last one has cost.
  ReplayEnd end = ReplayEnd::done;
  std::size_t unsent = 0;
  ReplayStatus status;
  std::optional<ReplayReport> report;  ///< of fetch and run, once all jobs have ended
};

// All of them go on where an earlier call or a crash ended. They throw Error: (usage) for a request that
// differs from the one the replay began with, for paid jobs without a ceiling and for a ceiling that is too
// low; (data) for damaged files and a folder that another process works in; (endpoint) for what a service
// refuses.

/// What would be sent; sends and writes nothing.
ReplayForecast plan_replay(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work);
/// Sends the jobs, once the probe has shown the order of bits.
ReplayOutcome submit_replay(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work);
/// Collects the results that are there, and scores them when all jobs have ended.
ReplayOutcome fetch_replay(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work);
/// Submit, wait, fetch.
ReplayOutcome run_replay(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work);
/// Scores the results that are here again. Nothing is asked of the service, and replay.json stays as it is.
ReplayOutcome score_replay(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work);
/// Cancels what is not finished.
ReplayOutcome cancel_replay(const Ranks& ranks, const ReplayPlace& place, const ReplayWork& work);

}  // namespace qmtl
