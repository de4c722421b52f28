// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// IBM's codes for a request that is not understood, and for a circuit that the device cannot execute.
constexpr int ibm_invalid_input = 1337, ibm_not_supported = 1517;
constexpr std::int64_t most_ibm_executions = 10'000'000;

[[noreturn]] void refuse_ibm(const std::string& message, int code = ibm_invalid_input);

/// Reads a circuit of a job as a run that lacks values and shots: OpenQASM 3, or QPY as a tagged text. Throws
/// WireRefusal for what is no circuit, does not fit the device or, where it must, measures nothing.
EmulatedRun read_ibm_circuit(const SortedJsonField& field, const EmulatorOptions& options,
                             bool must_measure = true);
/// The same for the circuits of QPY that was packed: base64(zlib(...)).
std::vector<EmulatedRun> read_ibm_qpy(const SortedJsonField& packed, const EmulatorOptions& options);

/// Counts as the run's registers show them: bits that are never read are 0.
Counts register_counts(const EmulatedRun& run, const Counts& counts);

/// Refuses values of a run with which the device cannot execute it; `field` is where it stands.
void check_ibm_values(const EmulatedRun& run, const SortedJsonField& field, const EmulatorOptions& options);
/// Refuses more executions than a job may have.
void check_ibm_executions(const EmulatedJob& job);

/// Elements of an array of that shape.
std::size_t elements_of(const std::vector<std::size_t>& shape);

}  // namespace qmtl
