#include "runtime/engine/operators.h"

#include <algorithm>
#include <utility>

#include "runtime/engine/simd.h"

namespace qmtl::engine {
namespace {

/// sin and cos from the engine's own kernels: libm's differ between processors.
std::pair<double, double> sin_cos(double x) {
  static const KernelTable<double>& kernels = kernels_for<double>(SimdTarget::best);
  double s = 0, c = 0;
  kernels.sincos(&x, &s, &c, 1);
  return {s, c};
}

/// Applies a gate (or its inverse) to the rows of a matrix given as two arrays.
void apply(const Op& op, double angle, bool inverse, std::size_t size, std::vector<double>& re,
           std::vector<double>& im) {
  const std::size_t bit = std::size_t{1} << op.q0, other = op.q1 >= 0 ? std::size_t{1} << op.q1 : 0;
  if (op.gate == Gate::cx || op.gate == Gate::cz) {
    for (std::size_t r = 0; r < size; ++r) {
      if (!(r & bit)) continue;
      if (op.gate == Gate::cx && !(r & other)) {
        std::swap_ranges(&re[r * size], &re[r * size] + size, &re[(r | other) * size]);
        std::swap_ranges(&im[r * size], &im[r * size] + size, &im[(r | other) * size]);
      }
      if (op.gate == Gate::cz && (r & other))
        for (std::size_t a = 0; a < size; ++a) {
          re[r * size + a] = -re[r * size + a];
          im[r * size + a] = -im[r * size + a];
        }
    }
    return;
  }
  auto [s, c] = sin_cos(0.5 * angle);
  if (inverse) s = -s;
  for (std::size_t r = 0; r < size; ++r) {
    if (r & bit) continue;
    double *x0 = &re[r * size], *y0 = &im[r * size], *x1 = &re[(r | bit) * size], *y1 = &im[(r | bit) * size];
    for (std::size_t a = 0; a < size; ++a) {
      const double p = x0[a], q = y0[a], u = x1[a], v = y1[a];
      if (op.gate == Gate::ry) {
        x0[a] = c * p - s * u;
        y0[a] = c * q - s * v;
        x1[a] = s * p + c * u;
        y1[a] = s * q + c * v;
      } else if (op.gate == Gate::rx) {
        x0[a] = c * p + s * v;
        y0[a] = c * q - s * u;
        x1[a] = c * u + s * q;
        y1[a] = c * v - s * p;
      } else {
        x0[a] = c * p + s * q;
        y0[a] = c * q - s * p;
        x1[a] = c * u - s * v;
        y1[a] = c * v + s * u;
      }
    }
  }
}

/// Re <bra| (-i/2 P) ket> over all columns, at the gate's output.
double generator_overlap(const Op& op, std::size_t size, const std::vector<double>& br,
                         const std::vector<double>& bi, const std::vector<double>& kr,
                         const std::vector<double>& ki) {
  const std::size_t bit = std::size_t{1} << op.q0;
  double sum = 0;
  for (std::size_t r = 0; r < size; ++r) {
    if (r & bit) continue;
    const std::size_t lo = r * size, hi = (r | bit) * size;
    double part = 0;
    for (std::size_t a = 0; a < size; ++a) {
      const std::size_t i = lo + a, j = hi + a;
      if (op.gate == Gate::ry)
        part += (br[j] * kr[i] + bi[j] * ki[i]) - (br[i] * kr[j] + bi[i] * ki[j]);
      else if (op.gate == Gate::rx)
        part += (br[i] * ki[j] - bi[i] * kr[j]) + (br[j] * ki[i] - bi[j] * kr[i]);
      else
        part += (br[i] * ki[i] - bi[i] * kr[i]) - (br[j] * ki[j] - bi[j] * kr[j]);
    }
    sum += part;
  }
  return 0.5 * sum;
}

}  // namespace

Block localised(const Block& block) {
  Block out = block;
  auto position = [&](int q) {
    return static_cast<int>(std::find(block.qubits.begin(), block.qubits.end(), q) - block.qubits.begin());
  };
  for (std::size_t i = 0; i < out.qubits.size(); ++i) out.qubits[i] = static_cast<int>(i);
  for (Op& op : out.ops) {
    op.q0 = position(op.q0);
    if (op.q1 >= 0) op.q1 = position(op.q1);
  }
  for (Readout& readout : out.outputs)
    for (ZString& z : readout.strings)
      for (int& q : z.qubits) q = position(q);
  return out;
}

BlockUnitary::BlockUnitary(const Block& block, std::span<const double> params)
    : block_(block), params_(params), size_(std::size_t{1} << block.qubits.size()) {
  re_.assign(size_ * size_, 0.0);
  im_.assign(size_ * size_, 0.0);
  for (std::size_t r = 0; r < size_; ++r) re_[r * size_ + r] = 1.0;
  for (const Op& op : block.ops)
    apply(op, op.source == Source::param ? params[op.index] : 0.0, false, size_, re_, im_);
  bra_re_.assign(size_ * size_, 0.0);
  bra_im_.assign(size_ * size_, 0.0);
}

void BlockUnitary::observable(std::span<const double> diagonal, bool complex, double* entries) const {
  for (std::size_t a = 0; a < size_; ++a) {
    std::vector<double> re(size_ - a, 0.0), im(size_ - a, 0.0);
    for (std::size_t r = 0; r < size_; ++r) {
      const double* vr = &re_[r * size_];
      const double* vi = &im_[r * size_];
      const double x = diagonal[r] * vr[a], y = -diagonal[r] * vi[a];
      for (std::size_t b = a; b < size_; ++b) {
        re[b - a] += x * vr[b] - y * vi[b];
        im[b - a] += x * vi[b] + y * vr[b];
      }
    }
    *entries++ = re[0];
    for (std::size_t b = 1; b < size_ - a; ++b) {
      *entries++ = 2 * re[b];
      if (complex) *entries++ = 2 * im[b];
    }
  }
}

void BlockUnitary::add_cotangent(std::span<const double> diagonal, const double* sums, bool complex,
                                 double* populations) {
  std::vector<double> gr(size_ * size_), gi(size_ * size_, 0.0);
  for (std::size_t a = 0; a < size_; ++a) {
    gr[a * size_ + a] = *sums++;
    for (std::size_t b = a + 1; b < size_; ++b) {
      gr[a * size_ + b] = gr[b * size_ + a] = *sums++;
      if (!complex) continue;
      gi[a * size_ + b] = *sums;
      gi[b * size_ + a] = -*sums++;
    }
  }
  std::vector<double> x(size_), y(size_);
  for (std::size_t r = 0; r < size_; ++r) {
    std::fill(x.begin(), x.end(), 0.0);
    std::fill(y.begin(), y.end(), 0.0);
    for (std::size_t c = 0; c < size_; ++c) {
      const double vr = re_[r * size_ + c], vi = im_[r * size_ + c];
      for (std::size_t a = 0; a < size_; ++a) {
        x[a] += vr * gr[c * size_ + a] - vi * gi[c * size_ + a];
        y[a] += vr * gi[c * size_ + a] + vi * gr[c * size_ + a];
      }
    }
    double population = 0;
    for (std::size_t a = 0; a < size_; ++a) {
      population += x[a] * re_[r * size_ + a] + y[a] * im_[r * size_ + a];
      bra_re_[r * size_ + a] += 2 * diagonal[r] * x[a];
      bra_im_[r * size_ + a] += 2 * diagonal[r] * y[a];
    }
    populations[r] += population;
  }
}

void BlockUnitary::gradient(std::span<double> gradient) {
  for (std::size_t i = block_.ops.size(); i-- > 0;) {
    const Op& op = block_.ops[i];
    const double angle = op.source == Source::param ? params_[op.index] : 0.0;
    if (op.source == Source::param)
      gradient[op.index] += generator_overlap(op, size_, bra_re_, bra_im_, re_, im_);
    apply(op, angle, true, size_, re_, im_);
    apply(op, angle, true, size_, bra_re_, bra_im_);
  }
}

}  // namespace qmtl::engine
