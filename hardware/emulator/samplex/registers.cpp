// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/samplex/registers.h"

#include <cmath>
#include <numbers>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

constexpr std::complex<double> i{0, 1};

Unitary matrix_of(std::uint8_t pauli) {
  switch (pauli) {
    case 1:
      return {1, 0, 0, -1};
    case 2:
      return {0, 1, 1, 0};
    case 3:
      return {0, -i, i, 0};
    default:
      return {1, 0, 0, 1};
  }
}

Unitary product(const Unitary& a, const Unitary& b) {
  return {a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2],
          a[2] * b[1] + a[3] * b[3]};
}

std::size_t checked(std::int64_t number, std::size_t size) {
  if (number < 0 || static_cast<std::size_t>(number) >= size)
    throw data_error("samplex: expected a subsystem from 0 to " + std::to_string(size) + ", found " +
                     std::to_string(number));
  return static_cast<std::size_t>(number);
}

}  // namespace

SamplexRegister identity_register(SamplexType type, std::size_t size) {
  SamplexRegister made{type, {}, {}};
  if (type == SamplexType::u2)
    made.matrices.assign(size, matrix_of(0));
  else
    made.small.assign(size, 0);
  return made;
}

SamplexRegister converted(const SamplexRegister& from, SamplexType type) {
  if (from.type == type) return from;
  SamplexRegister made{type, {}, {}};
  for (std::uint8_t element : from.small) {
    if (type == SamplexType::z2)  // what a Pauli flips
      made.small.push_back(element >> 1);
    else if (type == SamplexType::pauli)
      made.small.push_back(static_cast<std::uint8_t>(element << 1));
    else
      made.matrices.push_back(matrix_of(from.type == SamplexType::z2 ? 2 * element : element));
  }
  if (from.type == SamplexType::u2)
    throw data_error("samplex: expected a register of bits or Paulis, found matrices");
  return made;
}

SamplexRegister chosen(const SamplexRegister& from, const std::vector<std::int64_t>& numbers) {
  SamplexRegister made{from.type, {}, {}};
  for (std::int64_t number : numbers) {
    const std::size_t at = checked(number, from.size());
    if (from.type == SamplexType::u2)
      made.matrices.push_back(from.matrices[at]);
    else
      made.small.push_back(from.small[at]);
  }
  return made;
}

void multiply(SamplexRegister& into, const SamplexRegister& by, const std::vector<std::int64_t>& at,
              bool from_left) {
  if (into.type != by.type || (by.size() != at.size() && by.size() != 1))
    throw data_error("samplex: expected registers of one type and size to multiply");
  for (std::size_t k = 0; k < at.size(); ++k) {
    const std::size_t target = checked(at[k], into.size()), source = by.size() == 1 ? 0 : k;
    if (into.type != SamplexType::u2)
      into.small[target] ^= by.small[source];
    else
      into.matrices[target] = from_left ? product(by.matrices[source], into.matrices[target])
                                        : product(into.matrices[target], by.matrices[source]);
  }
}

Unitary rotation(char axis, double angle) {
  if (axis == 'Z') return {std::polar(1.0, -angle / 2), 0, 0, std::polar(1.0, angle / 2)};
  const double c = std::cos(angle / 2), s = std::sin(angle / 2);
  return {c, -i * s, -i * s, c};
}

std::array<double, 3> euler_angles(const Unitary& unitary, bool with_rx) {
  // With determinant 1 it is rz(plus + minus) ry(turn) rz(plus - minus).
  const std::complex<double> phase = 1.0 / std::sqrt(unitary[0] * unitary[3] - unitary[1] * unitary[2]);
  const double plus = std::arg(phase * unitary[3]), minus = std::arg(phase * unitary[2]);
  const double turn = 2 * std::atan2(std::abs(unitary[2]), std::abs(unitary[0]));
  constexpr double pi = std::numbers::pi;
  // rx is rz(pi / 2) ry rz(-pi / 2) read backwards; sx rz(b) sx is rz(pi) ry(pi - b) up to a phase.
  return with_rx ? std::array{plus - minus - pi / 2, turn, plus + minus + pi / 2}
                 : std::array{plus - minus - pi, pi - turn, plus + minus};
}

}  // namespace qmtl
