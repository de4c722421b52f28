// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/pauli_vector.h"

#include <algorithm>
#include <utility>

namespace qmtl {
namespace {

std::size_t weight(int place) { return std::size_t{1} << (2 * place); }

}  // namespace

void PauliVector::add(const std::array<double, 4>& state) {
  const std::size_t size = values_.size();
  values_.resize(4 * size);
  for (std::size_t digit = 3; digit > 0; --digit)
    for (std::size_t i = 0; i < size; ++i) values_[digit * size + i] = state[digit] * values_[i];
  ++qubits_;
}

void PauliVector::drop(int place) {
  const std::size_t inner = weight(place), outer = values_.size() / (4 * inner);
  for (std::size_t block = 1; block < outer; ++block)
    std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(4 * block * inner), inner,
                values_.begin() + static_cast<std::ptrdiff_t>(block * inner));
  values_.resize(values_.size() / 4);
  --qubits_;
}

void PauliVector::apply(int place, const std::array<double, 16>& m) {
  const std::size_t inner = weight(place);
  for (std::size_t begin = 0; begin < values_.size(); begin += 4 * inner) {
    double* const i = values_.data() + begin;
    double *const x = i + inner, *const y = x + inner, *const z = y + inner;
    for (std::size_t k = 0; k < inner; ++k) {
      const double a = i[k], b = x[k], c = y[k], d = z[k];
      x[k] = m[4] * a + m[5] * b + m[6] * c + m[7] * d;
      y[k] = m[8] * a + m[9] * b + m[10] * c + m[11] * d;
      z[k] = m[12] * a + m[13] * b + m[14] * c + m[15] * d;
    }
  }
}

void PauliVector::apply(int place0, int place1, const Sparse& transfer) {
  constexpr std::size_t chunk = 64;
  double in[16][chunk];
  const std::size_t w0 = weight(place0), w1 = weight(place1);
  const std::size_t low = std::min(w0, w1), high = std::max(w0, w1);
  const std::size_t run = std::min(low, chunk);
  for (std::size_t a = 0; a < values_.size(); a += 4 * high)
    for (std::size_t b = a; b < a + high; b += 4 * low)
      for (std::size_t c = b; c < b + low; c += run) {
        double* const base = values_.data() + c;
        for (std::size_t row = 0; row < 16; ++row)
          std::copy_n(base + row % 4 * w0 + row / 4 * w1, run, in[row]);
        for (std::size_t row = 0; row < 16; ++row) {
          double* const out = base + row % 4 * w0 + row / 4 * w1;
          const auto& entries = transfer.rows[row];
          if (entries.empty()) {
            std::fill_n(out, run, 0.0);
            continue;
          }
          for (std::size_t k = 0; k < run; ++k) out[k] = entries[0].value * in[entries[0].column][k];
          for (std::size_t e = 1; e < entries.size(); ++e)
            for (std::size_t k = 0; k < run; ++k) out[k] += entries[e].value * in[entries[e].column][k];
        }
      }
}

PauliVector PauliVector::zero(int qubits) {
  PauliVector made;
  made.qubits_ = qubits;
  made.values_.assign(weight(qubits), 0.0);
  return made;
}

void PauliVector::pull_add(const std::array<double, 4>& state) {
  const std::size_t size = values_.size() / 4;
  for (std::size_t i = 0; i < size; ++i) {
    values_[i] *= state[0];
    for (std::size_t digit = 1; digit < 4; ++digit) values_[i] += state[digit] * values_[digit * size + i];
  }
  values_.resize(size);
  --qubits_;
}

void PauliVector::pull_drop(int place) {
  const std::size_t inner = weight(place);
  std::vector<double> wide(4 * values_.size(), 0.0);
  for (std::size_t from = 0; from < values_.size(); from += inner)
    std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(from), inner,
                wide.begin() + static_cast<std::ptrdiff_t>(4 * from));
  values_ = std::move(wide);
  ++qubits_;
}

void PauliVector::pull(int place, const std::array<double, 16>& m) {
  const std::size_t inner = weight(place);
  for (std::size_t begin = 0; begin < values_.size(); begin += 4 * inner)
    for (double* at = values_.data() + begin; at < values_.data() + begin + inner; ++at) {
      const std::array<double, 4> given{at[0], at[inner], at[2 * inner], at[3 * inner]};
      for (std::size_t column = 0; column < 4; ++column) {
        double sum = 0;
        for (std::size_t row = 0; row < 4; ++row) sum += m[4 * row + column] * given[row];
        at[column * inner] = sum;
      }
    }
}

PauliVector::Sparse transposed(const PauliVector::Sparse& matrix) {
  PauliVector::Sparse result;
  for (int row = 0; row < 16; ++row)
    for (const auto& entry : matrix.rows[static_cast<std::size_t>(row)])
      result.rows[static_cast<std::size_t>(entry.column)].push_back({row, entry.value});
  return result;
}

std::array<double, 16> slopes_of_apply(const PauliVector& before, const PauliVector& slopes, int place) {
  std::array<double, 16> sums{};
  const std::size_t inner = weight(place);
  for (std::size_t begin = 0; begin < before.values().size(); begin += 4 * inner)
    for (std::size_t row = 0; row < 4; ++row)
      for (std::size_t column = 0; column < 4; ++column) {
        const double* const to = slopes.values().data() + begin + row * inner;
        const double* const from = before.values().data() + begin + column * inner;
        for (std::size_t k = 0; k < inner; ++k) sums[4 * row + column] += to[k] * from[k];
      }
  return sums;
}

std::array<double, 4> slopes_of_add(const PauliVector& before, const PauliVector& slopes) {
  std::array<double, 4> sums{};
  const std::size_t size = before.values().size();
  for (std::size_t digit = 0; digit < 4; ++digit)
    for (std::size_t i = 0; i < size; ++i)
      sums[digit] += slopes.values()[digit * size + i] * before.values()[i];
  return sums;
}

PauliVector::Sparse sparse(std::span<const double> dense) {
  PauliVector::Sparse result;
  for (std::size_t row = 0; row < 16; ++row)
    for (int column = 0; column < 16; ++column)
      if (const double value = dense[16 * row + static_cast<std::size_t>(column)]; value != 0.0)
        result.rows[row].push_back({column, value});
  return result;
}

std::array<double, 16> multiply(const std::array<double, 16>& a, const std::array<double, 16>& b) {
  std::array<double, 16> product{};
  for (std::size_t row = 0; row < 4; ++row)
    for (std::size_t k = 0; k < 4; ++k)
      for (std::size_t column = 0; column < 4; ++column)
        product[4 * row + column] += a[4 * row + k] * b[4 * k + column];
  return product;
}

void walsh_hadamard(std::span<double> values) {
  for (std::size_t half = 1; half < values.size(); half *= 2)
    for (std::size_t begin = 0; begin < values.size(); begin += 2 * half)
      for (std::size_t k = begin; k < begin + half; ++k) {
        const double sum = values[k] + values[k + half];
        values[k + half] = values[k] - values[k + half];
        values[k] = sum;
      }
}

}  // namespace qmtl
