// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hardware/emulator/emulation.h"

namespace qmtl {

// IonQ's forms of results: states as decimal numbers, qubit 0 the least significant bit.

/// {state: share of the shots}.
nlohmann::json ionq_frequencies(const Counts& counts);
/// {state: probability} of those that occur; with `reversed` with the bits in the wrong order.
nlohmann::json ionq_probabilities(const std::vector<double>& probabilities, std::size_t width, bool reversed);
/// {state: count}.
nlohmann::json ionq_histogram(const Counts& counts);
/// [state, ...].
nlohmann::json ionq_shots(const Counts& counts);
/// {shots: [{registers: {name: [bit, ...]}}]}, bit i of the register at index i; with `leakage` the first
/// shot is marked.
nlohmann::json ionq_shot_registers(const EmulatedRun& run, const Counts& counts, bool leakage);

}  // namespace qmtl
