// SPDX-License-Identifier: Apache-2.0
#include "hardware/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "runtime/base/error.h"
#include "runtime/circuit/cones/cones.h"

namespace qmtl {
namespace {

/// Gates that turn qubits into the basis that is read: fixed rotations of single qubits and nothing else.
bool only_turns(const std::vector<Op>& ops) {
  return std::all_of(ops.begin(), ops.end(),
                     [](const Op& op) { return op.q1 < 0 && op.source == Source::none; });
}

/// What a block's gates change and what its readouts see, as flags per qubit of the circuit.
struct Touch {
  std::vector<bool> changes, reads;
  std::vector<Op> ops;  ///< on the circuit's qubits
};

/// From the block's own cone: gates that no readout depends on disturb nobody.
Touch touch_of(const Circuit& circuit, int block) {
  const Cone cone = cone_of(circuit, {block});
  Touch touch{std::vector<bool>(static_cast<std::size_t>(circuit.qubits)), {}, {}};
  touch.reads = touch.changes;
  const Block& own = cone.circuit.blocks.front();
  const auto at = [&](int qubit) {
    return static_cast<std::size_t>(cone.qubits[static_cast<std::size_t>(qubit)]);
  };
  for (const Op& op : own.ops) {
    touch.changes[at(op.q0)] = true;
    if (op.q1 >= 0) touch.changes[at(op.q1)] = true;
    Op moved = op;
    moved.q0 = static_cast<int>(at(op.q0));
    if (op.q1 >= 0) moved.q1 = static_cast<int>(at(op.q1));
    touch.ops.push_back(moved);
  }
  for (int qubit : own.qubits) touch.reads[at(qubit)] = true;
  return touch;
}

bool meet(const std::vector<bool>& a, const std::vector<bool>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] && b[i]) return true;
  return false;
}

/// Whether both turn every qubit that both know into the same basis: then one measurement reads for both.
bool share_basis(const Touch& a, const Touch& b) {
  if (!only_turns(a.ops) || !only_turns(b.ops)) return false;
  const auto turns = [](const Touch& touch, std::size_t qubit) {
    std::vector<Op> found;
    for (const Op& op : touch.ops)
      if (static_cast<std::size_t>(op.q0) == qubit) found.push_back(op);
    return found;
  };
  for (std::size_t q = 0; q < a.reads.size(); ++q)
    if ((a.reads[q] || a.changes[q]) && (b.reads[q] || b.changes[q]) && turns(a, q) != turns(b, q))
      return false;
  return true;
}

bool disturb(const Touch& a, const Touch& b) {
  return (meet(a.changes, b.reads) || meet(b.changes, a.reads)) && !share_basis(a, b);
}

/// Puts each block into the first group of which it disturbs no member.
std::vector<std::vector<int>> group_blocks(const Circuit& circuit, const std::vector<int>& blocks) {
  std::vector<std::vector<int>> groups;
  std::vector<std::vector<Touch>> touched;
  for (int block : blocks) {
    const Touch touch = touch_of(circuit, block);
    std::size_t g = 0;
    const auto fits = [&](const std::vector<Touch>& members) {
      return std::none_of(members.begin(), members.end(), [&](const Touch& m) { return disturb(m, touch); });
    };
    while (g < groups.size() && !fits(touched[g])) ++g;
    if (g == groups.size()) {
      groups.emplace_back();
      touched.emplace_back();
    }
    groups[g].push_back(block);
    touched[g].push_back(touch);
  }
  return groups;
}

/// Cones, each of blocks that do not disturb each other.
std::vector<Cone> cut(const Circuit& circuit, HeadSplit split) {
  std::vector<std::vector<int>> groups;
  if (split == HeadSplit::wide) {
    std::vector<int> all(circuit.blocks.size());
    std::iota(all.begin(), all.end(), 0);
    groups = group_blocks(circuit, all);
  } else {
    for (const std::vector<int>& same : blocks_by_register(circuit))
      for (std::vector<int>& group : group_blocks(circuit, same)) groups.push_back(std::move(group));
  }
  std::vector<Cone> cones;
  for (const std::vector<int>& group : groups) cones.push_back(cone_of(circuit, group));
  return cones;
}

