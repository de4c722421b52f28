// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hardware/replay/driver.h"

namespace qmtl {

/// Counts of every program's rows; empty where they are missing.
struct ProgramCounts {
  std::vector<std::vector<Counts>> rows;  ///< [program][row]
  std::int64_t dropped = 0;
  std::vector<std::string> missing;  ///< what the service said of rows without results, and jobs without any
};

/// What is here of the results of the driver's jobs, or of one phase's alone: the rows of jobs back where
/// they belong in the programs.
ProgramCounts gather_counts(ReplayDriver& driver, std::optional<ReplayPhase> phase = std::nullopt);

/// Judges the probes among the programs by their counts. Throws EndpointError (malformed) for another order
/// of bits than the endpoint should have, and for one that no shot shows.
void require_order_of_bits(std::span<const ReplayProgram> programs, const ProgramCounts& counts,
                           const EndpointInfo& info);

}  // namespace qmtl
