// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "hardware/endpoint.h"

namespace qmtl {

/// A program that only one order of bits explains: x on the qubit that classical bit 0 reads, nothing on the
/// others. `qubits` are those of classical bits 0, 1, ...: two to five that the work reads too.
DeviceProgram probe_program(std::span<const int> qubits, const DeviceTarget& target);

enum class ProbeFinding : std::uint8_t {
  ok,            ///< classical bit 0 is the rightmost character
  reversed,      ///< it is the leftmost
  permuted,      ///< it is another one
  inconclusive,  ///< too noisy or too few shots to say
};
std::string_view name(ProbeFinding finding);

/// What the counts of a probe with so many readings show. A bit counts as 1 or 0 when its share of ones lies
/// three standard deviations of a fair coin from a half. Throws EndpointError (malformed) for counts that
/// have no shots or another number of bits.
ProbeFinding check_probe(const Counts& counts, std::size_t readings);

/// Throws EndpointError (malformed) saying what was found, where, and what to do, unless it is ok.
void require_probe(const Counts& counts, std::size_t readings, const EndpointInfo& info);

}  // namespace qmtl