std::string input_name(char kind, int number, int most) {
  return fmt::format("{}{:0{}}", kind, number, most > 10000 ? 9 : 4);
}

void sort_unique(std::vector<int>& numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

/// Makes one program of cones side by side.
class ProgramBuilder {
 public:
  ProgramBuilder(const Circuit& circuit, std::span<const double> params, const HeadInputs& inputs,
                 const std::vector<const Cone*>& cones, const std::map<int, int>& block_of_output)
      : circuit_(circuit), params_(params), inputs_(inputs), block_of_output_(block_of_output) {
    name_inputs(cones);
    for (const Cone* cone : cones) add(*cone);
  }
  HeadProgram take() { return std::move(head_); }

 private:
  void name_inputs(const std::vector<const Cone*>& cones) {
    for (const Cone* cone : cones) {
      head_.angles.insert(head_.angles.end(), cone->angles.begin(), cone->angles.end());
      if (!inputs_.block_params) continue;
      for (const Block& block : cone->circuit.blocks)
        for (const Op& op : block.ops)
          if (op.source == Source::param)
            head_.params.push_back(cone->params[static_cast<std::size_t>(op.index)]);
    }
    sort_unique(head_.angles);
    sort_unique(head_.params);
    for (int angle : head_.angles) head_.program.inputs.push_back(input_name('a', angle, circuit_.angles));
    for (int param : head_.params) head_.program.inputs.push_back(input_name('p', param, circuit_.params));
  }

  int input_of(const std::vector<int>& numbers, int number, int offset) const {
    const auto place = std::lower_bound(numbers.begin(), numbers.end(), number);
    return offset + static_cast<int>(place - numbers.begin());
  }

  AngleSum angle_of(const Cone& cone, const Op& op, bool in_block) const {
    if (op.source == Source::none) return {op.angle, {}};
    if (op.source == Source::angle) {
      const int angle = cone.angles[static_cast<std::size_t>(op.index)];
      return {0.0, {{input_of(head_.angles, angle, 0), 1.0}}};
    }
    const int param = cone.params[static_cast<std::size_t>(op.index)];
    if (in_block && inputs_.block_params)
      return {0.0, {{input_of(head_.params, param, static_cast<int>(head_.angles.size())), 1.0}}};
    return {params_[static_cast<std::size_t>(param)], {}};
  }

  void add(const Cone& cone) {
    const int base = head_.program.qubits;
    const auto append = [&](const std::vector<Op>& ops, bool in_block) {
      for (const Op& op : ops)
        head_.program.ops.push_back({device_gate(op.gate), base + op.q0, op.q1 < 0 ? -1 : base + op.q1,
                                     angle_of(cone, op, in_block)});
    };
    append(cone.circuit.shared, false);
    std::vector<int> read;
    std::set<int> turned;  // into the basis that an earlier block reads
    for (const Block& block : cone.circuit.blocks) {
      std::vector<Op> ops = block.ops;
      if (only_turns(ops)) {
        std::erase_if(ops, [&](const Op& op) { return turned.contains(op.q0); });
        for (const Op& op : ops) turned.insert(op.q0);
      }
      append(ops, true);
      read.insert(read.end(), block.qubits.begin(), block.qubits.end());
    }
    sort_unique(read);
    const int first_bit = static_cast<int>(head_.program.measured.size());
    for (int qubit : read) head_.program.measured.push_back(base + qubit);
    std::size_t output = 0;
    for (const Block& block : cone.circuit.blocks) {
      head_.blocks.push_back(block_of_output_.at(cone.outputs[output]));
      output += block.outputs.size();
      std::vector<int> qubits, bits;
      for (int qubit : block.qubits) {
        qubits.push_back(cone.qubits[static_cast<std::size_t>(qubit)]);
        bits.push_back(input_of(read, qubit, first_bit));
      }
      head_.registers.push_back(std::move(qubits));
      head_.bits.push_back(std::move(bits));
    }
    head_.program.qubits += cone.circuit.qubits;
  }

  const Circuit& circuit_;
  std::span<const double> params_;
  const HeadInputs& inputs_;
  const std::map<int, int>& block_of_output_;
  HeadProgram head_;
};

/// First fit by order: cones that go into one program.
std::vector<std::vector<const Cone*>> pack(const std::vector<Cone>& cones, HeadSplit split, int max_qubits) {
  std::vector<std::vector<const Cone*>> bins;
  std::vector<int> used;
  for (const Cone& cone : cones) {
    std::size_t bin = bins.size();
    if (split == HeadSplit::packed)
      for (std::size_t b = 0; b < bins.size() && bin == bins.size(); ++b)
        if (max_qubits == 0 || used[b] + cone.circuit.qubits <= max_qubits) bin = b;
    if (bin == bins.size()) {
      bins.emplace_back();
      used.push_back(0);
    }
    bins[bin].push_back(&cone);
    used[bin] += cone.circuit.qubits;
  }
  return bins;
}

}  // namespace

