// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/pauli/pauli_strings.h"

#include <algorithm>

namespace qmtl {

std::uint64_t PauliStrings::mask(int qubit) const {
  const auto slot = slot_.find(qubit);
  return slot == slot_.end() ? 0 : std::uint64_t{1} << slot->second;
}

std::uint64_t PauliStrings::claim(int qubit) {
  const auto known = slot_.find(qubit);
  if (known != slot_.end()) return std::uint64_t{1} << known->second;
  if (qubits_.size() == 64) {
    exact_ = false;
    return 0;
  }
  const int slot = static_cast<int>(qubits_.size());
  slot_[qubit] = slot;
  qubits_.push_back(qubit);
  return std::uint64_t{1} << slot;
}

void PauliStrings::add(const Readout& readout) {
  flags_.add(readout);
  for (const ZString& string : readout.strings) {
    std::uint64_t z = 0;
    for (int qubit : string.qubits) z ^= claim(qubit);
    strings_.push_back({0, z});
  }
  normalise();
}

void PauliStrings::add(const PauliStrings& other) {
  flags_.add(other.flags_);
  exact_ = exact_ && other.exact_;
  for (const String& string : other.strings_) {
    String mine{0, 0};
    for (std::size_t slot = 0; slot < other.qubits_.size(); ++slot) {
      const std::uint64_t bit = std::uint64_t{1} << slot;
      if (string.x & bit) mine.x |= claim(other.qubits_[slot]);
      if (string.z & bit) mine.z |= claim(other.qubits_[slot]);
    }
    strings_.push_back(mine);
  }
  normalise();
}

void PauliStrings::normalise() {
  if (exact_) {
    std::sort(strings_.begin(), strings_.end());
    strings_.erase(std::unique(strings_.begin(), strings_.end()), strings_.end());
  }
  if (strings_.size() > limit) exact_ = false;
  if (!exact_) strings_ = {};
}

bool PauliStrings::commutes(const String& string, const Op& op) const {
  if (turned(string, axis(op.gate, 0), mask(op.q0))) return false;
  return op.q1 < 0 || !turned(string, axis(op.gate, 1), mask(op.q1));
}

bool PauliStrings::turned(const String& string, char axis, std::uint64_t mask) {
  return (axis != 'Z' && (string.z & mask)) != (axis != 'X' && (string.x & mask));
}

PauliStrings::String PauliStrings::times(const String& string, char pauli, std::uint64_t mask) {
  return {string.x ^ (pauli == 'Z' ? 0 : mask), string.z ^ (pauli == 'X' ? 0 : mask)};
}

bool PauliStrings::commutes(const Op& op) const {
  if (flags_.commutes(op)) return true;
  return exact_ &&
         std::all_of(strings_.begin(), strings_.end(), [&](const String& s) { return commutes(s, op); });
}

void PauliStrings::push_back(const Op& op) {
  if (commutes(op)) return;
  flags_.push_back(op);
  if (!exact_) return;
  const std::uint64_t m0 = claim(op.q0), m1 = op.q1 < 0 ? 0 : claim(op.q1);
  if (!exact_) {
    strings_ = {};
    return;
  }
  if (!is_rotation(op.gate)) {
    const char a = axis(op.gate, 0), b = axis(op.gate, 1);
    for (String& s : strings_) {
      const bool first = turned(s, a, m0), second = turned(s, b, m1);
      if (first) s = times(s, b, m1);
      if (second) s = times(s, a, m0);
    }
    return;
  }
  const int turns = quarter_turns(op);
  if (turns == 2) return;  // signs alone
  if (turns > 0) {
    for (String& s : strings_)
      if (!commutes(s, op)) s = times(s, axis(op.gate, 0), m0);
    return;
  }
  // cos(a) S + i sin(a) P S: both can occur.
  const std::size_t count = strings_.size();
  for (std::size_t i = 0; i < count; ++i)
    if (!commutes(strings_[i], op)) strings_.push_back(times(strings_[i], axis(op.gate, 0), m0));
  normalise();
}

}  // namespace qmtl
