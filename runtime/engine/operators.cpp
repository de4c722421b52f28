#include "runtime/engine/operators.h"

#include <algorithm>

#include "runtime/engine/simd.h"

namespace qmtl::engine {

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
    : block_(block), size_(std::size_t{1} << block.qubits.size()), stride_((size_ + 7) / 8 * 8) {
  std::vector<double> half;
  for (const Op& op : block.ops) half.push_back(op.source == Source::param ? 0.5 * params[op.index] : 0.0);
  sin_.resize(half.size());
  cos_.resize(half.size());
  // libm's sine differs between processors; the engine's own does not.
  static const KernelTable<double>& kernels = kernels_for<double>(SimdTarget::best);
  kernels.sincos(half.data(), sin_.data(), cos_.data(), half.size());
  matrix_.assign(2 * size_ * stride_, 0.0);
  for (std::size_t r = 0; r < size_; ++r) matrix_[r * stride_ + r] = 1.0;
  for (std::size_t i = 0; i < block.ops.size(); ++i) apply(block.ops[i], i, false, view(matrix_));
}

void BlockUnitary::apply(const Op& op, std::size_t rotation, bool inverse, MatrixView m) const {
  const std::size_t bit = std::size_t{1} << op.q0, other = op.q1 >= 0 ? std::size_t{1} << op.q1 : 0;
  if (is_rotation(op.gate))
    return unitary_kernels().rotate(op.gate, bit, cos_[rotation], inverse ? -sin_[rotation] : sin_[rotation],
                                    m);
  for (std::size_t r = 0; r < size_; ++r) {
    if (!(r & bit)) continue;
    for (double* part : {m.re, m.im}) {
      if (op.gate == Gate::cx && !(r & other))
        std::swap_ranges(part + r * stride_, part + (r + 1) * stride_, part + (r | other) * stride_);
      if (op.gate == Gate::cz && (r & other))
        for (std::size_t a = 0; a < stride_; ++a) part[r * stride_ + a] = -part[r * stride_ + a];
    }
  }
}

void BlockUnitary::observable(std::span<const double> diagonal, bool complex, double* entries) {
  row_.resize(2 * stride_);
  for (std::size_t a = 0; a < size_; ++a) {
    const double *re = row_.data(), *im = re + stride_;
    unitary_kernels().sandwich(diagonal.data(), a, view(matrix_), row_.data(), row_.data() + stride_);
    *entries++ = re[a];
    for (std::size_t b = a + 1; b < size_; ++b) {
      *entries++ = 2 * re[b];
      if (complex) *entries++ = 2 * im[b];
    }
  }
}

void BlockUnitary::add_cotangent(std::span<const double> diagonal, const double* sums, bool complex,
                                 double* populations) {
  bra_.resize(matrix_.size(), 0.0);
  gamma_.assign(matrix_.size(), 0.0);
  row_.resize(2 * stride_);
  const MatrixView gamma = view(gamma_);
  for (std::size_t a = 0; a < size_; ++a) {
    gamma.re[a * stride_ + a] = *sums++;
    for (std::size_t b = a + 1; b < size_; ++b) {
      gamma.re[a * stride_ + b] = gamma.re[b * stride_ + a] = *sums++;
      if (!complex) continue;
      gamma.im[a * stride_ + b] = *sums;
      gamma.im[b * stride_ + a] = -*sums++;
    }
  }
  unitary_kernels().weigh(diagonal.data(), view(matrix_), gamma, view(bra_), populations, row_.data());
}

void BlockUnitary::gradient(std::span<double> gradient) {
  for (std::size_t i = block_.ops.size(); i-- > 0;) {
    const Op& op = block_.ops[i];
    if (op.source == Source::param)
      gradient[op.index] +=
          unitary_kernels().overlap(op.gate, std::size_t{1} << op.q0, view(bra_), view(matrix_));
    apply(op, i, true, view(matrix_));
    apply(op, i, true, view(bra_));
  }
}

}  // namespace qmtl::engine
