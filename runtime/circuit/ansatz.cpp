// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/ansatz.h"

#include <algorithm>

#include "runtime/circuit/ansatz_check.h"

namespace qmtl {
namespace {

std::vector<int> register_of(const AnsatzSpec& spec, std::size_t block) {
  if (!spec.registers.empty()) return spec.registers[block];
  const bool global = spec.placement == Placement::global;
  const int size = global ? spec.qubits : spec.register_size;
  const long long start = global ? 0 : static_cast<long long>(block) * spec.stride;
  std::vector<int> qubits;
  for (int i = 0; i < size; ++i) qubits.push_back(static_cast<int>((start + i) % spec.qubits));
  return qubits;
}

/// Appends one layer's rotations, each on every qubit in turn, with new parameters from `next_param` on.
void rotate(std::vector<Op>& ops, const std::vector<Gate>& rotations, const std::vector<int>& qubits,
            int& next_param) {
  for (Gate rotation : rotations)
    for (int qubit : qubits) ops.push_back({rotation, qubit, -1, Source::param, next_param++});
}

void append(std::vector<Op>& ops, const std::vector<Op>& more) {
  ops.insert(ops.end(), more.begin(), more.end());
}

std::vector<Op> shared_stage(const AnsatzSpec& spec, int& next_param) {
  std::vector<int> qubits;
  for (int q = 0; q < spec.qubits; ++q) qubits.push_back(q);
  std::vector<Op> ops;
  int upload = 0;
  const auto upload_before = [&](int layer) {
    for (; upload < spec.uploads && static_cast<long long>(upload) * spec.layers / spec.uploads <= layer;
         ++upload)
      for (int q : qubits)
        ops.push_back(
            {spec.upload, q, -1, Source::angle, spec.repeat_uploads ? q : q + upload * spec.qubits});
  };
  for (int layer = 0; layer < spec.layers; ++layer) {
    upload_before(layer);
    rotate(ops, spec.rotations, qubits, next_param);
    append(ops, entangle(spec.entangler, qubits, layer));
  }
  upload_before(spec.layers);  // without layers all uploads follow each other
  return ops;
}

std::vector<Op> block_stage(const AnsatzSpec& spec, const std::vector<int>& qubits, int& next_param) {
  std::vector<Op> ops;
  for (int layer = 0; layer < spec.block_layers; ++layer) {
    const std::vector<Op> entanglers = entangle(spec.block_entangler, qubits, layer);
    if (spec.block_order == BlockOrder::er) append(ops, entanglers);
    rotate(ops, spec.block_rotations, qubits, next_param);
    if (spec.block_order == BlockOrder::re) append(ops, entanglers);
  }
  return ops;
}

/// The readout before rotation: positions inside a register of `size` qubits, one list per Z-string.
std::vector<std::vector<int>> readout_positions(const AnsatzSpec& spec, int size) {
  if (spec.readout == ReadoutKind::strings) return spec.strings;
  std::vector<std::vector<int>> positions;
  const int count = spec.readout == ReadoutKind::first ? 1 : size;
  for (int i = 0; i < count; ++i) positions.push_back({i});
  return positions;
}

Readout readout(const AnsatzSpec& spec, const std::vector<int>& qubits, int output, int& next_param) {
  const auto positions = readout_positions(spec, static_cast<int>(qubits.size()));
  Readout result;
  for (const std::vector<int>& list : positions) {
    ZString string;
    for (int position : list)
      string.qubits.push_back(
          qubits[(static_cast<std::size_t>(position) + static_cast<std::size_t>(output)) % qubits.size()]);
    std::sort(string.qubits.begin(), string.qubits.end());
    string.weight = 1.0 / static_cast<double>(positions.size());
    if (spec.readout == ReadoutKind::weights) {
      string.weight = 1.0;
      string.weight_param = next_param++;
    }
    result.strings.push_back(std::move(string));
  }
  return result;
}

std::string layer_name(const std::string& part, int layer, const Op& op) {
  return part + ".l" + std::to_string(layer) + "." + std::string(info(op.gate).name) + ".q" +
         std::to_string(op.q0);
}

/// Appends the names of the parameters of `ops`, which hold `per_layer` of them a layer.
void name_params(std::vector<std::string>& names, const std::string& part, const std::vector<Op>& ops,
                 std::size_t per_layer) {
  std::size_t count = 0;
  for (const Op& op : ops)
    if (op.source == Source::param)
      names.push_back(layer_name(part, static_cast<int>(count++ / per_layer), op));
}

}  // namespace

Circuit build(const AnsatzSpec& spec) {
  check(spec);
  Circuit circuit;
  circuit.qubits = spec.qubits;
  circuit.angles = spec.angles();
  circuit.shared = shared_stage(spec, circuit.params);
  for (std::size_t b = 0; b < spec.block_outputs.size(); ++b) {
    Block block;
    block.qubits = register_of(spec, b);
    block.ops = block_stage(spec, block.qubits, circuit.params);
    circuit.blocks.push_back(std::move(block));
  }
  for (std::size_t b = 0; b < spec.block_outputs.size(); ++b)
    for (int output = 0; output < spec.block_outputs[b]; ++output) {
      Block& block = circuit.blocks[b];
      block.outputs.push_back(readout(spec, block.qubits, output, circuit.params));
    }
  return circuit;
}

ParamLayout layout(const AnsatzSpec& spec) {
  const Circuit circuit = build(spec);
  ParamLayout result;
  name_params(result.names, "shared", circuit.shared,
              spec.rotations.size() * static_cast<std::size_t>(spec.qubits));
  result.shared = static_cast<int>(result.names.size());
  result.block_begin.push_back(result.shared);
  for (std::size_t b = 0; b < circuit.blocks.size(); ++b) {
    const Block& block = circuit.blocks[b];
    name_params(result.names, "block" + std::to_string(b), block.ops,
                spec.block_rotations.size() * block.qubits.size());
    result.block_begin.push_back(static_cast<int>(result.names.size()));
  }
  result.weights_begin = static_cast<int>(result.names.size());
  for (std::size_t b = 0; b < circuit.blocks.size(); ++b)
    for (std::size_t output = 0; output < circuit.blocks[b].outputs.size(); ++output)
      for (const ZString& string : circuit.blocks[b].outputs[output].strings)
        if (string.weight_param >= 0)
          result.names.push_back("block" + std::to_string(b) + ".out" + std::to_string(output) + ".weight.q" +
                                 std::to_string(string.qubits.front()));
  result.total = static_cast<int>(result.names.size());
  return result;
}

}  // namespace qmtl
