// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/pauli/pauli.h"

#include <algorithm>

#include "runtime/circuit/cones/cones.h"
#include "runtime/circuit/cones/too_deep.h"
#include "runtime/circuit/pauli/propagation.h"

namespace qmtl {
namespace {

constexpr int mask_qubits = PauliPropagation::most_qubits;

std::uint64_t bit(int qubit) { return qubit < 0 ? 0 : std::uint64_t{1} << qubit; }

/// The gates of a list in order; a rotation joins one about the same axis if no gate came between them.
void append_steps(const Cone& cone, const std::vector<Op>& ops, std::vector<PauliStep>& steps) {
  std::vector<int> last(static_cast<std::size_t>(cone.circuit.qubits), -1);
  for (const Op& op : ops) {
    const auto q0 = static_cast<std::size_t>(op.q0);
    if (!is_rotation(op.gate) || last[q0] < 0 || steps[static_cast<std::size_t>(last[q0])].gate != op.gate) {
      last[q0] = static_cast<int>(steps.size());
      if (op.q1 >= 0) last[static_cast<std::size_t>(op.q1)] = last[q0];
      steps.push_back({op.gate, bit(op.q0), bit(op.q1), {}});
    }
    if (!is_rotation(op.gate)) continue;
    const auto index = static_cast<std::size_t>(op.index);
    PauliAngle& angle = steps[static_cast<std::size_t>(last[q0])].angle;
    if (op.source == Source::none)
      angle.constant += op.angle;
    else if (op.source == Source::angle)
      angle.angles.push_back(cone.angles[index]);
    else
      angle.params.push_back(cone.params[index]);
  }
}

/// The strings of a readout, or of its square, with the numbers of the whole circuit's parameters.
std::vector<PauliStart> start(const Cone& cone, const Readout& readout, bool square) {
  const auto weight_of = [&](const ZString& s) {
    return s.weight_param < 0 ? -1 : cone.params[static_cast<std::size_t>(s.weight_param)];
  };
  const auto mask = [](const ZString& s) {
    std::uint64_t z = 0;
    for (int q : s.qubits) z ^= bit(q);
    return z;
  };
  std::vector<PauliStart> strings;
  for (const ZString& s : readout.strings) {
    const int first = weight_of(s);
    const double weight = first < 0 ? s.weight : 1.0;
    if (!square) {
      strings.push_back({mask(s), weight, first, -1});
      continue;
    }
    for (const ZString& t : readout.strings) {
      const int second = weight_of(t);
      strings.push_back({mask(s) ^ mask(t), second < 0 ? weight * t.weight : weight, first, second});
    }
  }
  return strings;
}

/// The outputs of one of a cone's blocks; `first_output` is the cone's.
bool add(PauliPropagation& builder, const Cone& cone, int block, int first_output, std::size_t shift,
         bool second_moments) {
  if (cone.circuit.qubits > mask_qubits) return false;
  std::vector<PauliStep> steps;
  append_steps(cone, cone.circuit.shared, steps);
  const Block& source = cone.circuit.blocks[static_cast<std::size_t>(block)];
  append_steps(cone, source.ops, steps);
  for (std::size_t o = 0; o < source.outputs.size(); ++o) {
    const auto value = static_cast<std::size_t>(cone.outputs[static_cast<std::size_t>(first_output) + o]);
    if (!builder.add(value, start(cone, source.outputs[o], false), steps)) return false;
    if (second_moments && !builder.add(value + shift, start(cone, source.outputs[o], true), steps))
      return false;
  }
  return true;
}

/// The cone of one output of a block on its own, with the numbers of the whole circuit's angles and params.
Cone output_cone(const Circuit& circuit, int block, int output, int number) {
  Cone own = restrict_blocks(circuit, block, block + 1);
  std::vector<Readout>& outputs = own.circuit.blocks.front().outputs;
  outputs = {outputs[static_cast<std::size_t>(output)]};
  Cone cone = cone_of(own.circuit, {0});
  for (int& angle : cone.angles) angle = own.angles[static_cast<std::size_t>(angle)];
  for (int& param : cone.params) param = own.params[static_cast<std::size_t>(param)];
  cone.outputs = {number};
  return cone;
}

}  // namespace

std::optional<PauliExpansion> expand_pauli(const Circuit& circuit, bool second_moments, std::size_t limit) {
  if (known_too_deep(circuit, second_moments, limit)) return std::nullopt;
  const auto outputs = static_cast<std::size_t>(circuit.outputs());
  PauliPropagation builder(second_moments ? 2 * outputs : outputs, limit);
  for (const std::vector<int>& blocks : blocks_by_register(circuit)) {
    const Cone cone = cone_of(circuit, blocks);
    int first_output = 0;
    for (std::size_t b = 0; b < cone.circuit.blocks.size(); ++b) {
      const auto count = static_cast<int>(cone.circuit.blocks[b].outputs.size());
      bool fits = true;
      if (cone.circuit.qubits <= mask_qubits)
        fits = add(builder, cone, static_cast<int>(b), first_output, outputs, second_moments);
      else  // outputs of a wide block may see a few of its qubits each
        for (int o = 0; o < count && fits; ++o) {
          const int number = cone.outputs[static_cast<std::size_t>(first_output + o)];
          fits = add(builder, output_cone(circuit, blocks[b], o, number), 0, 0, outputs, second_moments);
        }
      if (!fits) {
        if (builder.worked_hard()) remember_too_deep(circuit, second_moments, limit);
        return std::nullopt;
      }
      first_output += count;
    }
  }
  return std::move(builder).finish();
}

}  // namespace qmtl
