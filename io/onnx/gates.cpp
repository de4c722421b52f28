// SPDX-License-Identifier: Apache-2.0
#include "io/onnx/gates.h"

#include <algorithm>
#include <bit>
#include <complex>

namespace qmtl {
namespace {

using Amplitude = std::complex<double>;

std::size_t position(const std::vector<int>& qubits, int qubit) {
  return static_cast<std::size_t>(std::find(qubits.begin(), qubits.end(), qubit) - qubits.begin());
}

/// columns[a]: what the gates make of basis state a.
std::vector<std::vector<Amplitude>> columns_of(std::span<const Op> ops, std::span<const double> params,
                                               const std::vector<int>& qubits) {
  const std::size_t size = std::size_t{1} << qubits.size();
  std::vector<std::vector<Amplitude>> columns(size, std::vector<Amplitude>(size));
  for (std::size_t a = 0; a < size; ++a) columns[a][a] = 1.0;
  for (const Op& op : ops) {
    const double angle = fixed_angle(op, params);
    const auto gate = matrix(op.gate, angle);
    const std::size_t first = std::size_t{1} << position(qubits, op.q0);
    const std::size_t second = op.q1 < 0 ? 0 : std::size_t{1} << position(qubits, op.q1);
    const std::size_t states = second ? 4 : 2;
    for (std::vector<Amplitude>& column : columns) {
      std::vector<Amplitude> moved(size);
      for (std::size_t i = 0; i < size; ++i) {
        const std::size_t row = (i & first ? 1u : 0u) + (i & second ? 2u : 0u);
        const std::size_t base = i & ~(first | second);
        for (std::size_t s = 0; s < states; ++s)
          moved[i] += gate[row * states + s] * column[base | (s & 1 ? first : 0) | (s & 2 ? second : 0)];
      }
      column = std::move(moved);
    }
  }
  return columns;
}

template <class Entry>
RealMatrix real_form(std::size_t size, bool complex, Entry entry) {
  RealMatrix real{complex ? 2 * size : size, {}};
  real.entries.resize(real.size * real.size);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j < size; ++j) {
      const Amplitude value = entry(i, j);
      real.entries[i * real.size + j] = value.real();
      if (!complex) continue;
      real.entries[i * real.size + size + j] = -value.imag();
      real.entries[(size + i) * real.size + j] = value.imag();
      real.entries[(size + i) * real.size + size + j] = value.real();
    }
  return real;
}

}  // namespace

RealMatrix unitary_of(std::span<const Op> ops, std::span<const double> params, const std::vector<int>& qubits,
                      bool complex) {
  const auto columns = columns_of(ops, params, qubits);
  return real_form(columns.size(), complex, [&](std::size_t i, std::size_t j) { return columns[j][i]; });
}

std::vector<RealMatrix> observables_of(const Block& block, std::span<const double> params, bool complex) {
  const auto columns = columns_of(block.ops, params, block.qubits);
  const std::size_t size = columns.size();
  std::vector<RealMatrix> observables;
  for (const Readout& readout : block.outputs) {
    std::vector<double> diagonal(size);
    for (std::size_t i = 0; i < size; ++i) {
      std::uint64_t index = 0;
      for (std::size_t q = 0; q < block.qubits.size(); ++q)
        index |= static_cast<std::uint64_t>(i >> q & 1) << block.qubits[q];
      diagonal[i] = diagonal_value(readout, params, index);
    }
    observables.push_back(real_form(size, complex, [&](std::size_t a, std::size_t b) {
      Amplitude sum = 0.0;
      for (std::size_t i = 0; i < size; ++i) sum += std::conj(columns[a][i]) * diagonal[i] * columns[b][i];
      return sum;
    }));
  }
  return observables;
}

double diagonal_value(const Readout& readout, std::span<const double> params, std::uint64_t index) {
  double sum = 0.0;
  for (const ZString& string : readout.strings) {
    std::uint64_t mask = 0;
    for (int q : string.qubits) mask ^= std::uint64_t{1} << q;
    const double weight = weight_of(string, params);
    sum += std::popcount(mask & index) % 2 ? -weight : weight;
  }
  return sum;
}

}  // namespace qmtl
