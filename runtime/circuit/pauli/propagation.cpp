// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/pauli/propagation.h"

#include <algorithm>

namespace qmtl {
namespace {

constexpr std::size_t most_work = 5'000'000;  // one or two seconds

int digit_of(std::uint64_t x, std::uint64_t z, std::uint64_t qubit) {
  return x & qubit ? (z & qubit ? 2 : 1) : (z & qubit ? 3 : 0);
}

void set_digit(std::uint64_t& x, std::uint64_t& z, std::uint64_t qubit, int digit) {
  x = digit == 1 || digit == 2 ? x | qubit : x & ~qubit;
  z = digit >= 2 ? z | qubit : z & ~qubit;
}

/// Flags become new numbers; returns how many were set.
int compact(std::vector<int>& flags) {
  int count = 0;
  for (int& flag : flags) flag = flag ? count++ : -1;
  return count;
}
template <class T>
void keep(std::vector<int>& flags, std::vector<T>& list) {
  compact(flags);
  std::vector<T> kept;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (flags[i] >= 0) kept.push_back(std::move(list[i]));
  list = std::move(kept);
}

}  // namespace

PauliTransfer::PauliTransfer(std::span<const double> matrix) {
  const std::size_t count = matrix.size() == 16 ? 4 : 16;
  std::vector<int> receives(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    Row& row = rows.emplace_back();
    for (std::size_t j = 0; j < count; ++j)
      if (const double factor = matrix[i * count + j]; factor != 0.0) {
        row.emplace_back(static_cast<int>(j), factor);
        ++receives[j];
      }
  }
  for (const Row& row : rows)
    alone.push_back(row.size() == 1 && receives[static_cast<std::size_t>(row[0].first)] == 1);
}

PauliPropagation::PauliPropagation(std::size_t values, std::size_t limit) : terms_(values), limit_(limit) {
  out_.nodes.push_back({-1, -1});
}

bool PauliPropagation::worked_hard() const { return work_ > most_work / 10; }

PauliExpansion PauliPropagation::finish() && {
  prune();
  return std::move(out_);
}

bool PauliPropagation::add(std::size_t value, std::span<const PauliStart> start,
                           std::span<const PauliStep> steps) {
  Active active;
  for (const PauliStart& string : start) {
    const auto [at, fresh] = active.try_emplace(Key{0, string.z, 0}, Entry{out_.vertices, 1.0});
    if (fresh) ++out_.vertices;
    out_.roots.push_back({at->second.vertex, string.weight, string.first, string.second});
  }
  std::vector<std::uint64_t> ends(steps.size(), 0);  // qubits that are |0> before this step
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    ends[i] = (steps[i].q0 | steps[i].q1) & ~seen;
    seen |= steps[i].q0 | steps[i].q1;
  }
  for (std::size_t i = steps.size(); i-- > 0;) {
    work_ += active.size();
    if (work_ > most_work) return false;
    const PauliStep& step = steps[i];
    active = step.transfer            ? map(std::move(active), step)
             : is_rotation(step.gate) ? rotate(active, step)
                                      : permute(active, step);
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
PauliPropagation::Active PauliPropagation::permute(const Active& active, const PauliStep& step) {
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
int PauliPropagation::cyclic(char pauli, const Key& key, std::uint64_t qubit) {
  const bool x = key.x & qubit, z = key.z & qubit;
  if (pauli == 'X') return !z ? 0 : x ? 1 : -1;
  if (pauli == 'Y') return x == z ? 0 : z ? 1 : -1;
  return !x ? 0 : z ? -1 : 1;
}
void PauliPropagation::multiply(Key& key, char pauli, std::uint64_t qubit) {
  if (pauli != 'Z') key.x ^= qubit;
  if (pauli != 'X') key.z ^= qubit;
}

/// A fixed rotation by quarter turns permutes strings.
PauliPropagation::Active PauliPropagation::turn(const Active& active, const PauliStep& step, int turns) {
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

PauliPropagation::Active PauliPropagation::rotate(const Active& active, const PauliStep& step) {
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

void PauliPropagation::branch(Active& out, const Key& key, PauliEdge edge) {
  const auto [at, fresh] = out.try_emplace(key, Entry{out_.vertices, 1.0});
  if (fresh) ++out_.vertices;
  edge.to = at->second.vertex;
  out_.edges.push_back(edge);
}

int PauliPropagation::number(std::map<PauliAngle, int>& known, std::vector<PauliAngle>& list,
                             const PauliAngle& angle) {
  const auto [at, fresh] = known.try_emplace(angle, static_cast<int>(list.size()));
  if (fresh) list.push_back(angle);
  return at->second;
}

int PauliPropagation::child(int parent, int factor) {
  const auto [at, fresh] = children_.try_emplace({parent, factor}, static_cast<int>(out_.nodes.size()));
  if (fresh) out_.nodes.push_back({parent, factor});
  return at->second;
}

PauliPropagation::Active PauliPropagation::map(Active active, const PauliStep& step) {
  const auto number_of = [&](const Key& key) {
    return digit_of(key.x, key.z, step.q0) + (step.q1 ? 4 * digit_of(key.x, key.z, step.q1) : 0);
  };
  const PauliTransfer& transfer = *step.transfer;
  bool scales = true;  // or leaves as it is
  for (const auto& [key, entry] : active) {
    const auto number = static_cast<std::size_t>(number_of(key));
    const PauliTransfer::Row& row = transfer.rows[number];
    scales = scales && row.size() == 1 && row[0].first == static_cast<int>(number);
  }
  if (scales) {
    for (auto& [key, entry] : active)
      entry.sign *= transfer.rows[static_cast<std::size_t>(number_of(key))][0].second;
    return active;
  }
  Active out;
  for (const auto& [from, entry] : active) {
    const auto number = static_cast<std::size_t>(number_of(from));
    for (const auto& [to, factor] : transfer.rows[number]) {
      Key key = from;
      set_digit(key.x, key.z, step.q0, to % 4);
      if (step.q1) set_digit(key.x, key.z, step.q1, to / 4);
      if (transfer.alone[number])
        out.emplace(key, Entry{entry.vertex, entry.sign * factor});
      else  // an edge's factor without an angle is the cosine of none
        branch(out, key,
               {entry.vertex, 0, this->number(constant_, out_.constant, {}), Trig::cos, entry.sign * factor});
    }
  }
  return out;
}

/// Numbers the terms, and drops what no term needs: nodes, vertices, edges, angles.
void PauliPropagation::prune() {
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
  std::erase_if(out_.roots, [&](const PauliRoot& r) { return !vertex[static_cast<std::size_t>(r.vertex)]; });
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

}  // namespace qmtl
