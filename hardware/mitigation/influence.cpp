// SPDX-License-Identifier: Apache-2.0
#include "hardware/mitigation/influence.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>

namespace qmtl {
namespace {

/// Bit masks over slots: x where the string has X or Y, z where it has Z or Y.
struct String {
  std::uint64_t x = 0, z = 0;
  auto operator<=>(const String&) const = default;
};

constexpr bool has_x(char pauli) { return pauli != 'Z'; }
constexpr bool has_z(char pauli) { return pauli != 'X'; }

/// Largest |cos| and |sin| of an angle among the rows.
struct TrigBound {
  double cosine, sine;
};

TrigBound trig_bound(const AngleSum& angle, std::size_t rows, std::span<const double> values) {
  if (angle.bound()) return {std::abs(std::cos(angle.constant)), std::abs(std::sin(angle.constant))};
  TrigBound bound{0, 0};
  const std::size_t width = rows == 0 ? 0 : values.size() / rows;
  for (std::size_t row = 0; row < rows; ++row) {
    const double a = value(angle, values.subspan(row * width, width));
    bound = {std::max(bound.cosine, std::abs(std::cos(a))), std::max(bound.sine, std::abs(std::sin(a)))};
  }
  return rows == 0 ? TrigBound{1, 1} : bound;
}

/// What rounding leaves of a quarter turn's cosine.
constexpr double no_more_than_rounding = 1e-12;

/// An observable on its way back.
class Observable {
 public:
  Observable(const DeviceProgram& program, const ReadOutput& output) {
    for (const BitTerm& term : output.terms) {
      String string;
      for (int bit : term.bits) string.z ^= claim(program.measured[static_cast<std::size_t>(bit)]);
      strings_[string] += std::abs(term.weight);
      norm_ += std::abs(term.weight);
    }
    if (!exact_) strings_.clear();
  }

  double influence(const ErrorGenerator& generator) const {
    if (!exact_)
      return (generator.pauli0 && support_.contains(generator.q0)) ||
                     (generator.pauli1 && support_.contains(generator.q1))
                 ? norm_
                 : 0.0;
    const std::uint64_t m0 = mask(generator.q0), m1 = mask(generator.q1);
    double sum = 0;
    for (const auto& [string, bound] : strings_)
      if (anticommutes(string, "IXYZ"[generator.pauli0], m0) !=
          anticommutes(string, "IXYZ"[generator.pauli1], m1))
        sum += bound;
    return std::min(sum, norm_);
  }

  void push_back(const DeviceOp& op, std::size_t rows, std::span<const double> values) {
    const DeviceGateInfo& row = info(op.gate);
    if (!support_.contains(op.q0) && !(op.q1 >= 0 && support_.contains(op.q1))) return;
    const std::uint64_t m0 = claim(op.q0), m1 = op.q1 < 0 ? 0 : claim(op.q1);
    if (!exact_) return strings_.clear();
    if (row.qubits == 2 && !row.angle) return permute(row.axes, m0, m1);
    const TrigBound bound = trig_bound(turn_of(op), rows, values);
    String generator{0, 0};
    const auto add = [&](char axis, std::uint64_t m) {
      if (has_x(axis)) generator.x |= m;
      if (has_z(axis)) generator.z |= m;
    };
    add(row.axes[0], m0);
    if (row.qubits == 2) add(row.axes[1], m1);
    turn(generator, bound);
  }

 private:
  static bool anticommutes(const String& string, char pauli, std::uint64_t m) {
    if (pauli == 'I') return false;
    return ((has_x(pauli) && (string.z & m)) != (has_z(pauli) && (string.x & m)));
  }

  /// (1 + A) / 2 + (1 - A) / 2 B turns strings into strings.
  void permute(std::string_view axes, std::uint64_t m0, std::uint64_t m1) {
    std::map<String, double> turned;
    for (const auto& [string, bound] : strings_) {
      String next = string;
      if (anticommutes(string, axes[0], m0)) times(next, axes[1], m1);
      if (anticommutes(string, axes[1], m1)) times(next, axes[0], m0);
      turned[next] += bound;
    }
    strings_ = std::move(turned);
  }
  static void times(String& string, char pauli, std::uint64_t m) {
    if (has_x(pauli)) string.x ^= m;
    if (has_z(pauli)) string.z ^= m;
  }

  /// cos S + i sin P S of the strings that anticommute with P.
  void turn(const String& generator, const TrigBound& bound) {
    const auto passes = [&](const String& string) {
      return (std::popcount(string.x & generator.z) + std::popcount(string.z & generator.x)) % 2 == 0;
    };
    if (std::all_of(strings_.begin(), strings_.end(), [&](const auto& entry) { return passes(entry.first); }))
      return;
    std::map<String, double> turned;
    for (const auto& [string, size] : strings_) {
      if (passes(string)) {
        turned[string] += size;
        continue;
      }
      if (bound.cosine > no_more_than_rounding) turned[string] += size * bound.cosine;
      if (bound.sine > no_more_than_rounding)
        turned[{string.x ^ generator.x, string.z ^ generator.z}] += size * bound.sine;
    }
    strings_ = std::move(turned);
    if (strings_.size() <= most_influence_strings) return;
    exact_ = false;
    strings_.clear();
  }

  std::uint64_t mask(int qubit) const {
    const auto slot = slots_.find(qubit);
    return slot == slots_.end() ? 0 : std::uint64_t{1} << slot->second;
  }
  /// The bit of a qubit, which can matter from now on.
  std::uint64_t claim(int qubit) {
    support_.insert(qubit);
    if (slots_.size() == 64 && !slots_.contains(qubit)) exact_ = false;
    if (!exact_) return 0;
    const int next = static_cast<int>(slots_.size());
    return std::uint64_t{1} << slots_.try_emplace(qubit, next).first->second;
  }

  std::map<String, double> strings_;  ///< with bounds of their coefficients
  std::map<int, int> slots_;          ///< qubit -> bit of the masks
  std::set<int> support_;
  double norm_ = 0;
  bool exact_ = true;
};

}  // namespace

std::vector<double> influences(const DeviceProgram& program, const ReadOutput& output, std::size_t rows,
                               std::span<const double> values, std::span<const ErrorGenerator> generators) {
  std::vector<std::vector<std::size_t>> behind(program.ops.size());
  for (std::size_t g = 0; g < generators.size(); ++g) behind[generators[g].after].push_back(g);
  std::vector<double> found(generators.size(), 0.0);
  Observable observable(program, output);
  for (std::size_t i = program.ops.size(); i-- > 0;) {
    for (std::size_t g : behind[i]) found[g] = observable.influence(generators[g]);
    observable.push_back(program.ops[i], rows, values);
  }
  return found;
}

}  // namespace qmtl
