// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/operators.h"

#include <algorithm>

#include "runtime/engine/binding.h"

namespace qmtl::engine {
namespace {

template <class Real>
MatrixView<Real> view(Real* storage, std::size_t size, std::size_t stride) {
  return {storage, storage + size * stride, size, stride};
}

/// The block alone on qubits 0..k-1, with compact parameters.
Cone alone(const Block& block) {
  Cone cone;
  cone.circuit.qubits = static_cast<int>(block.qubits.size());
  auto position = [&](int q) {
    return static_cast<int>(std::find(block.qubits.begin(), block.qubits.end(), q) - block.qubits.begin());
  };
  auto compact = [&](int param) {
    const auto found = std::find(cone.params.begin(), cone.params.end(), param);
    if (found == cone.params.end()) cone.params.push_back(param);
    return static_cast<int>(std::find(cone.params.begin(), cone.params.end(), param) - cone.params.begin());
  };
  Block local = block;
  for (std::size_t i = 0; i < local.qubits.size(); ++i) local.qubits[i] = static_cast<int>(i);
  for (Op& op : local.ops) {
    op.q0 = position(op.q0);
    if (op.q1 >= 0) op.q1 = position(op.q1);
    if (op.source == Source::param) op.index = compact(op.index);
  }
  for (std::size_t o = 0; o < local.outputs.size(); ++o) {
    cone.outputs.push_back(static_cast<int>(o));
    for (ZString& z : local.outputs[o].strings) {
      for (int& q : z.qubits) q = position(q);
      if (z.weight_param >= 0) z.weight_param = compact(z.weight_param);
    }
  }
  cone.circuit.blocks.push_back(std::move(local));
  cone.circuit.params = static_cast<int>(cone.params.size());
  return cone;
}

/// Working memory of the calling thread, grown on demand and kept.
template <class Real>
Real* scratch(std::size_t count) {
  thread_local AlignedVector<Real> memory;
  if (memory.size() < count) memory.resize(count);
  return memory.data();
}

}  // namespace

template <class Real>
BlockOperator<Real>::BlockOperator(const Block& block, bool second_moments, bool complex, Programs& programs,
                                   const StepKernels<Real>& step)
    : kernels_(step.unitaries),
      size_(std::size_t{1} << block.qubits.size()),
      stride_((size_ + tile - 1) / tile * tile),
      values_(block.outputs.size() * (second_moments ? 2 : 1)),
      complex_(complex),
      part_(std::make_unique<BoundPart<Real>>(
          Part{alone(block), BlockMethod::branch}, static_cast<int>(block.outputs.size()), second_moments,
          programs, step, CompileOptions{.complex = complex, .products = false})),
      matrix_(2 * size_ * stride_) {}
template <class Real>
BlockOperator<Real>::~BlockOperator() = default;
template <class Real>
BlockOperator<Real>::BlockOperator(BlockOperator&&) noexcept = default;

template <class Real>
MatrixView<Real> BlockOperator<Real>::unitary() const {
  return view(matrix_.data(), size_, stride_);
}

template <class Real>
void BlockOperator<Real>::bind(std::span<const double> params) {
  part_->bind(params);
  const std::size_t count = matrix_.size();
  Real* memory = scratch<Real>(count + kernels_.workspace(part_->bound()));
  std::fill_n(memory, count, Real(0));
  for (std::size_t a = 0; a < size_; ++a) memory[a * stride_ + a] = 1;
  kernels_.apply(part_->bound(), view(memory, size_, stride_), unitary(), memory + count);
}

template <class Real>
const std::vector<int>& BlockOperator<Real>::params() const {
  return part_->params();
}

template <class Real>
std::size_t BlockOperator<Real>::values() const {
  return values_;
}

template <class Real>
void BlockOperator<Real>::observables(Real* rows, std::size_t stride) const {
  const MatrixView<Real> out = view(scratch<Real>(matrix_.size()), size_, stride_);
  for (const std::vector<Real>& diagonal : part_->bound().diagonals[0].value) {
    kernels_.sandwich(diagonal.data(), unitary(), out);
    Real* entries = rows;
    rows += stride;
    for (std::size_t a = 0; a < size_; ++a) {
      const Real *re = out.re + a * stride_, *im = out.im + a * stride_;
      *entries++ = re[a];
      for (std::size_t b = a + 1; b < size_; ++b) {
        *entries++ = 2 * re[b];
        if (complex_) *entries++ = 2 * im[b];
      }
    }
  }
}

template <class Real>
void BlockOperator<Real>::read_density(const double* entries, MatrixView<Real> gamma) const {
  for (std::size_t a = 0; a < size_; ++a) {
    gamma.re[a * stride_ + a] = static_cast<Real>(*entries++);
    gamma.im[a * stride_ + a] = 0;
    for (std::size_t b = a + 1; b < size_; ++b) {
      gamma.re[a * stride_ + b] = gamma.re[b * stride_ + a] = static_cast<Real>(*entries++);
      if (!complex_) continue;
      gamma.im[a * stride_ + b] = static_cast<Real>(*entries);
      gamma.im[b * stride_ + a] = static_cast<Real>(-*entries++);
    }
  }
}

/// With gamma_v = the sum of cotangent times density matrix of value v, the gradient is the sum over v of
/// 2 Re tr((D_v V)^dagger dV gamma_v). One value alone needs no V gamma.
template <class Real>
std::vector<double> BlockOperator<Real>::gradient(const double* sums) const {
  const Bound<Real>& bound = part_->bound();
  const Diagonals<Real>& diagonals = bound.diagonals[0];
  const std::size_t count = matrix_.size();
  const std::size_t entries = complex_ ? size_ * size_ : size_ * (size_ + 1) / 2;
  Real* memory = scratch<Real>(4 * count + kernels_.workspace(bound));
  Real* workspace = memory + 4 * count;
  const MatrixView<Real> gamma = view(memory, size_, stride_), bra = view(memory + count, size_, stride_),
                         moved = view(memory + 2 * count, size_, stride_),
                         identity = view(memory + 3 * count, size_, stride_);
  if (!complex_ || stride_ != size_) std::fill_n(memory, count, Real(0));  // what read_density leaves out
  thread_local UnitSums<Real> unit;
  part_->clear(unit, kernels_.lanes.count);
  if (diagonals.value.size() == 1 && diagonals.weights.empty()) {
    read_density(sums, gamma);
    kernels_.scale_rows(diagonals.value[0].data(), unitary(), bra, false);
    kernels_.gradient(bound, gamma, bra, unit, workspace);
  } else {
    std::fill_n(identity.re, count, Real(0));
    std::vector<double> populations(size_);
    std::size_t weight = 0;
    for (std::size_t v = 0; v < diagonals.value.size(); ++v) {
      read_density(sums + v * entries, gamma);
      kernels_.apply(bound, gamma, moved, workspace);
      kernels_.scale_rows(diagonals.value[v].data(), moved, bra, v > 0);
      kernels_.row_products(unitary(), moved, populations.data());
      for (; weight < diagonals.weights.size() && diagonals.weights[weight].column == diagonals.column[v];
           ++weight)
        for (std::size_t r = 0; r < size_; ++r)
          unit.weight[weight] += diagonals.weights[weight].diagonal[r] * populations[r];
    }
    for (std::size_t a = 0; a < size_; ++a) identity.re[a * stride_ + a] = 1;
    kernels_.gradient(bound, identity, bra, unit, workspace);
  }
  thread_local std::vector<double> flat;
  flat.assign(part_->sums_size(), 0.0);
  part_->add_sums(unit, kernels_.lanes, flat.data());
  return part_->local_gradients(flat.data());
}

template class BlockOperator<float>;
template class BlockOperator<double>;

}  // namespace qmtl::engine
