// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json_field.h"

namespace qmtl {

/// What the properties of an IBM backend list of one qubit; times in seconds. Nothing: no entry, null, or a
/// time that is not positive, as calibrations that failed have.
struct ListedQubit {
  std::optional<double> t1, t2;
  std::optional<double> p1_given_0, p0_given_1;  ///< probabilities to read 1 (0) when the qubit is 0 (1)
  std::optional<double> readout_length;
  bool operational = true;
};

/// The same of one gate on particular qubits.
struct ListedGate {
  std::string name;
  std::vector<int> qubits;
  std::optional<double> error;   ///< average infidelity, 0 .. 1
  std::optional<double> length;  ///< seconds
  bool operational = true;
};

struct BackendProperties {
  std::string name;  ///< the backend's, "" where it has none
  std::vector<ListedQubit> qubits;
  std::vector<ListedGate> gates;
  std::vector<std::string> remarks;  ///< what was listed but makes no sense, each naming its qubit
};

/// Reads the properties of an IBM backend (lists of {name, unit, value} for each qubit and gate). Where one
/// direction of a readout's error is missing it follows from `readout_error`, the mean of both. Throws the
/// source's error naming file, place and qubit: no such JSON, no qubits, qubits out of range, probabilities
/// outside 0 .. 1, negative lengths, units that are none of s, ms, us and ns, times without a unit that
/// cannot be seconds.
BackendProperties parse_backend_properties(std::string_view text, JsonSource source);
/// The same of JSON that is parsed already.
BackendProperties read_backend_properties(const SortedJsonField& root);

}  // namespace qmtl
