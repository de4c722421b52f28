#include "runtime/engine/unitary.h"

#define HWY_COMPILE_ALL_ATTAINABLE
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/engine/unitary.cpp"
#include "hwy/foreach_target.h"
//
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Wide = hn::CappedTag<double, 8>;
constexpr std::size_t width = hn::MaxLanes(Wide());

void Rotate(Gate gate, std::size_t bit, double cosine, double sine, MatrixView m) {
  const Wide d;
  const auto c = hn::Set(d, cosine), s = hn::Set(d, sine);
  for (std::size_t r = 0; r < m.size; ++r) {
    if (r & bit) continue;
    double *x0 = m.re + r * m.stride, *y0 = m.im + r * m.stride;
    double *x1 = m.re + (r | bit) * m.stride, *y1 = m.im + (r | bit) * m.stride;
    for (std::size_t a = 0; a < m.stride; a += width) {
      const auto p = hn::Load(d, x0 + a), q = hn::Load(d, y0 + a), u = hn::Load(d, x1 + a),
                 v = hn::Load(d, y1 + a);
      if (gate == Gate::ry) {
        hn::Store(hn::NegMulAdd(s, u, hn::Mul(c, p)), d, x0 + a);
        hn::Store(hn::NegMulAdd(s, v, hn::Mul(c, q)), d, y0 + a);
        hn::Store(hn::MulAdd(s, p, hn::Mul(c, u)), d, x1 + a);
        hn::Store(hn::MulAdd(s, q, hn::Mul(c, v)), d, y1 + a);
      } else if (gate == Gate::rx) {
        hn::Store(hn::MulAdd(s, v, hn::Mul(c, p)), d, x0 + a);
        hn::Store(hn::NegMulAdd(s, u, hn::Mul(c, q)), d, y0 + a);
        hn::Store(hn::MulAdd(s, q, hn::Mul(c, u)), d, x1 + a);
        hn::Store(hn::NegMulAdd(s, p, hn::Mul(c, v)), d, y1 + a);
      } else {
        hn::Store(hn::MulAdd(s, q, hn::Mul(c, p)), d, x0 + a);
        hn::Store(hn::NegMulAdd(s, p, hn::Mul(c, q)), d, y0 + a);
        hn::Store(hn::NegMulAdd(s, v, hn::Mul(c, u)), d, x1 + a);
        hn::Store(hn::MulAdd(s, u, hn::Mul(c, v)), d, y1 + a);
      }
    }
  }
}

/// Eight chains: column a belongs to chain a mod 8, whatever the width of a register.
struct Chains {
  hn::Vec<Wide> sum[8 / width];
  HWY_INLINE void clear() {
    for (auto& one : sum) one = hn::Zero(Wide());
  }
  HWY_INLINE double total() const {
    HWY_ALIGN double x[8];
    for (std::size_t i = 0; i < 8 / width; ++i) hn::Store(sum[i], Wide(), x + i * width);
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
  }
};

double Overlap(Gate gate, std::size_t bit, MatrixView bra, MatrixView ket) {
  const Wide d;
  Chains chains;
  chains.clear();
  for (std::size_t r = 0; r < ket.size; ++r) {
    if (r & bit) continue;
    const std::size_t lo = r * ket.stride, hi = (r | bit) * ket.stride;
    for (std::size_t a = 0; a < ket.stride; a += width) {
      auto& sum = chains.sum[a / width % (8 / width)];
      const auto br0 = hn::Load(d, bra.re + lo + a), bi0 = hn::Load(d, bra.im + lo + a);
      const auto br1 = hn::Load(d, bra.re + hi + a), bi1 = hn::Load(d, bra.im + hi + a);
      const auto kr0 = hn::Load(d, ket.re + lo + a), ki0 = hn::Load(d, ket.im + lo + a);
      const auto kr1 = hn::Load(d, ket.re + hi + a), ki1 = hn::Load(d, ket.im + hi + a);
      if (gate == Gate::ry) {
        sum = hn::MulAdd(br1, kr0, hn::MulAdd(bi1, ki0, sum));
        sum = hn::NegMulAdd(br0, kr1, hn::NegMulAdd(bi0, ki1, sum));
      } else if (gate == Gate::rx) {
        sum = hn::MulAdd(br0, ki1, hn::NegMulAdd(bi0, kr1, sum));
        sum = hn::MulAdd(br1, ki0, hn::NegMulAdd(bi1, kr0, sum));
      } else {
        sum = hn::MulAdd(br0, ki0, hn::NegMulAdd(bi0, kr0, sum));
        sum = hn::NegMulAdd(br1, ki1, hn::MulAdd(bi1, kr1, sum));
      }
    }
  }
  return 0.5 * chains.total();
}

