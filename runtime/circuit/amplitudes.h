// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qmtl {

/// Numbers of a sample as the amplitudes of a state: basis state j has x_j / |x|, where x_j is number of[j]
/// and those behind the last are 0. Prepared from |0...0> by rotations about Y and CX (Mottonen et al. 2004,
/// quant-ph/0407010), so that everything which takes rotations takes it. Statevectors may begin with them
/// instead (plan/amplitude_start.h): the same up to rounding.
///
/// The rotations' angles are functions of the numbers themselves (no angle map is in front of them): on level
/// k of a binary tree over the basis states, split at the highest qubit first, each of 2^k nodes turns by 2
/// atan2(norm of its right half, norm of its left half), at the leaves with the numbers' signs; the rotations
/// of a level turn by the Walsh transform of these, in Gray code order. A node whose numbers are all 0 does
/// not turn; x = 0 is |0...0>.
struct AmplitudeEncoding {
  int qubits = 1;       ///< that are turned
  std::vector<int> of;  ///< at most 2^qubits
  int first = 0;  ///< the circuit's inputs first .. first + rotations() - 1 are the angles, level by level

  int rotations() const { return (1 << qubits) - 1; }
  bool operator==(const AmplitudeEncoding&) const = default;
};

/// The cost of a preparation doubles with each qubit, and that of a rotation too.
inline constexpr int most_amplitude_qubits = 10;

/// As few as hold so many amplitudes; at least one.
int amplitude_qubits(std::size_t numbers);

/// angles[rotations()] for a sample's numbers.
void amplitude_angles(const AmplitudeEncoding& encoding, std::span<const double> sample,
                      std::span<double> angles);

/// Adds to the gradient of the sample's numbers what the angles' brings. Where a node's numbers are all 0 its
/// first number takes the derivative of the state with respect to it, which is exact, and the others none; a
/// sample that is 0 altogether has gradient 0.
void add_amplitude_gradient(const AmplitudeEncoding& encoding, std::span<const double> sample,
                            std::span<const double> angle_gradient, std::span<double> sample_gradient);

}  // namespace qmtl
