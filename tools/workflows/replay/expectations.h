// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "hardware/mitigation/readout.h"
#include "tools/workflows/replay/session.h"

namespace qmtl {

/// The circuit's outputs of the samples that have all their programs: [samples, outputs].
struct MeasuredOutputs {
  std::vector<Estimate> measured;                 ///< without mitigation
  std::vector<Estimate> mitigated;                ///< as the request says
  std::optional<ReadoutCalibration> calibration;  ///< that they rest on
};

/// [samples, outputs] as the engine has them, in double.
std::vector<double> exact_outputs(const ReplayModel& model, const std::vector<std::size_t>& samples);

/// Up to so many numbers stand in replay.json itself, more in expectations.json beside it.
inline constexpr std::size_t most_numbers_inline = 5000;

/// How far expectations lie from the exact ones, in short: of replay.json.
nlohmann::ordered_json expectations_summary(const ReplayModel& model, const std::vector<std::size_t>& samples,
                                            const MeasuredOutputs& outputs);
/// All of them with their errors, and how they are read from the counts (io/FORMATS.md).
nlohmann::ordered_json expectations_json(const ReplaySession& session,
                                         const std::vector<std::size_t>& samples,
                                         const MeasuredOutputs& outputs);

}  // namespace qmtl
