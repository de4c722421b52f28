// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/qasm/reader.h"

namespace qmtl {
std::string write_qasm_gates(const std::vector<GateUse>& gates, bool arrays) {
  std::string text;
  for (const GateUse& use : gates) {
    text += info(use.gate).name;
    for (std::size_t a = 0; a < use.angles.size(); ++a)
      text += (a ? ", " : "(") + describe(use.angles[a], " * ", arrays);
    if (!use.angles.empty()) text += ")";
    for (std::size_t q = 0; q < use.qubits.size(); ++q)
      text += (q ? ", q[" : " q[") + std::to_string(use.qubits[q]) + "]";
    text += ";\n";
  }
  return text;
}

}  // namespace qmtl
