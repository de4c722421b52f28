// SPDX-License-Identifier: Apache-2.0
#include "hardware/device_circuit.h"

#include <algorithm>
#include <numbers>

#include "runtime/noise/schedule.h"

namespace qmtl {
namespace {

constexpr double pi = std::numbers::pi;

bool has_noise(const NoiseModel& noise, Gate gate) {
  return std::any_of(noise.gates.begin(), noise.gates.end(), [gate](const GateNoise& entry) {
    return entry.gate == gate && !entry.channels.empty();
  });
}

template <class Which>
bool holds(const DeviceProgram& program, Which which) {
  return std::any_of(program.ops.begin(), program.ops.end(),
                     [&](const DeviceOp& op) { return which(op.gate); });
}

/// The elementary gate of that name.
Gate circuit_gate(DeviceGate gate) { return gate_by_name(info(gate).name).value(); }

/// Writes a program's gates as operations of a circuit.
class DeviceCircuitWriter {
 public:
  DeviceCircuitWriter(DeviceCircuit& made, Gate two_qubit_noise) : made_(made), noisy_(two_qubit_noise) {}

  void write(const DeviceOp& op) {
    const DeviceGateInfo& row = info(op.gate);
    if (row.qubits == 1)
      rotate(circuit_gate(device_rotation(row.axes)), op.q0, turn_of(op));
    else if (row.angle)
      rzz(op);
    else
      two(circuit_gate(op.gate), op.q0, op.q1, false);
  }

 private:
  void rotate(Gate gate, int qubit, const AngleSum& angle, bool silent = false) {
    Op op{gate, qubit, -1, Source::param, 0, silent};
    if (angle.bound()) {
      op.index = made_.circuit.params++;
      made_.constants.push_back(angle.constant);
    } else {
      op.source = Source::angle;
      op.index = made_.circuit.angles++;
      made_.sums.push_back(angle);
    }
    made_.circuit.shared.push_back(op);
  }
  void two(Gate gate, int q0, int q1, bool silent) {
    made_.circuit.shared.push_back({gate, q0, q1, Source::none, -1, silent});
  }

  /// cx rz cx without noise but for the last gate's. Where that is to be cz's, a cz is the end, and the rest
  /// is turned by its inverse: cz = rzz(-pi/2) rz(pi/2) rz(pi/2) but for a phase.
  void rzz(const DeviceOp& op) {
    const bool as_cz = is_diagonal(noisy_);
    const Gate cx = controlled_gate('X'), rz = rotation_about("Z");
    AngleSum angle = op.angle;
    if (as_cz) angle.constant += pi / 2;
    two(cx, op.q0, op.q1, true);
    rotate(rz, op.q1, angle, true);
    two(cx, op.q0, op.q1, as_cz);
    if (!as_cz) return;
    for (int qubit : {op.q0, op.q1}) rotate(rz, qubit, {-pi / 2, {}}, true);
    two(noisy_, op.q0, op.q1, false);
  }

  DeviceCircuit& made_;
  Gate noisy_;
};

/// When each qubit is free, and the turns that it does until then.
class IdleClock {
 public:
  IdleClock(DeviceCircuit& made, const NoiseTable& noise, int qubits)
      : made_(made),
        noise_(noise),
        free_(static_cast<std::size_t>(qubits), 0.0),
        touched_(static_cast<std::size_t>(qubits), false) {}

  /// The operation's qubits wait for each other, and then it takes its time.
  void before(const DeviceOp& op) {
    const double start = op.q1 < 0 ? free_at(op.q0) : std::max(free_at(op.q0), free_at(op.q1));
    for (int qubit : {op.q0, op.q1}) {
      if (qubit < 0) continue;
      wait_until(qubit, start);
      free_at(qubit) = start + device_seconds(op, noise_);
      touched_[static_cast<std::size_t>(qubit)] = true;
    }
  }
  void delay(const Delay& delay) { wait_until(delay.qubit, free_at(delay.qubit) + delay.seconds); }
  void readings(std::span<const int> measured) {
    double end = 0;
    for (int qubit : measured) end = std::max(end, free_at(qubit));
    for (int qubit : measured) wait_until(qubit, end);
  }

 private:
  double& free_at(int qubit) { return free_[static_cast<std::size_t>(qubit)]; }
  /// A qubit that no gate has touched is in |0>, which no turn about Z changes.
  void wait_until(int qubit, double time) {
    double& free = free_at(qubit);
    const double seconds = time - free;
    if (touched_[static_cast<std::size_t>(qubit)] && seconds > 0 && noise_.idle(qubit) != IdleNoise{}) {
      made_.idle.push_back({made_.constants.size(), qubit, seconds});
      made_.constants.push_back(0.0);
      made_.circuit.shared.push_back(
          {rotation_about("Z"), qubit, -1, Source::param, made_.circuit.params++, true});
    }
    free = time;
  }

