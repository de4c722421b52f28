// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/cancel.h"

#include <algorithm>
#include <unordered_map>

namespace qmtl {
namespace {

/// The Pauli with whose rotations a gate commutes on that qubit.
char axis_on(const Op& op, int qubit) { return axis(op.gate, qubit == op.q1 ? 1 : 0); }

bool acts_on(const Op& op, int qubit) { return op.q0 == qubit || op.q1 == qubit; }

/// Gates commute if they have the same axis on every qubit they share (sufficient; cx and cz on both qubits
/// the other way round are not recognised).
bool commute(const Op& a, const Op& b) {
  for (int qubit : {a.q0, a.q1})
    if (qubit >= 0 && acts_on(b, qubit) && axis_on(a, qubit) != axis_on(b, qubit)) return false;
  return true;
}

bool same_gate(const Op& a, const Op& b) {
  if (a.gate != b.gate) return false;
  return (a.q0 == b.q0 && a.q1 == b.q1) || (is_symmetric(a.gate) && a.q0 == b.q1 && a.q1 == b.q0);
}

/// Fixed gates that everything read after them commutes with.
class OpenGates {
 public:
  /// Those on these qubits: what gates on them alone can read.
  OpenGates on(const std::vector<int>& qubits) const {
    OpenGates part;
    for (int qubit : qubits)
      if (const auto found = at_.find(qubit); found != at_.end()) part.at_.insert(*found);
    return part;
  }

  /// Reads the next gate; returns the position of the open gate that it cancels, or -1.
  int read(const Op& op, int position) {
    if (info(op.gate).arity == 2) {
      for (const Entry& entry : at(op.q0))
        if (same_gate(entry.op, op)) {
          const int found = entry.position;
          erase(entry.op, found);
          return found;
        }
    }
    for (int qubit : {op.q0, op.q1}) {
      if (qubit < 0) continue;
      const std::vector<Entry> entries = at(qubit);
      for (const Entry& entry : entries)
        if (!commute(entry.op, op)) erase(entry.op, entry.position);
    }
    if (info(op.gate).arity == 2) {
      at(op.q0).push_back({op, position});
      at(op.q1).push_back({op, position});
    }
    return -1;
  }

 private:
  struct Entry {
    Op op;
    int position;
  };
  std::vector<Entry>& at(int qubit) { return at_[qubit]; }
  void erase(Op op, int position) {
    for (int qubit : {op.q0, op.q1})
      std::erase_if(at(qubit), [&](const Entry& entry) { return entry.position == position; });
  }

  std::unordered_map<int, std::vector<Entry>> at_;
};

}  // namespace

std::vector<CancellingPair> cancelling_pairs(const Circuit& circuit) {
  std::vector<CancellingPair> pairs;
  OpenGates open;
  int position = 0;
  for (const Op& op : circuit.shared) {
    const int found = open.read(op, position);
    if (found >= 0) pairs.push_back({-1, found, position});
    ++position;
  }
  for (std::size_t b = 0; b < circuit.blocks.size(); ++b) {
    const Block& block = circuit.blocks[b];
    if (std::none_of(block.ops.begin(), block.ops.end(),
                     [](const Op& op) { return info(op.gate).arity == 2; }))
      continue;
    OpenGates branch = open.on(block.qubits);
    int in_block = position;
    for (const Op& op : block.ops) {
      const int found = branch.read(op, in_block);
      if (found >= 0) pairs.push_back({static_cast<int>(b), found, in_block});
      ++in_block;
    }
  }
  return pairs;
}

}  // namespace qmtl
