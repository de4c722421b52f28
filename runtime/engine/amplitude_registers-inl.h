// SPDX-License-Identifier: Apache-2.0
// Operator blocks on the state of one sample whose top qubits are the lanes. Compiled once per instruction
// set.
#if defined(QMTL_ENGINE_AMPLITUDE_REGISTERS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_AMPLITUDE_REGISTERS_INL_H_
#undef QMTL_ENGINE_AMPLITUDE_REGISTERS_INL_H_
#else
#define QMTL_ENGINE_AMPLITUDE_REGISTERS_INL_H_
#endif

#include "runtime/engine/amplitude_readout-inl.h"
#include "runtime/engine/registers-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// For TableLookupLanes: lane l from lane from(l).
template <class Real, class From>
HWY_INLINE typename LaneOrder<Real>::Indices lanes_from(const From& from) {
  HWY_ALIGN typename LaneOrder<Real>::Number at[lanes<Real>];
  for (std::size_t l = 0; l < lanes<Real>; ++l)
    at[l] = static_cast<typename LaneOrder<Real>::Number>(from(static_cast<unsigned>(l)));
  return hn::SetTableIndices(Tag<Real>(), at);
}

/// ReducedDensity: lane l and the lane that differs from it in `flip` hold entry (a | lane part of l, b |
/// lane part of the other). Of a Hermitian pair only the upper one is kept.
template <bool Complex, class Real>
void AmplitudeDensity(const RegisterOperators<Real>& reg, int qubits, State<Real> state, Real* rho) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>, wide = 4;
  const LaneRegister<Real> at(qubits, reg.qubits);
  const std::size_t count = at.outer_rows(reg.split), size = std::size_t{1} << reg.k;
  const unsigned inner = all_lanes<Real> & ~at.outer;
  const auto keep = [&](Vec<Real> re, Vec<Real> im, std::uint32_t a, std::uint32_t b, unsigned flip)
                        HWY_ATTR {
                          HWY_ALIGN Real x[n], y[n];
                          hn::Store(AddLanes<Real>(re, at.outer), d, x);
                          hn::Store(AddLanes<Real>(im, at.outer), d, y);
                          for (unsigned l = 0; l < n; ++l) {
                            const std::size_t p = a | at.lane[l], q = b | at.lane[l ^ flip];
                            if (q < p) continue;
                            Real* to = rho + EntryRow<Complex>(size, p) * n;
                            const std::size_t step = Complex ? (q == p ? 0 : 2 * (q - p) - 1) : q - p;
                            hn::Store(hn::Set(d, x[l]), d, to + step * n);
                            if (Complex && q > p) hn::Store(hn::Set(d, y[l]), d, to + (step + 1) * n);
                          }
                        };
  for (unsigned flip = 0; flip < n; ++flip) {
    if (flip & ~inner) continue;
    const auto other = lanes_from<Real>([&](unsigned l) { return l ^ flip; });
    for (std::size_t i = 0; i < at.size(); ++i)
      for (std::size_t j = 0; j < at.size(); j += wide) {
        const std::size_t width = at.size() - j < wide ? at.size() - j : wide;
        const std::size_t at_a = reg.split.offset_row[at[i]] * n;
        std::size_t at_b[wide];
        Vec<Real> re[wide], im[wide];
        for (std::size_t k = 0; k < wide; ++k) {
          at_b[k] = reg.split.offset_row[at[j + (k < width ? k : 0)]] * n;
          re[k] = im[k] = hn::Zero(d);
        }
        for (std::size_t g = 0; g < count; ++g) {
          const std::size_t base = reg.split.base_row[g] * n;
          const Vec<Real> x0 = hn::Load(d, state.re + base + at_a);
          Vec<Real> y0 = hn::Zero(d);
          if constexpr (Complex) y0 = hn::Load(d, state.im + base + at_a);
#pragma GCC unroll 4
          for (std::size_t k = 0; k < wide; ++k) {
            const Vec<Real> u = hn::TableLookupLanes(hn::Load(d, state.re + base + at_b[k]), other);
            re[k] = hn::MulAdd(x0, u, re[k]);
            if constexpr (Complex) {
              const Vec<Real> w = hn::TableLookupLanes(hn::Load(d, state.im + base + at_b[k]), other);
              re[k] = hn::MulAdd(y0, w, re[k]);
              im[k] = hn::NegMulAdd(x0, w, hn::MulAdd(y0, u, im[k]));
            }
          }
        }
        for (std::size_t k = 0; k < width; ++k) keep(re[k], im[k], at[i], at[j + k], flip);
      }
  }
}

