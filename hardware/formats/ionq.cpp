// SPDX-License-Identifier: Apache-2.0
#include "hardware/formats/ionq.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "hardware/formats/shown.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

constexpr double pi = 3.14159265358979323846;

nlohmann::ordered_json gate(const char* name, int target) { return {{"gate", name}, {"target", target}}; }
nlohmann::ordered_json cnot(int control, int target) {
  return {{"gate", "cnot"}, {"control", control}, {"target", target}};
}
nlohmann::ordered_json rotation(const char* name, int target, double angle) {
  return {{"gate", name}, {"target", target}, {"rotation", angle}};
}

void append(nlohmann::ordered_json& list, const DeviceOp& op) {
  const double angle = op.angle.constant;
  switch (op.gate) {
    case DeviceGate::rx:
    case DeviceGate::ry:
    case DeviceGate::rz:
      list.push_back(rotation(std::string(info(op.gate).name).c_str(), op.q0, angle));
      return;
    case DeviceGate::x:
      list.push_back(gate("x", op.q0));
      return;
    case DeviceGate::sx:
      list.push_back(gate("v", op.q0));
      return;
    case DeviceGate::cx:
      list.push_back(cnot(op.q0, op.q1));
      return;
    case DeviceGate::cz:
      list.push_back(gate("h", op.q1));
      list.push_back(cnot(op.q0, op.q1));
      list.push_back(gate("h", op.q1));
      return;
    case DeviceGate::rzz:
      list.push_back(cnot(op.q0, op.q1));
      list.push_back(rotation("rz", op.q1, angle));
      list.push_back(cnot(op.q0, op.q1));
      return;
  }
}

/// Reads one gate's fields; messages begin with its place.
struct GateFields {
  const Json& json;
  std::string where;
  int qubits;

  [[noreturn]] void refuse(const std::string& what) const { throw data_error(where + ": " + what); }

  int qubit(const Json& value, const char* key) const {
    if (!value.is_number_integer() || value.get<double>() < 0 || value.get<double>() >= qubits)
      refuse(std::string(key) + ": expected a qubit from 0 to " + std::to_string(qubits - 1));
    return value.get<int>();
  }
  /// One or many qubits, under the key in the singular or plural.
  std::vector<int> list(const char* one, const char* many) const {
    std::vector<int> found;
    if (json.contains(one)) found.push_back(qubit(json[one], one));
    if (json.contains(many)) {
      if (!json[many].is_array()) refuse(std::string(many) + ": expected an array of qubits");
      if (json[many].size() > static_cast<std::size_t>(qubits))
        refuse(std::string(many) + ": expected at most every qubit once");
      for (const Json& value : json[many]) found.push_back(qubit(value, many));
    }
    if (found.empty()) refuse(std::string(one) + ": expected a qubit");
    return found;
  }
  int only(const char* one, const char* many) const {
    const std::vector<int> found = list(one, many);
    if (found.size() != 1)
      refuse(std::string("expected one ") + one + ", found " + std::to_string(found.size()));
    return found.front();
  }
  std::pair<int, int> two_targets() const {
    const std::vector<int> found = list("target", "targets");
    if (found.size() != 2 || found[0] == found[1]) refuse("expected two different targets");
    return {found[0], found[1]};
  }
  bool controlled() const { return json.contains("control") || json.contains("controls"); }
  double angle() const {
    if (!json.contains("rotation") || !json["rotation"].is_number() ||
        !std::isfinite(json["rotation"].get<double>()))
      refuse("rotation: expected an angle in radians");
    return json["rotation"].get<double>();
  }
};

using Ops = std::vector<DeviceOp>;

