// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "runtime/circuit/pauli/pauli.h"

namespace qmtl {

/// How strings on one or two qubits change that are pushed back through a linear map of states: string i
/// becomes a sum of others. A string's number is that of its Pauli on the first qubit + 4 * the second's, I X
/// Y Z = 0 1 2 3.
struct PauliTransfer {
  using Row = std::vector<std::pair<int, double>>;  ///< strings and their factors

  /// Of the matrix on Pauli coefficients, row-major, 4 or 16 rows: coefficient i behind the map is sum_j
  /// matrix[i][j] * coefficient j in front of it.
  explicit PauliTransfer(std::span<const double> matrix);

  std::vector<Row> rows;
  std::vector<bool> alone;  ///< the string becomes one that no other becomes
};

/// One step of a circuit on at most 64 qubits: a gate, or a map.
struct PauliStep {
  Gate gate{};
  std::uint64_t q0 = 0, q1 = 0;             ///< bits of its qubits; q1 = 0: there is one
  PauliAngle angle = {};                    ///< of a rotation
  const PauliTransfer* transfer = nullptr;  ///< a map instead of the gate
};

/// A Z-string that a value begins with: on the mask's qubits, weight * product of the weight parameters (-1:
/// none).
struct PauliStart {
  std::uint64_t z;
  double weight;
  int first = -1, second = -1;
};

/// Makes a PauliExpansion: pushes every value's strings back through its steps to |0...0>.
class PauliPropagation {
 public:
  static constexpr int most_qubits = 64;

  /// `limit`: strings of a value at a time.
  PauliPropagation(std::size_t values, std::size_t limit);

  /// False if there are too many strings, after which nothing more can be asked.
  bool add(std::size_t value, std::span<const PauliStart> start, std::span<const PauliStep> steps);
  /// Whether finding that out took long enough to remember it.
  bool worked_hard() const;
  PauliExpansion finish() &&;

 private:
  struct Key {
    std::uint64_t x, z;  ///< X or Y, Z or Y on these qubits
    int node;
    auto operator<=>(const Key&) const = default;
  };
  struct Entry {
    int vertex;
    double sign;  ///< times what is left of the string
  };
  using Active = std::map<Key, Entry>;
  struct Final {
    std::size_t value;
    int node;
    Entry entry;
  };

  static int cyclic(char pauli, const Key& key, std::uint64_t qubit);
  static void multiply(Key& key, char pauli, std::uint64_t qubit);
  static Active permute(const Active& active, const PauliStep& step);
  static Active turn(const Active& active, const PauliStep& step, int turns);
  Active rotate(const Active& active, const PauliStep& step);
  Active map(Active active, const PauliStep& step);
  void branch(Active& out, const Key& key, PauliEdge edge);
  static int number(std::map<PauliAngle, int>& known, std::vector<PauliAngle>& list, const PauliAngle& angle);
  int child(int parent, int factor);
  void prune();

  PauliExpansion out_;
  std::map<PauliAngle, int> constant_, sample_;
  std::map<std::pair<int, int>, int> children_;
  std::vector<std::map<int, int>> terms_;  ///< per value: node -> term
  std::vector<Final> finals_;
  std::size_t work_ = 0;  ///< strings that went through a step
  std::size_t limit_;
};

}  // namespace qmtl