std::string_view name(HeadSplit split) {
  switch (split) {
    case HeadSplit::wide:
      return "wide";
    case HeadSplit::cones:
      return "cones";
    case HeadSplit::packed:
      return "packed";
  }
  return "";
}

HeadSplit parse_head_split(std::string_view text) {
  for (HeadSplit split : {HeadSplit::wide, HeadSplit::cones, HeadSplit::packed})
    if (name(split) == text) return split;
  throw usage_error("split: expected wide, cones or packed, found '" + std::string(text) + "'");
}

std::vector<HeadProgram> split_head(const Circuit& circuit, std::span<const double> params, HeadSplit split,
                                    const HeadInputs& inputs, int max_qubits) {
  if (params.size() != static_cast<std::size_t>(circuit.params))
    throw usage_error("programs of a head: expected " + std::to_string(circuit.params) +
                      " trainable numbers, found " + std::to_string(params.size()));
  std::map<int, int> block_of_output;
  int output = 0;
  for (std::size_t b = 0; b < circuit.blocks.size(); ++b)
    for (std::size_t o = 0; o < circuit.blocks[b].outputs.size(); ++o)
      block_of_output[output++] = static_cast<int>(b);

  const std::vector<Cone> cones = cut(circuit, split);
  for (const Cone& cone : cones)
    if (max_qubits > 0 && cone.circuit.qubits > max_qubits)
      throw usage_error("programs of a head: expected at most " + std::to_string(max_qubits) +
                        " qubits, found " + std::to_string(cone.circuit.qubits) +
                        (split == HeadSplit::wide
                             ? "; use the split cones or packed (--head-split)"
                             : "; fewer shared layers or smaller registers make narrower cones"));
  std::vector<HeadProgram> programs;
  for (const std::vector<const Cone*>& together : pack(cones, split, max_qubits)) {
    programs.push_back(ProgramBuilder(circuit, params, inputs, together, block_of_output).take());
    programs.back().program.name = input_name('g', static_cast<int>(programs.size()) - 1, 0);
    check(programs.back().program);
  }
  return programs;
}

std::string angle_input(int angle, int circuit_angles) { return input_name('a', angle, circuit_angles); }

std::vector<double> input_values(const HeadProgram& program, std::span<const double> params,
                                 std::size_t samples, std::span<const double> angles,
                                 std::size_t circuit_angles) {
  std::vector<double> values;
  values.reserve(samples * program.program.inputs.size());
  for (std::size_t s = 0; s < samples; ++s) {
    for (int angle : program.angles)
      values.push_back(angles[s * circuit_angles + static_cast<std::size_t>(angle)]);
    for (int param : program.params) values.push_back(params[static_cast<std::size_t>(param)]);
  }
  return values;
}

}  // namespace qmtl
