// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/ansatz/by_hand.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/circuit/qasm/reader.h"

namespace qmtl {
namespace {

/// Without observables of its own a block of the specification is one of the circuit, and ends with its
/// gates.
Assembly gates_alone(AnsatzSpec spec) {
  spec.observables.clear();
  spec.readout = ReadoutKind::first;
  spec.strings.clear();
  for (BlockSpec& block : spec.blocks) block.observables.clear();
  return assemble(spec);
}

/// `first`: the part's first trainable number.
PartByHand part_of(const Circuit& circuit, const std::vector<Op>& ops, const std::vector<int>& reg, int first,
                   int end) {
  const auto position = [&](int qubit) {
    return static_cast<int>(std::find(reg.begin(), reg.end(), qubit) - reg.begin());
  };
  PartByHand part;
  part.qubits = static_cast<int>(reg.size());
  part.inputs = circuit.function_inputs();
  part.trained = end - first;
  for (const Op& op : ops) {
    GateUse use{op.gate, {position(op.q0)}, {}};
    if (op.q1 >= 0) use.qubits.push_back(position(op.q1));
    if (is_rotation(op.gate)) {
      Expression angle = turn_of(circuit, op);
      for (Monomial& term : angle.terms)
        if (term.param >= 0) term.param -= first;
      use.angles.push_back(std::move(angle));
    }
    part.gates.push_back(std::move(use));
  }
  return part;
}

}  // namespace

PartByHand stage_by_hand(const AnsatzSpec& spec) {
  const Assembly made = gates_alone(spec);
  std::vector<int> all;
  for (int q = 0; q < spec.qubits; ++q) all.push_back(q);
  return part_of(made.circuit, made.circuit.shared, all, 0, made.layout.shared);
}

PartByHand block_by_hand(const AnsatzSpec& spec, std::size_t block) {
  const Assembly made = gates_alone(spec);
  const Block& gates = made.circuit.blocks[static_cast<std::size_t>(made.first_block[block])];
  return part_of(made.circuit, gates.ops, gates.qubits, made.layout.block_begin[block],
                 made.layout.block_begin[block + 1]);
}

std::vector<std::string> observables_by_hand(const AnsatzSpec& spec, std::size_t block) {
  if (!spec.blocks.empty() && !spec.blocks[block].observables.empty()) return spec.blocks[block].observables;
  if (!spec.observables.empty()) return spec.observables;
  // The short forms read Z alone, so that the block is one of the circuit.
  const Assembly made = assemble(spec);
  const Block& measured = made.circuit.blocks[static_cast<std::size_t>(made.first_block[block])];
  std::vector<std::string> texts;
  for (const Readout& output : measured.outputs) {
    std::string text;
    for (const ZString& string : output.strings) {
      text += text.empty() ? "" : " + ";
      text += string.weight_param >= 0 ? "w" : shortest(string.weight);
      for (int qubit : string.qubits) {
        const auto place = std::find(measured.qubits.begin(), measured.qubits.end(), qubit);
        text += " Z" + std::to_string(place - measured.qubits.begin());
      }
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

std::string write_qasm_program(const PartByHand& part) {
  std::string text = "OPENQASM 3.0;\ninclude \"stdgates.inc\";\n";
  for (int i = 0; i < part.inputs; ++i) text += "input float[64] z" + std::to_string(i) + ";\n";
  for (int i = 0; i < part.trained; ++i) text += "input float[64] w" + std::to_string(i) + ";\n";
  text += "qubit[" + std::to_string(part.qubits) + "] q;\n";
  return text + write_qasm_gates(part.gates, false);
}

}  // namespace qmtl