/// ApplyHermitian: the matrix's rows in the lanes that they act on, two of them at a time.
template <bool Complex, class Real>
void AmplitudeHermitian(const RegisterOperators<Real>& reg, int qubits, const Real* weight, Real* matrix,
                        State<Real> ket, State<Real> bra, bool add) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>, parts = Complex ? 2 : 1, high = 2;
  const LaneRegister<Real> at(qubits, reg.qubits);
  const std::size_t size = std::size_t{1} << reg.k, count = at.outer_rows(reg.split);
  FullMatrix<Complex>(reg, weight, matrix);
  Real* own = SumMemory<Real>(at.size() * size * parts * n);  // [rows' indices][size][parts]
  for (std::size_t i = 0; i < at.size(); ++i)
    for (std::size_t b = 0; b < size * parts; ++b)
      for (std::size_t l = 0; l < n; ++l)
        own[(i * size * parts + b) * n + l] = matrix[((at[i] | at.lane[l]) * size * parts + b) * n];
  // Every lane gets the amplitude whose lane qubits in the register are those of index b.
  typename LaneOrder<Real>::Indices from[n];
  std::vector<std::uint8_t> number(size);
  for (unsigned value = 0; value < n; ++value) {
    from[value] = lanes_from<Real>([&](unsigned l) { return (l & at.outer) | (value & ~at.outer); });
    for (std::size_t i = 0; i < at.size(); ++i)
      number[at[i] | at.lane[value]] = static_cast<std::uint8_t>(value);
  }
  for (std::size_t g = 0; g < count; ++g) {
    const std::size_t base = reg.split.base_row[g] * n;
    for (std::size_t i = 0; i < at.size(); i += high) {
      const std::size_t height = at.size() - i < high ? 1 : high;
      Vec<Real> re[high], im[high];
      for (std::size_t k = 0; k < high; ++k) re[k] = im[k] = hn::Zero(d);
      const Real* row_of[high] = {own + i * size * parts * n, own + (i + height - 1) * size * parts * n};
      for (std::size_t b = 0; b < size; ++b) {
        const std::size_t place = base + reg.split.offset_row[b & ~at.lane_bits] * n;
        const Vec<Real> x = hn::TableLookupLanes(hn::Load(d, ket.re + place), from[number[b]]);
        Vec<Real> y = hn::Zero(d);
        if constexpr (Complex) y = hn::TableLookupLanes(hn::Load(d, ket.im + place), from[number[b]]);
#pragma GCC unroll 2
        for (std::size_t k = 0; k < high; ++k) {
          const Vec<Real> r = hn::Load(d, row_of[k] + b * parts * n);
          re[k] = hn::MulAdd(r, x, re[k]);
          if constexpr (Complex) {
            const Vec<Real> m = hn::Load(d, row_of[k] + (b * parts + 1) * n);
            re[k] = hn::NegMulAdd(m, y, re[k]);
            im[k] = hn::MulAdd(m, x, hn::MulAdd(r, y, im[k]));
          }
        }
      }
      for (std::size_t k = 0; k < height; ++k) {
        const std::size_t to = base + reg.split.offset_row[at[i + k]] * n;
        hn::Store(add ? hn::Add(re[k], hn::Load(d, bra.re + to)) : re[k], d, bra.re + to);
        if constexpr (Complex)
          hn::Store(add ? hn::Add(im[k], hn::Load(d, bra.im + to)) : im[k], d, bra.im + to);
      }
    }
  }
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
