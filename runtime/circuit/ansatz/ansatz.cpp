// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/ansatz/ansatz.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "runtime/base/error.h"
#include "runtime/circuit/ansatz/ansatz_check.h"
#include "runtime/circuit/ansatz/presets.h"
#include "runtime/circuit/observable.h"
#include "runtime/circuit/writer.h"

namespace qmtl {
namespace {

std::vector<int> all_qubits(int count) {
  std::vector<int> qubits(static_cast<std::size_t>(count));
  std::iota(qubits.begin(), qubits.end(), 0);
  return qubits;
}

/// The readout of the short form before rotation: positions inside a register of `size` qubits, one list per
/// Z-string.
std::vector<std::vector<int>> readout_positions(const AnsatzSpec& spec, int size) {
  if (spec.readout == ReadoutKind::strings) return spec.strings;
  std::vector<std::vector<int>> positions;
  const int count = spec.readout == ReadoutKind::first ? 1 : size;
  for (int i = 0; i < count; ++i) positions.push_back({i});
  return positions;
}

/// The same for output number `output` of a block, rotated along the register.
std::vector<PauliTerm> short_readout(const AnsatzSpec& spec, int size, int output) {
  const auto lists = readout_positions(spec, size);
  std::vector<PauliTerm> terms;
  for (const std::vector<int>& list : lists) {
    PauliTerm term;
    for (int position : list) term.positions.push_back((position + output) % size);
    term.paulis.assign(list.size(), 'Z');
    term.weight = 1.0 / static_cast<double>(lists.size());
    term.trained = spec.readout == ReadoutKind::weights;
    terms.push_back(std::move(term));
  }
  return terms;
}

class Assembler {
 public:
  explicit Assembler(const AnsatzSpec& spec) : spec_(spec), writer_(made_.circuit) {
    made_.circuit.qubits = spec.qubits;
  }

  Assembly run() && {
    Circuit& circuit = made_.circuit;
    if (const auto stage = stage_layers(spec_); stage.empty() && spec_.preset.empty())
      short_stage();
    else
      write_layers(stage, "circuit.layer", "shared", all_qubits(spec_.qubits), writer_, circuit.shared,
                   numbers_);
    made_.layout.shared = trained();
    std::vector<Block> blocks;
    for (std::size_t b = 0; b < spec_.block_outputs.size(); ++b) {
      made_.layout.block_begin.push_back(trained());
      blocks.push_back(gates_of_block(b));
    }
    made_.layout.block_begin.push_back(trained());
    made_.layout.weights_begin = trained();
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      made_.first_block.push_back(static_cast<int>(circuit.blocks.size()));
      measure(b, blocks[b]);
    }
    made_.first_block.push_back(static_cast<int>(circuit.blocks.size()));
    number_outputs();
    made_.layout.total = trained();
    made_.layout.trained = std::move(numbers_.trained);
    writer_.finish(numbers_.inputs, made_.layout.total);
    return std::move(made_);
  }

 private:
  int trained() const { return static_cast<int>(numbers_.trained.size()); }

  void rotate(std::vector<Op>& ops, const std::vector<Gate>& rotations, const std::vector<int>& qubits,
              const std::string& part, int layer) {
    for (Gate rotation : rotations)
      for (int qubit : qubits) {
        const int number = trained();
        numbers_.trained.push_back({part + ".l" + std::to_string(layer) + "." +
                                        std::string(info(rotation).name) + ".q" + std::to_string(qubit),
                                    TrainedRole::angle, rotation});
        writer_.rotate_by_trained(ops, rotation, qubit, number);
      }
  }

  static void append(std::vector<Op>& ops, const std::vector<Op>& more) {
    ops.insert(ops.end(), more.begin(), more.end());
  }

  void short_stage() {
    const std::vector<int> qubits = all_qubits(spec_.qubits);
    std::vector<Op>& ops = made_.circuit.shared;
    int upload = 0;
    const auto upload_before = [&](int layer) {
      for (; upload < spec_.uploads && static_cast<long long>(upload) * spec_.layers / spec_.uploads <= layer;
           ++upload)
        for (int q : qubits) {
          const int input = spec_.repeat_uploads ? q : q + upload * spec_.qubits;
          writer_.rotate_by_input(ops, spec_.upload, q, input);
          numbers_.inputs = std::max(numbers_.inputs, input + 1);
        }
    };
    for (int layer = 0; layer < spec_.layers; ++layer) {
      upload_before(layer);
      rotate(ops, spec_.rotations, qubits, "shared", layer);
      append(ops, entangle(spec_.entangler, qubits, layer));
    }
    upload_before(spec_.layers);  // without layers all uploads follow each other
    numbers_.next_input = numbers_.inputs;
  }