void Sandwich(const double* diagonal, std::size_t a, MatrixView m, double* re, double* im) {
  const Wide d;
  const std::size_t first = a / width * width;
  for (std::size_t b = first; b < m.stride; b += width) {
    auto x = hn::Zero(d), y = hn::Zero(d);
    for (std::size_t r = 0; r < m.size; ++r) {
      const auto p = hn::Set(d, diagonal[r] * m.re[r * m.stride + a]),
                 q = hn::Set(d, diagonal[r] * m.im[r * m.stride + a]);
      const auto u = hn::Load(d, m.re + r * m.stride + b), v = hn::Load(d, m.im + r * m.stride + b);
      x = hn::MulAdd(p, u, hn::MulAdd(q, v, x));
      y = hn::MulAdd(p, v, hn::NegMulAdd(q, u, y));
    }
    hn::Store(x, d, re + b);
    hn::Store(y, d, im + b);
  }
}

void Weigh(const double* diagonal, MatrixView m, MatrixView gamma, MatrixView bra, double* populations,
           double* row) {
  const Wide d;
  double *x = row, *y = row + m.stride;
  for (std::size_t r = 0; r < m.size; ++r) {
    for (std::size_t a = 0; a < m.stride; a += width) {
      auto p = hn::Zero(d), q = hn::Zero(d);
      for (std::size_t c = 0; c < m.size; ++c) {
        const auto vr = hn::Set(d, m.re[r * m.stride + c]), vi = hn::Set(d, m.im[r * m.stride + c]);
        const auto gr = hn::Load(d, gamma.re + c * m.stride + a),
                   gi = hn::Load(d, gamma.im + c * m.stride + a);
        p = hn::NegMulAdd(vi, gi, hn::MulAdd(vr, gr, p));
        q = hn::MulAdd(vi, gr, hn::MulAdd(vr, gi, q));
      }
      hn::Store(p, d, x + a);
      hn::Store(q, d, y + a);
    }
    Chains chains;
    chains.clear();
    const auto twice = hn::Set(d, 2 * diagonal[r]);
    for (std::size_t a = 0; a < m.stride; a += width) {
      auto& sum = chains.sum[a / width % (8 / width)];
      const std::size_t at = r * m.stride + a;
      const auto p = hn::Load(d, x + a), q = hn::Load(d, y + a);
      sum = hn::MulAdd(p, hn::Load(d, m.re + at), hn::MulAdd(q, hn::Load(d, m.im + at), sum));
      hn::Store(hn::MulAdd(twice, p, hn::Load(d, bra.re + at)), d, bra.re + at);
      hn::Store(hn::MulAdd(twice, q, hn::Load(d, bra.im + at)), d, bra.im + at);
    }
    populations[r] += chains.total();
  }
}

const UnitaryKernels* UnitaryTable() {
  static const UnitaryKernels table{Rotate, Overlap, Sandwich, Weigh};
  return &table;
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qmtl::engine {
HWY_EXPORT(UnitaryTable);
const UnitaryKernels& unitary_kernels() {
  static const UnitaryKernels& table = *HWY_DYNAMIC_DISPATCH(UnitaryTable)();
  return table;
}
}  // namespace qmtl::engine
#endif
