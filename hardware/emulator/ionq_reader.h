// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hardware/program.h"
#include "runtime/base/json_field.h"

namespace qmtl {

/// How large a circuit may be that is read, and what its device lacks.
struct IonqLimits {
  int qubits = 1024;
  std::size_t gates = 1'000'000;
  std::string_view missing = {};  ///< a native gate: ms or zz
};

/// The program of a job's `input` or of one entry of its `circuits` (then with the qubits and the gateset of
/// the job, where it has none of its own); reads every qubit, bit i is qubit i. h, cnot, h in a row is cz.
/// Whatever is not of the gateset qis or native ends in the source's error, which names the gate
/// ("circuit[6]") and what was expected.
DeviceProgram read_ionq(const SortedJsonField& input, int qubits = 0, const IonqLimits& limits = {},
                        bool native = false);

/// The same of JSON by itself. `name` stands in messages; throws Error (data).
DeviceProgram read_ionq(const nlohmann::json& input, const std::string& name, int qubits = 0,
                        const IonqLimits& limits = {});

/// Whether the object's `gateset` is native; `otherwise` where it has none. Refuses others than qis.
bool is_native(const SortedJsonField& object, bool otherwise = false);

}  // namespace qmtl