  Block gates_of_block(std::size_t b) {
    Block block;
    block.qubits = register_of(spec_, b);
    const BlockSpec own = spec_.blocks.empty() ? BlockSpec{} : spec_.blocks[b];
    const std::string part = "block" + std::to_string(b);
    if (own.bare) return block;
    if (!own.layers.empty()) {
      write_layers(own.layers, own.key + ".layer", part, block.qubits, writer_, block.ops, numbers_);
      return block;
    }
    if (!spec_.block_stage.empty() || !spec_.block_preset.empty()) {
      write_layers(block_layers_of(spec_, b), "block.layer", part, block.qubits, writer_, block.ops,
                   numbers_);
      return block;
    }
    for (int layer = 0; layer < spec_.block_layers; ++layer) {
      const std::vector<Op> entanglers = entangle(spec_.block_entangler, block.qubits, layer);
      if (spec_.block_order == BlockOrder::er) append(block.ops, entanglers);
      rotate(block.ops, spec_.block_rotations, block.qubits, part, layer);
      if (spec_.block_order == BlockOrder::re) append(block.ops, entanglers);
    }
    return block;
  }

  std::vector<PauliTerm> observable(std::size_t b, int output, int size) const {
    const BlockSpec* own = spec_.blocks.empty() ? nullptr : &spec_.blocks[b];
    const bool given = own && !own->observables.empty();
    const std::vector<std::string>& texts = given ? own->observables : spec_.observables;
    if (texts.empty()) return short_readout(spec_, size, output);
    const std::string key = given ? own->key + ".observables" : "block.observables";
    if (texts.size() != static_cast<std::size_t>(spec_.block_outputs[b]))
      throw usage_error(key + ": expected " + std::to_string(spec_.block_outputs[b]) +
                        (given ? ", one for each output of the task" : ", one for each output of a block") +
                        ", found " + std::to_string(texts.size()));
    return parse_observable(texts[static_cast<std::size_t>(output)], size,
                            key + "[" + std::to_string(output) + "]");
  }

  ZString string_of(const PauliTerm& term, const Block& block, const std::string& part, int output) {
    ZString string;
    for (int position : term.positions)
      string.qubits.push_back(block.qubits[static_cast<std::size_t>(position)]);
    string.weight = term.weight;
    if (term.trained) {
      std::string name = part + ".out" + std::to_string(output) + ".weight";
      for (std::size_t i = 0; i < string.qubits.size(); ++i)
        name += (i ? "-" : ".") + std::string(term.paulis[i] == 'Z' ? "q" : std::string(1, term.paulis[i])) +
                std::to_string(string.qubits[i]);
      numbers_.trained.push_back({std::move(name), TrainedRole::readout, {}, term.weight});
      string.weight = 1.0;
      string.weight_param = writer_.weight(trained() - 1);
    }
    std::sort(string.qubits.begin(), string.qubits.end());
    return string;
  }

  /// The blocks of the circuit that a block of the specification is: one for each basis, the first of them
  /// that an output's strings fit.
  void measure(std::size_t b, const Block& gates) {
    struct Measured {
      Basis basis;
      std::vector<Readout> outputs;
      std::vector<std::size_t> of;  ///< which outputs of the specification's block they are part of
    };
    std::vector<Measured> bases;
    const std::string part = "block" + std::to_string(b);
    const auto place = [&](std::span<const PauliTerm> terms, int output) {
      auto found = bases.begin();
      while (found != bases.end() && !join_basis(found->basis, terms, gates.qubits)) ++found;
      if (found == bases.end()) {
        Measured fresh;
        if (!join_basis(fresh.basis, terms, gates.qubits)) return false;
        found = bases.insert(bases.end(), std::move(fresh));
      }
      const auto number = static_cast<std::size_t>(output);
      if (found->of.empty() || found->of.back() != number) {
        found->of.push_back(number);
        found->outputs.emplace_back();
      }
      for (const PauliTerm& term : terms)
        found->outputs.back().strings.push_back(string_of(term, gates, part, output));
      return true;
    };
    const auto count = static_cast<std::size_t>(spec_.block_outputs[b]);
    for (std::size_t output = 0; output < count; ++output) {
      const auto terms = observable(b, static_cast<int>(output), static_cast<int>(gates.qubits.size()));
      if (place(terms, static_cast<int>(output))) continue;
      for (const PauliTerm& term : terms) place({&term, 1}, static_cast<int>(output));
    }
    for (Measured& measured : bases) {
      Block block = gates;
      append_basis(measured.basis, block.ops);
      block.outputs = std::move(measured.outputs);
      made_.circuit.blocks.push_back(std::move(block));
      output_of_.push_back(std::move(measured.of));
    }
  }

