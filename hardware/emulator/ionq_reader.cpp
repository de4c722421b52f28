// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/ionq_reader.h"

#include <algorithm>
#include <functional>
#include <map>

#include "runtime/base/text.h"

namespace qmtl {
namespace {

constexpr double pi = 3.14159265358979323846;

/// One gate's fields.
struct GateFields {
  SortedJsonField gate;
  int qubits;

  int qubit(const SortedJsonField& value) const { return static_cast<int>(value.integer(0, qubits - 1)); }
  /// One or many qubits, under the key in the singular or plural.
  std::vector<int> list(const char* one, const char* many) const {
    std::vector<int> found;
    if (const auto single = gate.find(one)) found.push_back(qubit(*single));
    if (const auto several = gate.find(many)) {
      if (several->size() > static_cast<std::size_t>(qubits)) several->wrong("at most every qubit once");
      for (const SortedJsonField& value : several->list()) found.push_back(qubit(value));
    }
    if (found.empty()) gate.wrong(std::string("a qubit as ") + one, "none");
    return found;
  }
  int only(const char* one, const char* many) const {
    const std::vector<int> found = list(one, many);
    if (found.size() != 1) gate.wrong(std::string("one ") + one, std::to_string(found.size()));
    return found.front();
  }
  std::pair<int, int> two_targets() const {
    const std::vector<int> found = list("target", "targets");
    if (found.size() != 2 || found[0] == found[1]) gate.wrong("two different targets", "others");
    return {found[0], found[1]};
  }
  bool controlled() const { return gate.find_any({"control", "controls"}).has_value(); }
  /// Radians.
  double angle() const { return gate.at("rotation").number(); }
  /// Radians, written as turns.
  double turns(const SortedJsonField& value, double least, double most) const {
    const double number = value.number();
    if (!(number >= least && number <= most))
      value.wrong("turns from " + std::to_string(least) + " to " + std::to_string(most));
    return 2 * pi * number;
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
  if (control == target) fields.gate.wrong("a target that is not the control", "the control itself");
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

/// A pulse between opposite turns.
Reader phased(DeviceGate pulse) {
  return [=](Ops& ops, const GateFields& fields) {
    const int qubit = fields.only("target", "targets");
    const double phase = fields.turns(fields.gate.at("phase"), -1, 1);
    rotate(ops, DeviceGate::rz, qubit, -phase);
    ops.push_back({pulse, qubit, -1, {}});
    rotate(ops, DeviceGate::rz, qubit, phase);
  };
}

/// RXX between opposite turns of each of its qubits.
void molmer_sorensen(Ops& ops, const GateFields& fields) {
  const auto [a, b] = fields.two_targets();
  const auto phases = fields.gate.at("phases").list();
  if (phases.size() != 2) fields.gate.at("phases").wrong("two phases", std::to_string(phases.size()));
  const auto given = fields.gate.find("angle");
  const double angle = given ? fields.turns(*given, 0, 0.25) : pi / 2;
  const double turns[] = {fields.turns(phases[0], -1, 1), fields.turns(phases[1], -1, 1)};
  const int qubits[] = {a, b};
  for (int i : {0, 1}) {
    rotate(ops, DeviceGate::rz, qubits[i], -turns[i]);
    rotate(ops, DeviceGate::ry, qubits[i], -pi / 2);
  }
  two(ops, DeviceGate::rzz, a, b, angle);
  for (int i : {0, 1}) {
    rotate(ops, DeviceGate::ry, qubits[i], pi / 2);
    rotate(ops, DeviceGate::rz, qubits[i], turns[i]);
  }
}

using Readers = std::map<std::string, Reader>;

const Readers& native_readers() {
  static const Readers table{
      {"gpi", phased(DeviceGate::x)},
      {"gpi2", phased(DeviceGate::sx)},
      {"ms", molmer_sorensen},
      {"zz",
       [](Ops& ops, const GateFields& fields) {
         const auto [a, b] = fields.two_targets();
         two(ops, DeviceGate::rzz, a, b, fields.turns(fields.gate.at("angle"), -1, 1));
       }},
      {"nop", [](Ops&, const GateFields&) {}},
  };
  return table;
}

const Readers& qis_readers() {
  static const Readers table{
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

bool is_native(const SortedJsonField& object, bool otherwise) {
  const auto set = object.find("gateset");
  if (!set) return otherwise;
  if (set->text() != "qis" && set->text() != "native") set->wrong("\"qis\" or \"native\"");
  return set->text() == "native";
}

DeviceProgram read_ionq(const SortedJsonField& input, int qubits, const IonqLimits& limits, bool native) {
  native = is_native(input, native);
  const Readers& readers = native ? native_readers() : qis_readers();
  if (const auto width = input.find("qubits")) qubits = static_cast<int>(width->integer(1, limits.qubits));
  if (qubits < 1) input.wrong("the number of qubits as qubits", "none");
  const auto gates = input.at("circuit").list();
  if (gates.size() > limits.gates)
    input.at("circuit").wrong("at most " + std::to_string(limits.gates) + " gates");
  DeviceProgram program;
  program.name = "ionq";
  program.qubits = qubits;
  const std::size_t max_ops = 8 * limits.gates;  // an xx is five of them
  for (const SortedJsonField& gate : gates) {
    if (!gate.is_object()) gate.wrong("an object with the name \"gate\"");
    const GateFields fields{gate, qubits};
    const SortedJsonField name = gate.at("gate");
    const auto reader = readers.find(name.text());
    if (reader == readers.end())
      name.wrong(std::string("a gate of the set ") + (native ? "native" : "qis"),
                 "'" + printable(name.text()) + "'");
    if (native && name.text() == limits.missing)
      name.wrong("a native gate of this backend", "'" + name.text() + "'");
    if (fields.controlled() && name.text() != "x" && name.text() != "not" && name.text() != "cnot")
      gate.wrong("controls of x, not and cnot only", "those of " + name.text());
    reader->second(program.ops, fields);
    join_cz(program.ops);
    if (program.ops.size() > max_ops)
      gate.wrong("at most " + std::to_string(max_ops) + " gates on single qubits or pairs", "more");
  }
  for (int qubit = 0; qubit < qubits; ++qubit) program.measured.push_back(qubit);
  return program;
}

DeviceProgram read_ionq(const nlohmann::json& input, const std::string& name, int qubits,
                        const IonqLimits& limits) {
  JsonSource source;
  source.name = name;
  source.strict_integers = true;
  source.clean = [](std::string_view text, std::size_t most) { return printable(text, most); };
  return read_ionq(SortedJsonField(input, std::move(source)), qubits, limits);
}

}  // namespace qmtl
