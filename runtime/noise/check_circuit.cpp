// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "runtime/base/error.h"
#include "runtime/noise/noisy.h"

namespace qmtl {
namespace {

void check_range(const std::string& where, const std::string& what, int value, int count) {
  if (value < 0 || value >= count)
    throw usage_error(where + ": expected " + what + " from 0 to " + std::to_string(count - 1) + ", found " +
                      std::to_string(value));
}

void check_ops(const Circuit& circuit, const std::vector<Op>& ops, const std::string& stage) {
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const Op& op = ops[i];
    const std::string where =
        stage + ", operation " + std::to_string(i) + " (" + std::string(info(op.gate).name) + ")";
    if (!is_elementary(op.gate))
      throw usage_error(where + ": expected the elementary gates that it is made of (CircuitWriter)");
    check_range(where, "a qubit", op.q0, circuit.qubits);
    if (info(op.gate).arity == 2) {
      check_range(where, "a second qubit", op.q1, circuit.qubits);
      if (op.q0 == op.q1)
        throw usage_error(where + ": expected two different qubits, found " + std::to_string(op.q0) +
                          " twice");
    } else if (op.q1 >= 0) {
      throw usage_error(where + ": expected one qubit, found two");
    }
    if (op.source == Source::angle) check_range(where, "an angle", op.index, circuit.angles);
    if (op.source == Source::param) check_range(where, "a parameter", op.index, circuit.params);
    if (!is_rotation(op.gate) && op.source != Source::none)
      throw usage_error(where + ": expected no angle or parameter for a fixed gate");
  }
}

}  // namespace

void check_circuit(const Circuit& circuit) {
  if (circuit.qubits < 1)
    throw usage_error("circuit: expected at least one qubit, found " + std::to_string(circuit.qubits));
  if (circuit.blocks.empty())
    throw usage_error("circuit: expected at least one block to measure, found none");
  check_ops(circuit, circuit.shared, "shared stage");
  for (std::size_t b = 0; b < circuit.blocks.size(); ++b) {
    const Block& block = circuit.blocks[b];
    const std::string where = "block " + std::to_string(b);
    check_ops(circuit, block.ops, where);
    if (block.qubits.empty()) throw usage_error(where + ": expected qubits to measure, found none");
    std::vector<int> sorted = block.qubits;
    std::sort(sorted.begin(), sorted.end());
    for (int qubit : sorted) check_range(where + ", register", "a qubit", qubit, circuit.qubits);
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
      throw usage_error(where + ", register: expected each qubit once");
    for (const Readout& readout : block.outputs)
      for (const ZString& string : readout.strings) {
        for (int qubit : string.qubits)
          if (!std::binary_search(sorted.begin(), sorted.end(), qubit))
            throw usage_error(where + ": a readout measures qubit " + std::to_string(qubit) +
                              ", which is not in its register");
        if (string.weight_param >= 0)
          check_range(where + ", readout weight", "a parameter", string.weight_param, circuit.params);
      }
  }
}

}  // namespace qmtl