  void number_outputs() {
    int number = 0;
    for (std::size_t b = 0; b < spec_.block_outputs.size(); ++b) {
      const std::size_t first = made_.outputs.size();
      made_.outputs.resize(first + static_cast<std::size_t>(spec_.block_outputs[b]));
      for (auto c = static_cast<std::size_t>(made_.first_block[b]);
           c < static_cast<std::size_t>(made_.first_block[b + 1]); ++c)
        for (std::size_t of : output_of_[c]) made_.outputs[first + of].push_back(number++);
    }
  }

  const AnsatzSpec& spec_;
  Assembly made_;
  CircuitWriter writer_;
  LayerNumbers numbers_;
  std::vector<std::vector<std::size_t>> output_of_;  ///< of each block of the circuit
};

}  // namespace

std::vector<int> register_of(const AnsatzSpec& spec, std::size_t block) {
  if (!spec.blocks.empty() && !spec.blocks[block].qubits.empty()) return spec.blocks[block].qubits;
  if (!spec.registers.empty()) return spec.registers[block];
  const bool global = spec.placement == Placement::global;
  const int size = global ? spec.qubits : spec.register_size;
  const long long start = global ? 0 : static_cast<long long>(block) * spec.stride;
  std::vector<int> qubits;
  for (int i = 0; i < size; ++i) qubits.push_back(static_cast<int>((start + i) % spec.qubits));
  return qubits;
}

std::vector<CircuitLayer> stage_layers(const AnsatzSpec& spec) {
  if (spec.preset.empty()) return spec.stage;
  return expand(preset_named(spec.preset), spec.qubits, spec.layers, spec.upload, spec.uploads,
                spec.repeat_uploads);
}

std::vector<CircuitLayer> block_layers_of(const AnsatzSpec& spec, std::size_t block) {
  if (!spec.blocks.empty() && !spec.blocks[block].layers.empty()) return spec.blocks[block].layers;
  if (spec.block_preset.empty()) return spec.block_stage;
  const auto size = static_cast<int>(register_of(spec, block).size());
  return expand(preset_named(spec.block_preset), size, spec.block_layers, spec.upload, 0, false);
}

bool AnsatzSpec::is_short() const {
  return preset.empty() && block_preset.empty() && stage.empty() && block_stage.empty() &&
         observables.empty() && blocks.empty();
}

int AnsatzSpec::angles() const {
  const auto uploads_in = [](const std::vector<CircuitLayer>& list) {
    return std::any_of(list.begin(), list.end(), [](const CircuitLayer& layer) {
      return layer.encode != LayerEncoding::none || layer.upload || !layer.ops.empty();
    });
  };
  const bool plain =
      preset.empty() && stage.empty() && (block_preset.empty() || !preset_named(block_preset).uploads) &&
      !uploads_in(block_stage) &&
      std::none_of(blocks.begin(), blocks.end(), [&](const BlockSpec& b) { return uploads_in(b.layers); });
  if (plain) return repeat_uploads ? qubits : qubits * uploads;
  return build(*this).sample_inputs();
}

std::vector<std::string> ParamLayout::names() const {
  std::vector<std::string> names;
  for (const TrainedNumber& number : trained) names.push_back(number.name);
  return names;
}

bool Assembly::plain() const {
  for (std::size_t o = 0; o < outputs.size(); ++o)
    if (outputs[o] != std::vector<int>{static_cast<int>(o)}) return false;
  return true;
}

Assembly assemble(const AnsatzSpec& spec) {
  check(spec);
  return Assembler(spec).run();
}

Circuit build(const AnsatzSpec& spec) { return assemble(spec).circuit; }
ParamLayout layout(const AnsatzSpec& spec) { return assemble(spec).layout; }

}  // namespace qmtl
