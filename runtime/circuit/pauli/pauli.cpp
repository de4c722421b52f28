// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/pauli/pauli.h"

#include <algorithm>
#include <map>

#include "runtime/circuit/cones/cones.h"
#include "runtime/circuit/cones/too_deep.h"

namespace qmtl {
namespace {

struct Step {
  Gate gate;
  std::uint64_t q0, q1;  ///< bits
  PauliAngle angle;      ///< of a rotation
};

constexpr int mask_qubits = 64;
constexpr std::size_t most_work = 5'000'000;  // one or two seconds

std::uint64_t bit(int qubit) { return qubit < 0 ? 0 : std::uint64_t{1} << qubit; }

/// The gates of a list in order; a rotation joins one about the same axis if no gate came between them.
void append_steps(const Cone& cone, const std::vector<Op>& ops, std::vector<Step>& steps) {
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

struct Key {
  std::uint64_t x, z;  ///< X or Y, Z or Y on these qubits
  int node;
  auto operator<=>(const Key&) const = default;
};
struct Entry {
  int vertex;
  double sign;
};
using Active = std::map<Key, Entry>;

class Builder {
 public:
  Builder(std::size_t values, std::size_t limit) : terms_(values), limit_(limit) {
    out_.nodes.push_back({-1, -1});
  }

  bool add(const Cone& cone, int block, int first_output, std::size_t shift, bool second_moments) {
    if (cone.circuit.qubits > mask_qubits) return false;
    std::vector<Step> steps;
    append_steps(cone, cone.circuit.shared, steps);
    const Block& source = cone.circuit.blocks[static_cast<std::size_t>(block)];
    append_steps(cone, source.ops, steps);
    std::vector<std::uint64_t> ends(steps.size(), 0);  // qubits that are |0> before this step
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      ends[i] = (steps[i].q0 | steps[i].q1) & ~seen;
      seen |= steps[i].q0 | steps[i].q1;
    }
    for (std::size_t o = 0; o < source.outputs.size(); ++o) {
      const auto value = static_cast<std::size_t>(cone.outputs[static_cast<std::size_t>(first_output) + o]);
      if (!push_back(value, start(cone, source.outputs[o], false), steps, ends)) return false;
      if (second_moments && !push_back(value + shift, start(cone, source.outputs[o], true), steps, ends))
        return false;
    }
    return true;
  }

  bool worked_hard() const { return work_ > most_work / 10; }

  PauliExpansion finish() && {
    prune();
    return std::move(out_);
  }

 private:
  Active start(const Cone& cone, const Readout& readout, bool square) {
    Active active;
    const auto weight_of = [&](const ZString& s) {
      return s.weight_param < 0 ? -1 : cone.params[static_cast<std::size_t>(s.weight_param)];
    };
    const auto put = [&](std::uint64_t z, double weight, int first, int second) {
      const auto [at, fresh] = active.try_emplace(Key{0, z, 0}, Entry{out_.vertices, 1.0});
      if (fresh) ++out_.vertices;
      out_.roots.push_back({at->second.vertex, weight, first, second});
    };
    const auto mask = [](const ZString& s) {
      std::uint64_t z = 0;
      for (int q : s.qubits) z ^= bit(q);
      return z;
    };
    for (const ZString& s : readout.strings) {
      const int first = weight_of(s);
      const double weight = first < 0 ? s.weight : 1.0;
      if (!square) {
        put(mask(s), weight, first, -1);
        continue;
      }
      for (const ZString& t : readout.strings) {
        const int second = weight_of(t);
        put(mask(s) ^ mask(t), second < 0 ? weight * t.weight : weight, first, second);
      }
    }
    return active;
  }

  bool push_back(std::size_t value, Active active, const std::vector<Step>& steps,
                 const std::vector<std::uint64_t>& ends) {
    for (std::size_t i = steps.size(); i-- > 0;) {
      work_ += active.size();
      if (work_ > most_work) return false;
      active = is_rotation(steps[i].gate) ? rotate(active, steps[i]) : permute(active, steps[i]);
      if (ends[i]) std::erase_if(active, [&](const auto& entry) { return entry.first.x & ends[i]; });
      if (active.size() > limit_) return false;
    }
    for (const auto& [key, entry] : active) {
      terms_[value].try_emplace(key.node, 0);
      finals_.push_back({value, key.node, entry});
    }
    return true;
  }

  /// Conjugation by a fixed gate with axes A, B: a string S0 S1 that anticommutes with A gets a factor B, one
  /// that anticommutes with B a factor A. The sign with both is that of (S0 A)(B S1): XX -> (XZ)(ZX) = YY for
  /// CZ.
  static Active permute(const Active& active, const Step& step) {
    const char a = axis(step.gate, 0), b = axis(step.gate, 1);
    Active out;
    for (const auto& [from, before] : active) {
      Key key = from;
      Entry entry = before;
      const int first = cyclic(a, from, step.q0), second = cyclic(b, from, step.q1);
      if (first * second < 0) entry.sign = -entry.sign;
      if (first) multiply(key, b, step.q1);
      if (second) multiply(key, a, step.q0);
      out.emplace(key, entry);
    }
    return out;
  }

  /// 1 if P times the string's Pauli on that qubit is i times the third one, as X Y = i Z; -1 if it is -i
  /// times that; 0 if they commute.
  static int cyclic(char pauli, const Key& key, std::uint64_t qubit) {
    const bool x = key.x & qubit, z = key.z & qubit;
    if (pauli == 'X') return !z ? 0 : x ? 1 : -1;
    if (pauli == 'Y') return x == z ? 0 : z ? 1 : -1;
    return !x ? 0 : z ? -1 : 1;
  }
  static void multiply(Key& key, char pauli, std::uint64_t qubit) {
    if (pauli != 'Z') key.x ^= qubit;
    if (pauli != 'X') key.z ^= qubit;
  }

  /// A fixed rotation by quarter turns permutes strings.
  static Active turn(const Active& active, const Step& step, int turns) {
    const char pauli = axis(step.gate, 0);
    Active out;
    for (const auto& [from, before] : active) {
      Key key = from;
      Entry entry = before;
      if (const int cycle = cyclic(pauli, key, step.q0); cycle != 0) {
        if (turns == 2 || (turns == 1) == (cycle > 0)) entry.sign = -entry.sign;
        if (turns != 2) multiply(key, pauli, step.q0);
      }
      out.emplace(key, entry);
    }
    return out;
  }

  Active rotate(const Active& active, const Step& step) {
    const char pauli = axis(step.gate, 0);
    if (step.angle.params.empty() && step.angle.angles.empty()) {
      const int turns = quarter_turns({step.gate, 0, -1, Source::none, -1, false, step.angle.constant});
      if (turns >= 0) return turns == 0 ? active : turn(active, step, turns);
    }
    const bool sample = !step.angle.angles.empty();
    const int angle =
        sample ? number(sample_, out_.sample, step.angle) : number(constant_, out_.constant, step.angle);
    Active out;
    for (const auto& [key, entry] : active) {
      const int turn = cyclic(pauli, key, step.q0);
      if (turn == 0) {
        out.emplace(key, entry);
        continue;
      }
      // i P S: minus if (P, S) is one of (X, Y), (Y, Z), (Z, X).
      const double sign = turn > 0 ? -1.0 : 1.0;
      Key other = key;
      multiply(other, pauli, step.q0);
      if (sample) {
        out.emplace(Key{key.x, key.z, child(key.node, 2 * angle)}, entry);
        other.node = child(key.node, 2 * angle + 1);
        out.emplace(other, Entry{entry.vertex, entry.sign * sign});
      } else {
        branch(out, key, {entry.vertex, 0, angle, Trig::cos, entry.sign});
        branch(out, other, {entry.vertex, 0, angle, Trig::sin, entry.sign * sign});
      }
    }
    return out;
  }

  void branch(Active& out, const Key& key, PauliEdge edge) {
    const auto [at, fresh] = out.try_emplace(key, Entry{out_.vertices, 1.0});
    if (fresh) ++out_.vertices;
    edge.to = at->second.vertex;
    out_.edges.push_back(edge);
  }

  static int number(std::map<PauliAngle, int>& known, std::vector<PauliAngle>& list,
                    const PauliAngle& angle) {
    const auto [at, fresh] = known.try_emplace(angle, static_cast<int>(list.size()));
    if (fresh) list.push_back(angle);
    return at->second;
  }

  int child(int parent, int factor) {
    const auto [at, fresh] = children_.try_emplace({parent, factor}, static_cast<int>(out_.nodes.size()));
    if (fresh) out_.nodes.push_back({parent, factor});
    return at->second;
  }

  /// Numbers the terms, and drops what no term needs: nodes, vertices, edges, angles.
  void prune() {
    for (auto& terms : terms_) {
      out_.first.push_back(static_cast<int>(out_.term_node.size()));
      for (auto& [node, number] : terms) {
        number = static_cast<int>(out_.term_node.size());
        out_.term_node.push_back(node);
      }
    }
    out_.first.push_back(static_cast<int>(out_.term_node.size()));
    std::vector<int> vertex(static_cast<std::size_t>(out_.vertices), 0), node(out_.nodes.size(), 0);
    for (const Final& end : finals_) {
      out_.leaves.push_back({terms_[end.value].at(end.node), end.entry.vertex, end.entry.sign});
      vertex[static_cast<std::size_t>(end.entry.vertex)] = 1;
    }
    for (auto edge = out_.edges.rbegin(); edge != out_.edges.rend(); ++edge)
      vertex[static_cast<std::size_t>(edge->from)] |= vertex[static_cast<std::size_t>(edge->to)];
    node[0] = 1;
    for (int n : out_.term_node) node[static_cast<std::size_t>(n)] = 1;
    for (std::size_t n = node.size(); n-- > 1;)
      if (node[n]) node[static_cast<std::size_t>(out_.nodes[n].parent)] = 1;

    std::erase_if(out_.edges, [&](const PauliEdge& e) { return !vertex[static_cast<std::size_t>(e.to)]; });
    std::erase_if(out_.roots,
                  [&](const PauliRoot& r) { return !vertex[static_cast<std::size_t>(r.vertex)]; });
    std::vector<int> sample(out_.sample.size(), 0), constant(out_.constant.size(), 0);
    for (const PauliEdge& e : out_.edges) constant[static_cast<std::size_t>(e.angle)] = 1;
    for (std::size_t n = 1; n < node.size(); ++n)
      if (node[n]) sample[static_cast<std::size_t>(out_.nodes[n].factor / 2)] = 1;

    out_.vertices = compact(vertex);
    keep(node, out_.nodes);
    keep(sample, out_.sample);
    keep(constant, out_.constant);
    for (PauliEdge& e : out_.edges) {
      e.from = vertex[static_cast<std::size_t>(e.from)];
      e.to = vertex[static_cast<std::size_t>(e.to)];
      e.angle = constant[static_cast<std::size_t>(e.angle)];
    }
    for (PauliRoot& r : out_.roots) r.vertex = vertex[static_cast<std::size_t>(r.vertex)];
    for (PauliLeaf& l : out_.leaves) l.vertex = vertex[static_cast<std::size_t>(l.vertex)];
    for (int& n : out_.term_node) n = node[static_cast<std::size_t>(n)];
    for (std::size_t n = 1; n < out_.nodes.size(); ++n) {
      out_.nodes[n].parent = node[static_cast<std::size_t>(out_.nodes[n].parent)];
      out_.nodes[n].factor =
          2 * sample[static_cast<std::size_t>(out_.nodes[n].factor / 2)] + out_.nodes[n].factor % 2;
    }
  }

  /// Flags become new numbers; returns how many were set.
  static int compact(std::vector<int>& flags) {
    int count = 0;
    for (int& flag : flags) flag = flag ? count++ : -1;
    return count;
  }
  template <class T>
  static void keep(std::vector<int>& flags, std::vector<T>& list) {
    compact(flags);
    std::vector<T> kept;
    for (std::size_t i = 0; i < list.size(); ++i)
      if (flags[i] >= 0) kept.push_back(std::move(list[i]));
    list = std::move(kept);
  }

  struct Final {
    std::size_t value;
    int node;
    Entry entry;
  };

  PauliExpansion out_;
  std::map<PauliAngle, int> constant_, sample_;
  std::map<std::pair<int, int>, int> children_;
  std::vector<std::map<int, int>> terms_;  ///< per value: node -> term
  std::vector<Final> finals_;
  std::size_t work_ = 0;  ///< strings that went through a gate
  std::size_t limit_;
};

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
  Builder builder(second_moments ? 2 * outputs : outputs, limit);
  for (const std::vector<int>& blocks : blocks_by_register(circuit)) {
    const Cone cone = cone_of(circuit, blocks);
    int first_output = 0;
    for (std::size_t b = 0; b < cone.circuit.blocks.size(); ++b) {
      const auto count = static_cast<int>(cone.circuit.blocks[b].outputs.size());
      bool fits = true;
      if (cone.circuit.qubits <= mask_qubits)
        fits = builder.add(cone, static_cast<int>(b), first_output, outputs, second_moments);
      else  // outputs of a wide block may see a few of its qubits each
        for (int o = 0; o < count && fits; ++o) {
          const int number = cone.outputs[static_cast<std::size_t>(first_output + o)];
          fits = builder.add(output_cone(circuit, blocks[b], o, number), 0, 0, outputs, second_moments);
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