  DeviceCircuit& made_;
  const NoiseTable& noise_;
  std::vector<double> free_;   ///< seconds
  std::vector<bool> touched_;  ///< by a gate
};

}  // namespace

DeviceCircuit::DeviceCircuit(const DeviceProgram& program, const NoiseModel& noise) {
  circuit.qubits = program.qubits;
  const Gate cx = controlled_gate('X'), cz = controlled_gate('Z');
  DeviceCircuitWriter writer(*this, has_noise(noise, cz) ? cz : cx);
  if (has_idle_noise(noise)) {
    const NoiseTable table = gate_lengths(program, noise);
    IdleClock clock(*this, table, program.qubits);
    auto delay = program.delays.begin();
    for (std::size_t i = 0; i < program.ops.size(); ++i) {
      for (; delay != program.delays.end() && delay->before <= i; ++delay) clock.delay(*delay);
      clock.before(program.ops[i]);
      writer.write(program.ops[i]);
    }
    for (; delay != program.delays.end(); ++delay) clock.delay(*delay);
    clock.readings(program.measured);
  } else {
    for (const DeviceOp& op : program.ops) writer.write(op);
  }
  circuit.blocks.push_back({program.measured, {}, {}});
  cone = program.measured;
  for (const Timed& entry :
       backward_cone(schedule(circuit.shared, circuit.qubits), circuit.qubits, program.measured))
    for (int qubit : {entry.op.q0, entry.op.q1})
      if (qubit >= 0 && std::find(cone.begin(), cone.end(), qubit) == cone.end()) cone.push_back(qubit);
}

std::vector<double> DeviceCircuit::constants_at(std::span<const double> offsets) const {
  std::vector<double> turned = constants;
  for (const IdleTurn& turn : idle)
    turned[turn.constant] = 2 * pi * offsets[static_cast<std::size_t>(turn.qubit)] * turn.seconds;
  return turned;
}

double device_seconds(const DeviceOp& op, const NoiseTable& lengths) {
  if (!takes_time(op.gate)) return 0.0;
  const DeviceGateInfo& row = info(op.gate);
  const auto seconds = [&](Gate gate) { return lengths.seconds(gate, op.q0, op.q1); };
  if (row.qubits == 1) return seconds(circuit_gate(device_rotation(row.axes)));
  if (row.angle) return std::max(seconds(controlled_gate('Z')), seconds(controlled_gate('X')));
  return seconds(circuit_gate(op.gate));
}

std::vector<double> DeviceCircuit::angles(const Sweep& sweep) const {
  std::vector<double> all;
  all.reserve(sweep.rows * sums.size());
  for (std::size_t row = 0; row < sweep.rows; ++row)
    for (const AngleSum& sum : sums) all.push_back(value(sum, sweep.row(row)));
  return all;
}

namespace {

/// The model with the noise of the two-qubit gate that it knows for the other too.
NoiseModel with_both_pairs(NoiseModel noise) {
  const Gate cx = controlled_gate('X'), cz = controlled_gate('Z');
  for (const auto& [known, other] : {std::pair{cz, cx}, {cx, cz}}) {
    if (!has_noise(noise, known) || has_noise(noise, other)) continue;
    std::erase_if(noise.gates, [other = other](const GateNoise& entry) { return entry.gate == other; });
    for (std::size_t i = 0, entries = noise.gates.size(); i < entries; ++i) {
      if (noise.gates[i].gate != known) continue;
      noise.gates.push_back(noise.gates[i]);
      noise.gates.back().gate = other;
    }
    break;
  }
  return noise;
}

}  // namespace

NoiseModel noise_for(const DeviceProgram& program, const NoiseModel& model) {
  const NoiseModel noise = with_both_pairs(model);
  const bool pulses = holds(program, is_pulse), rzz = holds(program, is_pair_rotation);
  const Gate pulsed = rotation_about("X");
  const auto same = [](Gate gate) { return [gate](DeviceGate other) { return other == device_gate(gate); }; };
  const auto used = [&](Gate gate) {
    return holds(program, same(gate)) || (pulses && gate == pulsed) || (rzz && info(gate).arity == 2);
  };
  NoiseModel kept = noise;
  std::erase_if(kept.gates, [&](const GateNoise& entry) {
    // An entry of particular qubits without channels stays: it stands before the gate's general one.
    return !used(entry.gate) || !has_noise(noise, entry.gate);
  });
  if (!pulses || holds(program, same(pulsed))) return kept;
  for (GateNoise& entry : kept.gates) {
    if (entry.gate != pulsed) continue;
    entry.channels.resize(entry.channels.size() / static_cast<std::size_t>(entry.pulses));
    entry.seconds /= entry.pulses;
    entry.pulses = 1;
  }
  return kept;
}

NoiseTable gate_lengths(const DeviceProgram& program, const NoiseModel& model) {
  NoiseModel lengths;
  lengths.idle = model.idle;
  lengths.idle_of = model.idle_of;
  const Gate pulsed = rotation_about("X"), cx = controlled_gate('X'), cz = controlled_gate('Z');
  const bool one_pulse = holds(program, is_pulse) &&
                         !holds(program, [&](DeviceGate gate) { return gate == device_gate(pulsed); });
  const auto known = [&](Gate gate) {
    return std::any_of(model.gates.begin(), model.gates.end(),
                       [&](const GateNoise& entry) { return entry.gate == gate && entry.seconds > 0; });
  };
  const bool as_cz = !known(cx), as_cx = !known(cz);
  for (const GateNoise& entry : model.gates) {
    const double seconds = entry.gate == pulsed && one_pulse ? entry.seconds / entry.pulses : entry.seconds;
    const auto add = [&](Gate gate) { lengths.gates.push_back({gate, entry.qubits, {}, 1, seconds}); };
    // A device has one two-qubit gate of its own.
    if (entry.gate == cx || entry.gate == cz) {
      if (!known(entry.gate)) continue;
      if ((entry.gate == cz && as_cz) || (entry.gate == cx && as_cx)) add(entry.gate == cz ? cx : cz);
    }
    add(entry.gate);
  }
  return NoiseTable(std::move(lengths));
}

}  // namespace qmtl