void rotate(Ops& ops, DeviceGate gate, int qubit, double angle) {
  ops.push_back({gate, qubit, -1, {angle, {}}});
}
/// H = RY(pi/2) after RZ(pi), up to phase.
void hadamard(Ops& ops, int qubit) {
  rotate(ops, DeviceGate::rz, qubit, pi);
  rotate(ops, DeviceGate::ry, qubit, pi / 2);
}
void two(Ops& ops, DeviceGate gate, int a, int b, double angle = 0) {
  ops.push_back({gate, a, b, {angle, {}}});
}

/// Makes h, cnot, h at the end of `ops` the cz that it is: the set has none, and a ring of cz whose gates no
/// longer commute keeps all its qubits alive at once.
void join_cz(Ops& ops) {
  constexpr std::size_t length = 5;
  if (ops.size() < length) return;
  const auto first = ops.end() - length;
  if (first[2].gate != DeviceGate::cx) return;
  Ops turned;
  hadamard(turned, first[2].q1);
  if (std::equal(turned.begin(), turned.end(), first) &&
      std::equal(turned.begin(), turned.end(), first + 3)) {
    const DeviceOp joined{DeviceGate::cz, first[2].q0, first[2].q1, {}};
    ops.erase(first, ops.end());
    ops.push_back(joined);
  }
}

void controlled_x(Ops& ops, const GateFields& fields) {
  const int control = fields.only("control", "controls"), target = fields.only("target", "targets");
  if (control == target) fields.refuse("expected a target that is not the control");
  two(ops, DeviceGate::cx, control, target);
}

/// exp(-i a PP / 2) by turning both qubits so that P becomes Z.
void pair_rotation(Ops& ops, const GateFields& fields, DeviceGate turn, double quarter) {
  const auto [a, b] = fields.two_targets();
  const double angle = fields.angle();
  for (int qubit : {a, b})
    if (quarter != 0) rotate(ops, turn, qubit, quarter);
  two(ops, DeviceGate::rzz, a, b, angle);
  for (int qubit : {a, b})
    if (quarter != 0) rotate(ops, turn, qubit, -quarter);
}

using Reader = std::function<void(Ops&, const GateFields&)>;

/// With a control a cnot by another name.
void flip(Ops& ops, const GateFields& fields) {
  if (fields.controlled()) return controlled_x(ops, fields);
  for (int qubit : fields.list("target", "targets")) ops.push_back({DeviceGate::x, qubit, -1, {}});
}
Reader fixed(DeviceGate gate, double angle) {
  return [=](Ops& ops, const GateFields& fields) {
    for (int qubit : fields.list("target", "targets")) rotate(ops, gate, qubit, angle);
  };
}
Reader turning(DeviceGate gate) {
  return [=](Ops& ops, const GateFields& fields) {
    rotate(ops, gate, fields.only("target", "targets"), fields.angle());
  };
}

const std::map<std::string, Reader>& readers() {
  static const std::map<std::string, Reader> table{
      {"x", flip},
      {"not", flip},
      {"y", fixed(DeviceGate::ry, pi)},
      {"z", fixed(DeviceGate::rz, pi)},
      {"s", fixed(DeviceGate::rz, pi / 2)},
      {"si", fixed(DeviceGate::rz, -pi / 2)},
      {"t", fixed(DeviceGate::rz, pi / 4)},
      {"ti", fixed(DeviceGate::rz, -pi / 4)},
      {"v", fixed(DeviceGate::rx, pi / 2)},
      {"vi", fixed(DeviceGate::rx, -pi / 2)},
      {"h",
       [](Ops& ops, const GateFields& fields) {
         for (int qubit : fields.list("target", "targets")) hadamard(ops, qubit);
       }},
      {"rx", turning(DeviceGate::rx)},
      {"ry", turning(DeviceGate::ry)},
      {"rz", turning(DeviceGate::rz)},
      {"cnot", controlled_x},
      {"swap",
       [](Ops& ops, const GateFields& fields) {
         const auto [a, b] = fields.two_targets();
         two(ops, DeviceGate::cx, a, b);
         two(ops, DeviceGate::cx, b, a);
         two(ops, DeviceGate::cx, a, b);
       }},
      {"zz", [](Ops& ops, const GateFields& fields) { pair_rotation(ops, fields, DeviceGate::rz, 0); }},
      {"xx", [](Ops& ops, const GateFields& fields) { pair_rotation(ops, fields, DeviceGate::ry, -pi / 2); }},
      {"yy", [](Ops& ops, const GateFields& fields) { pair_rotation(ops, fields, DeviceGate::rx, pi / 2); }},
  };
  return table;
}

}  // namespace

