// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <complex>
#include <span>
#include <vector>

#include "hardware/program.h"

namespace qmtl {

/// A one-qubit gate of determinant 1: the matrix [[a, -conj(b)], [b, conj(a)]].
struct Su2 {
  std::complex<double> a = 1.0, b = 0.0;

  /// The product of matrices: `right` acts first.
  Su2 operator*(const Su2& right) const;
  bool diagonal() const;
  bool antidiagonal() const;
};

Su2 z_rotation(double angle);
Su2 x_rotation(double angle);
Su2 hadamard();

/// Gates on one qubit in a row, up to a global phase: fixed gates with, between them, Z rotations by angles
/// that depend on inputs. Between two rotations there is always a gate that is neither diagonal nor
/// antidiagonal (such a gate lets the rotation through, so that they become one).
class OneQubitRun {
 public:
  void append(const Su2& gate) { fixed_.back() = gate * fixed_.back(); }
  void append_rz(const AngleSum& angle);
  /// A one-qubit gate of device_gates.
  void append(const DeviceOp& op);
  void append(const OneQubitRun& later);

  bool diagonal() const;
  /// Commutes with X.
  bool commutes_with_x() const;

  /// fixed[0], RZ(free[0]), fixed[1], ... in order of time; one more fixed gate than free angles, which have
  /// no constants.
  std::span<const Su2> fixed() const { return fixed_; }
  std::span<const AngleSum> free() const { return free_; }

 private:
  std::vector<Su2> fixed_{Su2{}};
  std::vector<AngleSum> free_;
};

/// The gates that one device has.
class BasisSet {
 public:
  /// Empty: all gates.
  explicit BasisSet(std::span<const DeviceGate> gates, bool any_pair_angle = false);
  bool has(DeviceGate gate) const { return has_[static_cast<std::size_t>(gate)]; }
  /// RZ and one of SX, RX, RY, with which every one-qubit gate can be written.
  bool every_one_qubit_gate() const;
  bool entangler() const;
  bool any_pair_angle() const { return any_pair_angle_; }

 private:
  std::array<bool, device_gates.size()> has_{};
  bool any_pair_angle_;
};

/// turns[0], gates[0], turns[1], ..., turns.back() in order of time: gates of a basis with Z rotations
/// around them. The gates' qubits are not set.
struct PulseTrain {
  std::vector<AngleSum> turns{AngleSum{}};
  std::vector<DeviceOp> gates;
};

/// The run with as few gates other than RZ as the basis allows: a fixed gate needs none, one or two SX (or
/// one RX), a rotation by a free angle two SX (or one RX or RY).
PulseTrain pulses(const OneQubitRun& run, const BasisSet& basis);

}  // namespace qmtl
