// SPDX-License-Identifier: Apache-2.0
#include "hardware/formats/ionq.h"

#include <algorithm>
#include <cmath>

#include "hardware/transpile/one_qubit.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

constexpr double whole_turn = 4 * half_pi;

/// What every one-qubit gate is written in before it gets its phase.
constexpr std::array<DeviceGate, 3> native_pulses{
    device_gate_by_name("rz").value(), device_gate_by_name("sx").value(), device_gate_by_name("x").value()};

void append_qis(Json& list, const DeviceOp& op) {
  const auto qubit = [&](int number) { return number == 0 ? op.q0 : op.q1; };
  for (const IonqPart& part : info(op.gate).ionq) {
    Json gate{{"gate", part.name}};
    if (part.control >= 0) gate["control"] = qubit(part.control);
    gate["target"] = qubit(part.target);
    if (part.turns) gate["rotation"] = op.angle.constant;
    list.push_back(std::move(gate));
  }
}

/// Gates of one qubit wait until one of two meets them, so that they are two pulses at most.
class NativeWriter {
 public:
  NativeWriter(const DeviceProgram& program, IonqGates gates)
      : program_(program), gates_(gates), qubits_(static_cast<std::size_t>(program.qubits)) {}

  Json write() {
    for (const DeviceOp& op : program_.ops) {
      if (op.q1 < 0)
        at(op.q0).run.append(op);
      else if (is_pair_rotation(op.gate))
        rotate_pair(op);
      else
        throw usage_error("program " + program_.name + ": expected gates of one qubit and rzz, found " +
                          std::string(info(op.gate).name) +
                          "; IonQ's native gates need a program that is transpiled for them");
    }
    for (int qubit : program_.measured) flush(qubit);
    return std::move(list_);
  }

 private:
  struct Qubit {
    OneQubitRun run;
    double frame = 0;  ///< RZ by it is still to be done
  };

  Qubit& at(int qubit) { return qubits_[static_cast<std::size_t>(qubit)]; }

  /// A rotation about an axis in the plane after RZ(f) is RZ(f) after the rotation about the axis at -f.
  double phase(int qubit, double shift = 0) {
    return std::remainder(shift - at(qubit).frame, whole_turn) / whole_turn;
  }

  void flush(int qubit) {
    static const BasisSet basis(native_pulses);
    Qubit& here = at(qubit);
    const PulseTrain train = pulses(here.run, basis);
    here.run = {};
    for (std::size_t i = 0; i < train.turns.size(); ++i) {
      here.frame += train.turns[i].constant;
      if (i == train.gates.size()) break;
      const bool whole = is_own_inverse(train.gates[i].gate);
      list_.push_back({{"gate", whole ? "gpi" : "gpi2"}, {"target", qubit}, {"phase", phase(qubit)}});
    }
  }

  void turn(const DeviceOp& pair, std::string_view axis, double angle) {
    for (int qubit : {pair.q0, pair.q1})
      at(qubit).run.append(DeviceOp{device_rotation(axis), qubit, -1, {angle, {}}});
  }

  void rotate_pair(const DeviceOp& op) {
    double angle = std::remainder(op.angle.constant, whole_turn);
    // RZZ(t + pi) = RZZ(t) Z Z
    if (std::abs(angle) > half_pi) {
      angle -= std::copysign(2 * half_pi, angle);
      turn(op, "Z", 2 * half_pi);
    }
    const Json targets{op.q0, op.q1};
    if (gates_ == IonqGates::ms) turn(op, "Y", half_pi);
    for (int qubit : {op.q0, op.q1}) flush(qubit);
    if (gates_ == IonqGates::zz) {
      list_.push_back({{"gate", "zz"}, {"targets", targets}, {"angle", angle / whole_turn}});
      return;
    }
    // Angles are 0 .. 1/4 turn; half a turn of one phase turns the sign round.
    const double first = phase(op.q0, angle < 0 ? 2 * half_pi : 0);
    list_.push_back({{"gate", "ms"},
                     {"targets", targets},
                     {"phases", {first, phase(op.q1)}},
                     {"angle", std::abs(angle) / whole_turn}});
    turn(op, "Y", -half_pi);
  }

  const DeviceProgram& program_;
  const IonqGates gates_;
  std::vector<Qubit> qubits_;
  Json list_ = Json::array();
};

std::string_view gateset(IonqGates gates) { return ionq_gates[static_cast<std::size_t>(gates)].gateset; }

}  // namespace

DeviceTarget ionq_target(IonqGates gates) {
  DeviceTarget target;
  if (gates == IonqGates::qis) return target;
  target.basis.assign(native_pulses.begin(), native_pulses.end());
  target.basis.push_back(device_rotation("ZZ"));
  target.any_pair_angle = true;
  return target;
}

nlohmann::ordered_json ionq_circuit(const DeviceProgram& program, IonqGates gates) {
  if (!program.inputs.empty())
    throw usage_error("program " + program.name +
                      ": IonQ's circuits have no inputs: expected a bound program");
  if (!program.delays.empty())
    throw usage_error("program " + program.name +
                      ": IonQ's circuits have no delays: expected a program without dynamical decoupling");
  if (gates != IonqGates::qis) return NativeWriter(program, gates).write();
  auto list = nlohmann::ordered_json::array();
  for (const DeviceOp& op : program.ops) append_qis(list, op);
  return list;
}

int ionq_width(const DeviceProgram& program) {
  if (!program.physical) return program.qubits;
  int last = 0;
  for (int qubit : program.measured) last = std::max(last, qubit);
  for (const DeviceOp& op : program.ops) last = std::max({last, op.q0, op.q1});
  return last + 1;
}

nlohmann::ordered_json ionq_inputs(std::span<const DeviceProgram> programs, IonqGates gates) {
  int qubits = 0;
  auto circuits = nlohmann::ordered_json::array();
  for (const DeviceProgram& program : programs) {
    const int width = ionq_width(program);
    qubits = std::max(qubits, width);
    circuits.push_back(
        {{"name", program.name}, {"qubits", width}, {"circuit", ionq_circuit(program, gates)}});
  }
  return {{"qubits", qubits}, {"gateset", gateset(gates)}, {"circuits", circuits}};
}

nlohmann::ordered_json ionq_input(const DeviceProgram& program, IonqGates gates) {
  return {{"qubits", ionq_width(program)},
          {"gateset", gateset(gates)},
          {"circuit", ionq_circuit(program, gates)}};
}

}  // namespace qmtl
