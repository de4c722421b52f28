// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/pure_state.h"

#include <algorithm>
#include <utility>

namespace qmtl {
namespace {

/// Calls body(index) for every index whose bits `a` and `b` (powers of two, may be equal) are 0.
template <class Body>
void for_each_group(std::size_t size, std::size_t a, std::size_t b, Body body) {
  const std::size_t low = std::min(a, b), high = std::max(a, b);
  for (std::size_t i = 0; i < size; i += 2 * high)
    for (std::size_t j = i; j < i + high; j += low == high ? high : 2 * low)
      for (std::size_t k = j; k < j + low; ++k) body(k);
}

std::size_t bit_at(int place) { return std::size_t{1} << place; }

}  // namespace

void PureState::add() {
  re_.resize(2 * re_.size(), 0.0);
  im_.resize(2 * im_.size(), 0.0);
}

void PureState::keep(int place, bool bit, double scale) {
  const std::size_t inner = bit_at(place), half = size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const std::size_t from = (i / inner * 2 + (bit ? 1 : 0)) * inner + i % inner;
    re_[i] = scale * re_[from];
    im_[i] = scale * im_[from];
  }
  re_.resize(half);
  im_.resize(half);
}

void PureState::insert(int place, bool bit, double scale) {
  const std::size_t inner = bit_at(place), half = size();
  std::vector<double> re(2 * half, 0.0), im(2 * half, 0.0);
  for (std::size_t i = 0; i < half; ++i) {
    const std::size_t to = (i / inner * 2 + (bit ? 1 : 0)) * inner + i % inner;
    re[to] = scale * re_[i];
    im[to] = scale * im_[i];
  }
  re_ = std::move(re);
  im_ = std::move(im);
}

std::complex<double> PureState::overlap(const PureState& ket, int place, char pauli) const {
  const std::size_t flip = pauli == 'Z' ? 0 : bit_at(place);
  double re = 0, im = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    // Row i of P has one entry, in column i ^ flip: for Y it is -i where the bit is 0, i where it is 1.
    const std::size_t j = i ^ flip;
    const bool set = i & bit_at(place);
    const double sign = (pauli == 'Z' && set) || (pauli == 'Y' && !set) ? -1.0 : 1.0;
    const double x = sign * (re_[i] * ket.re_[j] + im_[i] * ket.im_[j]);
    const double y = sign * (re_[i] * ket.im_[j] - im_[i] * ket.re_[j]);
    re += pauli == 'Y' ? -y : x;
    im += pauli == 'Y' ? x : y;
  }
  return {re, im};
}

void PureState::apply(int place, const One& m) {
  const std::size_t inner = bit_at(place);
  const double ar = m[0].real(), ai = m[0].imag(), br = m[1].real(), bi = m[1].imag();
  const double cr = m[2].real(), ci = m[2].imag(), dr = m[3].real(), di = m[3].imag();
  for (std::size_t begin = 0; begin < size(); begin += 2 * inner) {
    double *const xr = re_.data() + begin, *const yr = xr + inner;
    double *const xi = im_.data() + begin, *const yi = xi + inner;
    for (std::size_t k = 0; k < inner; ++k) {
      const double pr = xr[k], pi = xi[k], qr = yr[k], qi = yi[k];
      xr[k] = ar * pr - ai * pi + br * qr - bi * qi;
      xi[k] = ar * pi + ai * pr + br * qi + bi * qr;
      yr[k] = cr * pr - ci * pi + dr * qr - di * qi;
      yi[k] = cr * pi + ci * pr + dr * qi + di * qr;
    }
  }
}

void PureState::apply(int place0, int place1, const SmallMatrix& m) {
  const std::size_t b0 = bit_at(place0), b1 = bit_at(place1);
  for_each_group(size(), b0, b1, [&](std::size_t i) {
    const std::array<std::size_t, 4> at{i, i | b0, i | b1, i | b0 | b1};
    std::array<double, 4> re{}, im{};
    for (std::size_t row = 0; row < 4; ++row)
      for (std::size_t column = 0; column < 4; ++column) {
        const double mr = m[4 * row + column].real(), mi = m[4 * row + column].imag();
        re[row] += mr * re_[at[column]] - mi * im_[at[column]];
        im[row] += mr * im_[at[column]] + mi * re_[at[column]];
      }
    for (std::size_t row = 0; row < 4; ++row) re_[at[row]] = re[row], im_[at[row]] = im[row];
  });
}

void PureState::cz(int place0, int place1) {
  const std::size_t b0 = bit_at(place0), b1 = bit_at(place1);
  for_each_group(size(), b0, b1, [&](std::size_t i) {
    re_[i | b0 | b1] = -re_[i | b0 | b1];
    im_[i | b0 | b1] = -im_[i | b0 | b1];
  });
}

void PureState::cx(int control, int target) {
  const std::size_t c = bit_at(control), t = bit_at(target);
  for_each_group(size(), c, t, [&](std::size_t i) {
    std::swap(re_[i | c], re_[i | c | t]);
    std::swap(im_[i | c], im_[i | c | t]);
  });
}

PureState::Reduced PureState::reduced(int place) const {
  const std::size_t inner = bit_at(place);
  Reduced r;
  double cr = 0, ci = 0;
  for (std::size_t begin = 0; begin < size(); begin += 2 * inner)
    for (std::size_t i = begin; i < begin + inner; ++i) {
      const std::size_t j = i + inner;
      r.p0 += probability(i);
      r.p1 += probability(j);
      cr += re_[i] * re_[j] + im_[i] * im_[j];
      ci += im_[i] * re_[j] - re_[i] * im_[j];
    }
  r.c01 = {cr, ci};
  return r;
}

SmallMatrix PureState::reduced(int place0, int place1) const {
  const std::size_t b0 = bit_at(place0), b1 = bit_at(place1);
  SmallMatrix rho{};
  for_each_group(size(), b0, b1, [&](std::size_t i) {
    const std::array<std::size_t, 4> at{i, i | b0, i | b1, i | b0 | b1};
    for (std::size_t row = 0; row < 4; ++row)
      for (std::size_t column = 0; column < 4; ++column)
        rho[4 * row + column] +=
            std::complex<double>(re_[at[row]] * re_[at[column]] + im_[at[row]] * im_[at[column]],
                                 im_[at[row]] * re_[at[column]] - re_[at[row]] * im_[at[column]]);
  });
  return rho;
}

}  // namespace qmtl
