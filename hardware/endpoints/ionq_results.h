// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hardware/endpoints/service_answer.h"
#include "hardware/program.h"
#include "runtime/noise/noisy.h"

namespace qmtl {

/// How a program's readings come out of what IonQ reads: all qubits, at the end, qubit 0 the least
/// significant bit of a state's decimal number.
struct IonqReading {
  const DeviceProgram& program;
  std::int64_t shots = 0;
};

/// Counts and the shots that were dropped for leakage.
struct IonqCounts {
  Counts counts;
  std::int64_t dropped = 0;
};

/// {state: probability}, exact as the ideal simulator gives them: sampled here, with random numbers that
/// depend on `key` alone.
IonqCounts sample_ionq(const SortedJsonField& states, const IonqReading& reading, std::uint64_t key);
/// {state: probability} of a device: rounded to counts that add up to the shots (largest remainders).
IonqCounts round_ionq(const SortedJsonField& states, const IonqReading& reading);
/// {state: count}.
IonqCounts count_ionq(const SortedJsonField& states, const IonqReading& reading);
/// {shots: [{registers: {name: [bit, ...]}, leakage_bits}]}, or a list of decimal states.
IonqCounts read_ionq_shots(const SortedJsonField& answer, const IonqReading& reading);

}  // namespace qmtl
