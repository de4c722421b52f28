// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace qmtl {

/// A program in which the gate acts on a state of two qubits that no gate leaves as it is.
inline std::string in_qasm3(const std::string& gate) {
  return "OPENQASM 3.0;\ninclude \"stdgates.inc\";\nqubit[2] q;\nbit[2] c;\n"
         "rx(0.3) q[0]; ry(0.7) q[0]; rz(1.1) q[0]; ry(-0.4) q[1]; cx q[0], q[1]; rx(2.1) q[1];\n" +
         gate + "\nc = measure q;\n";
}

/// The same as a job of IonQ's; the gate is its seventh.
inline nlohmann::json in_ionq(const std::string& gate) {
  return nlohmann::json::parse(
      R"({"qubits":2,"gateset":"qis","circuit":[{"gate":"rx","target":0,"rotation":0.3},
      {"gate":"ry","target":0,"rotation":0.7},{"gate":"rz","targets":[0],"rotation":1.1},
      {"gate":"ry","target":1,"rotation":-0.4},{"gate":"cnot","control":0,"target":1},
      {"gate":"rx","target":1,"rotation":2.1},)" +
      gate + "]}");
}

/// A job of IonQ's in native gates; the gate is its fourth.
inline nlohmann::json in_native_ionq(const std::string& gate) {
  return nlohmann::json::parse(
      R"({"qubits":2,"gateset":"native","circuit":[{"gate":"gpi2","target":0,"phase":0.1},
      {"gate":"gpi2","target":1,"phase":-0.3},{"gate":"zz","targets":[0,1],"angle":0.15},)" +
      gate + "]}");
}

}  // namespace qmtl
