// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hardware/mitigation/cancellation.h"

namespace qmtl {

/// One program of a head as a forecast sees it.
struct ForecastPart {
  std::int64_t shots = 0;                          ///< of the program and a sample
  std::vector<ReadOutput> outputs;                 ///< that it measures
  std::vector<int> measured;                       ///< physical qubit of each classical bit
  std::vector<double> variances;                   ///< of one shot, of each output, without noise
  std::vector<double> squares;                     ///< mean over samples of each output's square
  const CancellationPlan* cancellation = nullptr;  ///< null: nothing is cancelled
};

/// What one kind of mitigation costs and leaves.
struct MitigationCost {
  std::string kind;
  double programs = 1;  ///< as many in the place of one
  double overhead = 1;  ///< so many times the shots for an expectation's error as it is without
  std::optional<double>
      bias;  ///< bound of what it leaves of its errors, in an output's unit; nothing: not known
};

struct MitigationForecast {
  std::vector<MitigationCost> kinds;  ///< those that are on, in their order
  /// Standard errors of the outputs, root mean square: as the device reads them, and mitigated.
  double measured_error = 0, mitigated_error = 0;
};

/// `calibration`: of the readings, where it is known by now.
MitigationForecast forecast_mitigation(const MitigationSettings& settings,
                                       std::span<const ForecastPart> parts,
                                       const std::optional<ReadoutCalibration>& calibration);

}  // namespace qmtl
