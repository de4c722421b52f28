// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace qmtl {

/// What the elements of a samplex's register are: bits, Paulis up to a phase (2 * x + z: I 0, Z 1, X 2, Y 3),
/// or unitary matrices up to a phase.
enum class SamplexType : std::uint8_t { z2, pauli, u2 };

/// Row-major.
using Unitary = std::array<std::complex<double>, 4>;

/// One-qubit operations, one for each subsystem.
struct SamplexRegister {
  SamplexType type = SamplexType::z2;
  std::vector<std::uint8_t> small;  ///< of z2 and pauli
  std::vector<Unitary> matrices;    ///< of u2

  std::size_t size() const { return type == SamplexType::u2 ? matrices.size() : small.size(); }
};

SamplexRegister identity_register(SamplexType type, std::size_t size);
/// Throws Error (data) where the type has no such elements.
SamplexRegister converted(const SamplexRegister& from, SamplexType type);
/// The elements with these numbers; throws Error (data) for one that is not there.
SamplexRegister chosen(const SamplexRegister& from, const std::vector<std::int64_t>& numbers);
/// into[at[i]] = into[at[i]] * by[i], or by[i] * into[at[i]] with `from_left`. A register of one element
/// multiplies all. Throws Error (data) for sizes and types that do not fit.
void multiply(SamplexRegister& into, const SamplexRegister& by, const std::vector<std::int64_t>& at,
              bool from_left);

/// exp(-i angle P / 2), P = Z or X.
Unitary rotation(char axis, double angle);

/// Angles a, b, c such that rz(c) sx rz(b) sx rz(a), or with `with_rx` rz(c) rx(b) rz(a), is the unitary up
/// to a phase.
std::array<double, 3> euler_angles(const Unitary& unitary, bool with_rx);

}  // namespace qmtl
