// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/properties_json.h"

#include <algorithm>

#include "hardware/transpile/iqm_metrics.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

/// What a device's gate of another set is made of, as far as errors go: one pulse that turns by a quarter, a
/// rotation about an axis of the equator, an entangling pulse.
struct StandIn {
  std::string_view name;
  DeviceGate gate;
};

DeviceGate quarter_turn() {
  for (const DeviceGateInfo& row : device_gates)
    if (is_pulse(row.gate) && row.turn == half_pi) return row.gate;
  return device_rotation("X");
}

}  // namespace

DeviceProperties device_properties(const BackendProperties& backend) {
  const DeviceGate rotation = device_rotation("X"), entangler = device_gate(controlled_gate('X'));
  const StandIn stand_ins[] = {{"u2", quarter_turn()}, {"u3", rotation}, {"u", rotation},
                               {"prx", rotation},      {"r", rotation},  {"ecr", entangler}};
  DeviceProperties properties;
  for (const ListedQubit& listed : backend.qubits) {
    QubitProperties& qubit = properties.qubits.emplace_back();
    qubit.t1 = listed.t1;
    qubit.t2 = listed.t2;
    // Where nothing is known of one direction, it is taken to be as the other.
    if (listed.p1_given_0 || listed.p0_given_1)
      qubit.readout_error = (listed.p1_given_0.value_or(listed.p0_given_1.value_or(0)) +
                             listed.p0_given_1.value_or(listed.p1_given_0.value_or(0))) /
                            2;
    qubit.readout_length = listed.readout_length;
    qubit.operational = listed.operational;
  }
  const auto add = [&](const ListedGate& listed, DeviceGate gate) {
    if (listed.qubits.size() != static_cast<std::size_t>(info(gate).qubits) || !takes_time(gate)) return;
    properties.gates.push_back({gate, listed.qubits[0], listed.qubits.size() > 1 ? listed.qubits[1] : -1,
                                listed.error, listed.length, listed.operational});
  };
  for (const ListedGate& listed : backend.gates)
    if (const auto gate = device_gate_by_name(listed.name)) add(listed, *gate);
  const auto has = [&](int qubits) {
    return std::any_of(properties.gates.begin(), properties.gates.end(),
                       [&](const GateProperties& given) { return info(given.gate).qubits == qubits; });
  };
  const bool one = has(1), two = has(2);
  for (const StandIn& stand_in : stand_ins)
    if (!(info(stand_in.gate).qubits == 1 ? one : two))
      for (const ListedGate& listed : backend.gates)
        if (listed.name == stand_in.name) add(listed, stand_in.gate);
  return properties;
}

DeviceProperties parse_properties(std::string_view json, const std::string& file) {
  JsonSource source;
  source.name = file;
  source.clean = [](std::string_view foreign, std::size_t most) { return printable(foreign, most); };
  source.if_missing = "; expected the properties of an IBM backend, or an IQM device's quality metrics";
  const auto root = SortedJsonField::parse(json, std::move(source));
  if (root.is_object() && root.find("observations")) return iqm_properties(root);
  return device_properties(read_backend_properties(root));
}

}  // namespace qmtl
