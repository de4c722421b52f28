// SPDX-License-Identifier: Apache-2.0
#include "hardware/formats/iqm.h"

#include <cmath>
#include <vector>

#include "runtime/base/error.h"

namespace qmtl {

using Json = nlohmann::ordered_json;

Json iqm_circuit(const DeviceProgram& program, std::span<const std::string> names) {
  const auto refuse = [&](const std::string& what) {
    throw usage_error("program " + program.name + ": expected " + what);
  };
  if (!program.inputs.empty()) refuse("a bound program, as IQM's circuits have no inputs");
  if (!program.delays.empty())
    refuse("a program without dynamical decoupling, as IQM's circuits have no delays");
  if (static_cast<std::size_t>(program.qubits) > names.size())
    refuse("at most " + std::to_string(names.size()) + " qubits, found " + std::to_string(program.qubits));
  const auto named = [&](int qubit) { return names[static_cast<std::size_t>(qubit)]; };
  // RX after RZ(f) is RZ(f) after a rotation about the axis at -f: the frame goes on to the end.
  std::vector<double> frame(static_cast<std::size_t>(program.qubits));
  Json instructions = Json::array();
  for (const DeviceOp& op : program.ops) {
    double& turned = frame[static_cast<std::size_t>(op.q0)];
    if (op.gate == device_gate_by_name("cz").value()) {
      instructions.push_back(
          {{"name", "cz"}, {"locus", {named(op.q0), named(op.q1)}}, {"args", Json::object()}});
      continue;
    }
    if (op.q1 >= 0) refuse("rotations of qubits and cz, found " + std::string(info(op.gate).name));
    const double angle = turn_of(op).constant;
    if (is_diagonal(op.gate)) {
      turned += angle;
      continue;
    }
    const double axis = info(op.gate).axes == "Y" ? half_pi : 0.0;
    // Angles near zero are written whole: a phase of many turns would lose digits.
    const double phase = std::remainder(axis - turned, 4 * half_pi);
    instructions.push_back(
        {{"name", "prx"}, {"locus", {named(op.q0)}}, {"args", {{"angle", angle}, {"phase", phase}}}});
  }
  Json locus = Json::array();
  for (int qubit : program.measured) locus.push_back(named(qubit));
  instructions.push_back({{"name", "measure"}, {"locus", std::move(locus)}, {"args", {{"key", "c"}}}});
  return {{"name", program.name}, {"instructions", std::move(instructions)}};
}

}  // namespace qmtl
