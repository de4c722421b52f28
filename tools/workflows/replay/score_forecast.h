// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/noise/backend_properties.h"
#include "tools/workflows/replay/scores.h"

namespace qmtl {

/// A device by its calibration data: the properties of an IBM backend, a .json file.
struct CalibratedDevice {
  std::string file, text;
  BackendProperties listed;
};
/// Throws Error (usage) naming the file: noise models, which list no calibration; properties that say
/// nothing.
CalibratedDevice load_calibrated(const std::string& file);

/// How scores are foretold.
struct ForesightSettings {
  int draws = 30;            ///< of the device and its shots, 2 at least
  double uncertainty = 0.2;  ///< of every calibrated number (drawn_properties.h)
  std::uint64_t seed = 0;
  bool relayout = false;  ///< qubits are chosen by each draw's calibration, else by the one that is listed
};

/// A score that is foretold. The interval holds the score of one evaluation on the device with 95 %
/// confidence: Student's prediction interval from the draws, and all that was drawn, cut to what the metric
/// can be. NaN where undefined.
struct ForeseenScore {
  double exact = 0;  ///< without noise and shots
  ScoreInterval interval;
  double of_shots = 0, of_device = 0;  ///< standard deviations that the shots and the calibration bring in
};

/// The scores of a session's programs with so many shots.
struct ForeseenScores {
  std::int64_t shots = 0;  ///< of a program and sample, on average
  std::int64_t executions = 0;
  std::vector<ForeseenScore> tasks;
  ForeseenScore mean;
};

/// What the session's programs execute in all with `shots` of a program and sample on average.
std::int64_t executions_with(const ReplaySession& session, std::int64_t shots);

/// Foretells a session's scores for every number of `shots`, at most those it was planned with: its programs
/// are simulated on devices drawn within the calibration's uncertainty, and scored as measured counts are,
/// with the session's mitigation (hardware/group_sampler.h says what is left out). The same numbers on any
/// threads.
std::vector<ForeseenScores> foresee_scores(const ReplaySession& session, const CalibratedDevice& device,
                                           std::vector<std::int64_t> shots, const ForesightSettings& settings,
                                           const WorkProgress& working = {});

/// What is compared: every mitigation on every choice of qubits with every number of shots.
struct ForecastRequest {
  ReplayRequest replay;                         ///< model, samples, split of the head, --avoid, seed
  std::string target;                           ///< file of the device's properties
  std::vector<MitigationSettings> mitigations;  ///< at least one
  std::vector<std::string> qubits{""};          ///< lists as of --qubits; "": the best by the calibration
  std::vector<std::int64_t> shots{1000};
  std::optional<double> width;  ///< wished of the mean score's interval
  ForesightSettings foresight;
  SimdTarget simd = SimdTarget::best;
  WorkProgress working = {};
};

/// Foretells scores on a device from its calibration data alone: the JSON of `qmtl forecast` (io/FORMATS.md).
/// Throws Error (usage) for a device or qubits that the programs do not fit, before anything is simulated.
nlohmann::ordered_json forecast_scores(const Ranks& ranks, const ForecastRequest& request);

/// {"tasks", "mean"}, as forecast_scores and `replay plan` write them.
nlohmann::ordered_json foreseen_scores_json(const ForeseenScores& scores, const std::vector<TaskSpec>& tasks);

}  // namespace qmtl