nlohmann::ordered_json ionq_circuit(const DeviceProgram& program) {
  if (!program.inputs.empty())
    throw usage_error("program " + program.name +
                      ": IonQ's circuits have no inputs: expected a bound program");
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const DeviceOp& op : program.ops) append(list, op);
  return list;
}

nlohmann::ordered_json ionq_inputs(std::span<const DeviceProgram> programs) {
  int qubits = 0;
  nlohmann::ordered_json circuits = nlohmann::ordered_json::array();
  for (const DeviceProgram& program : programs) {
    qubits = std::max(qubits, program.qubits);
    circuits.push_back(
        {{"name", program.name}, {"qubits", program.qubits}, {"circuit", ionq_circuit(program)}});
  }
  return {{"qubits", qubits}, {"gateset", "qis"}, {"circuits", circuits}};
}

nlohmann::ordered_json ionq_input(const DeviceProgram& program) {
  return {{"qubits", program.qubits}, {"gateset", "qis"}, {"circuit", ionq_circuit(program)}};
}

DeviceProgram read_ionq(const Json& input, const std::string& name, int qubits, int max_qubits,
                        std::size_t max_gates) {
  const auto refuse = [&](const std::string& what) { throw data_error(name + ": " + what); };
  if (!input.is_object()) refuse("expected an object");
  if (input.contains("gateset") && input["gateset"] != "qis") refuse("gateset: expected \"qis\"");
  if (input.contains("qubits")) {
    const Json& value = input["qubits"];
    if (!value.is_number_integer() || value.get<double>() < 1 || value.get<double>() > max_qubits)
      refuse("qubits: expected 1 to " + std::to_string(max_qubits));
    qubits = value.get<int>();
  }
  if (qubits < 1 || qubits > max_qubits) refuse("qubits: expected 1 to " + std::to_string(max_qubits));
  if (!input.contains("circuit") || !input["circuit"].is_array())
    refuse("circuit: expected an array of gates");
  if (input["circuit"].size() > max_gates)
    refuse("circuit: expected at most " + std::to_string(max_gates) + " gates, found " +
           std::to_string(input["circuit"].size()));
  DeviceProgram program;
  program.name = "ionq";
  program.qubits = qubits;
  const std::size_t max_ops = 8 * max_gates;  // an xx is five of them
  std::size_t number = 0;
  for (const Json& entry : input["circuit"]) {
    const GateFields fields{entry, name + ", gate " + std::to_string(number++), qubits};
    if (!entry.is_object() || !entry.contains("gate") || !entry["gate"].is_string())
      fields.refuse("expected an object with the name \"gate\"");
    const std::string& gate = entry["gate"].get_ref<const std::string&>();
    const auto reader = readers().find(gate);
    if (reader == readers().end()) fields.refuse("gate '" + shown(gate) + "' is not understood");
    if (fields.controlled() && gate != "x" && gate != "not" && gate != "cnot")
      fields.refuse("controls are understood for x, not and cnot only");
    reader->second(program.ops, fields);
    join_cz(program.ops);
    if (program.ops.size() > max_ops)
      fields.refuse("expected at most " + std::to_string(max_ops) + " gates on single qubits or pairs");
  }
  for (int qubit = 0; qubit < qubits; ++qubit) program.measured.push_back(qubit);
  return program;
}

}  // namespace qmtl
