// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hardware/program.h"
#include "runtime/base/json_field.h"

namespace qmtl {

/// How large a circuit may be that is read.
struct IonqLimits {
  int qubits = 1024;
  std::size_t gates = 1'000'000;
};

/// The program of a job's `input` or of one entry of its `circuits` (then with the qubits of the job); reads
/// every qubit, bit i is qubit i. h, cnot, h in a row is cz. Whatever is not of the gateset qis ends in the
/// source's error, which names the gate ("circuit[6]") and what was expected.
DeviceProgram read_ionq(const SortedJsonField& input, int qubits = 0, const IonqLimits& limits = {});

/// The same of JSON by itself. `name` stands in messages; throws Error (data).
DeviceProgram read_ionq(const nlohmann::json& input, const std::string& name, int qubits = 0,
                        const IonqLimits& limits = {});

/// Refuses an object whose `gateset` is not qis.
void check_gateset(const SortedJsonField& object);

}  // namespace qmtl
