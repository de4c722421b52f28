// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/observable.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

constexpr int most_probability_qubits = 10;
constexpr std::size_t most_text = 1 << 16;

class ObservableReader {
 public:
  ObservableReader(std::string_view text, int positions, const std::string& key)
      : text_(text), positions_(positions), key_(key) {}

  std::vector<PauliTerm> read() {
    if (text_.size() > most_text) refuse("at most 65536 characters", std::to_string(text_.size()));
    std::vector<PauliTerm> terms;
    skip();
    double sign = 1.0;
    if (take('-'))
      sign = -1.0;
    else
      take('+');
    while (true) {
      read_term(sign, terms);
      if (at_ == text_.size()) break;
      if (take('+'))
        sign = 1.0;
      else if (take('-'))
        sign = -1.0;
      else
        refuse("+ or - or the end");
    }
    return terms;
  }

 private:
  [[noreturn]] void refuse(const std::string& expected, const std::string& found = "") const {
    throw usage_error(
        key_ + " = \"" + std::string(text_) + "\": expected " + expected + " at character " +
        std::to_string(at_ + 1) + ", found " +
        (!found.empty()       ? found
         : at_ < text_.size() ? "'" + std::string(text_.substr(at_, 8)) + "'"
                              : std::string("the end")) +
        "; an observable is a sum of Pauli strings with real weights such as \"Z0\" or \"0.5 X0 X1 - Z2\"");
  }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    skip();
    return true;
  }
  static bool digit(char c) { return c >= '0' && c <= '9'; }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  double number() {
    double found = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), found);
    if (error != std::errc() || !std::isfinite(found)) refuse("a finite number");
    at_ = static_cast<std::size_t>(end - text_.data());
    skip();
    return found;
  }

  void read_term(double sign, std::vector<PauliTerm>& terms) {
    PauliTerm term;
    term.weight = sign;
    bool any = false;
    if (digit(peek()) || peek() == '.') {
      term.weight *= number();
      take('*');
      any = true;
    } else if (peek() == 'w') {
      take('w');
      take('*');
      term.trained = true;
    }
    if (peek() == 'P') return read_probability(term, terms);
    while (peek() == 'X' || peek() == 'Y' || peek() == 'Z' || peek() == 'I') {
      read_pauli(term);
      take('*') || take('@');
      any = true;
    }
    if (!any) refuse(term.trained ? "a Pauli such as Z0" : "a number or a Pauli such as Z0");
    terms.push_back(std::move(term));
  }

  void read_pauli(PauliTerm& term) {
    const char letter = text_[at_++];
    int position = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), position);
    if (error != std::errc()) refuse("the position of a qubit in the register");
    if (position < 0 || position >= positions_)
      refuse("a position from 0 to " + std::to_string(positions_ - 1), std::to_string(position));
    at_ = static_cast<std::size_t>(end - text_.data());
    skip();
    if (letter == 'I') return;
    const auto place = std::lower_bound(term.positions.begin(), term.positions.end(), position);
    if (place != term.positions.end() && *place == position)
      refuse("each position once in a string", std::to_string(position) + " twice");
    term.paulis.insert(term.paulis.begin() + (place - term.positions.begin()), letter);
    term.positions.insert(place, position);
  }

  /// |b><b| = product over qubits of (1 +- Z) / 2.
  void read_probability(const PauliTerm& scale, std::vector<PauliTerm>& terms) {
    ++at_;
    const std::size_t first = at_;
    while (peek() == '0' || peek() == '1') ++at_;
    const std::string_view bits = text_.substr(first, at_ - first);
    if (bits.size() != static_cast<std::size_t>(positions_))
      refuse(std::to_string(positions_) + " bits, one for each qubit of the register",
             "'" + std::string(bits) + "'");
    if (positions_ > most_probability_qubits)
      refuse("probabilities of at most " + std::to_string(most_probability_qubits) + " qubits",
             std::to_string(positions_));
    if (scale.trained) refuse("no trained weight of a probability");
    skip();
    for (unsigned mask = 0; mask < 1u << positions_; ++mask) {
      PauliTerm term;
      term.weight = std::ldexp(scale.weight, -positions_);
      for (int q = 0; q < positions_; ++q)
        if (mask >> q & 1) {
          term.positions.push_back(q);
          term.paulis += 'Z';
          if (bits[static_cast<std::size_t>(positions_ - 1 - q)] == '1') term.weight = -term.weight;
        }
      terms.push_back(std::move(term));
    }
  }

  std::string_view text_;
  int positions_;
  const std::string& key_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<PauliTerm> parse_observable(std::string_view text, int positions, const std::string& key) {
  std::vector<PauliTerm> terms = ObservableReader(text, positions, key).read();
  // The start of trained weights: together as large as one string.
  const auto trained =
      std::count_if(terms.begin(), terms.end(), [](const PauliTerm& term) { return term.trained; });
  for (PauliTerm& term : terms)
    if (term.trained) term.weight /= static_cast<double>(trained);
  return terms;
}

bool join_basis(Basis& basis, std::span<const PauliTerm> terms, const std::vector<int>& reg) {
  std::map<int, char> added;
  for (const PauliTerm& term : terms)
    for (std::size_t i = 0; i < term.positions.size(); ++i) {
      const int qubit = reg[static_cast<std::size_t>(term.positions[i])];
      const auto known = basis.letters.find(qubit);
      if (known != basis.letters.end() && known->second != term.paulis[i]) return false;
      if (known != basis.letters.end()) continue;
      const auto [at, fresh] = added.try_emplace(qubit, term.paulis[i]);
      if (!fresh && at->second != term.paulis[i]) return false;
    }
  basis.letters.merge(added);
  return true;
}

void append_basis(const Basis& basis, std::vector<Op>& ops) {
  for (const auto& [qubit, letter] : basis.letters) {
    // RY(-pi/2)^dagger Z RY(-pi/2) = X, RX(pi/2)^dagger Z RX(pi/2) = Y.
    if (letter == 'X') ops.push_back(fixed_rotation('Y', qubit, -half_pi));
    if (letter == 'Y') ops.push_back(fixed_rotation('X', qubit, half_pi));
  }
}

}  // namespace qmtl
