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

template <class Real>
Real* scratch(std::size_t count) {
  thread_local AlignedVector<Real> memory;
  if (memory.size() < count) memory.resize(count);
  return memory.data();
}

}  // namespace

template <class Real>
BlockOperator<Real>::BlockOperator(const Block& block, bool second_moments)
    : size_(std::size_t{1} << block.qubits.size()),
      stride_((size_ + tile - 1) / tile * tile),
      part_(std::make_unique<BoundPart<Real>>(Part{alone(block), BlockMethod::branch},
                                              static_cast<int>(block.outputs.size()), second_moments)),
      matrix_(2 * size_ * stride_) {}
template <class Real>
BlockOperator<Real>::~BlockOperator() = default;
template <class Real>
BlockOperator<Real>::BlockOperator(BlockOperator&&) noexcept = default;

template <class Real>
void BlockOperator<Real>::bind(std::span<const double> params) {
  part_->bind(params);
  const UnitaryKernels<Real>& kernels = unitary_kernels<Real>();
  kernels.matrix(part_->bound(), view(matrix_.data(), size_, stride_),
                 scratch<Real>(kernels.workspace(part_->bound())));
}

template <class Real>
std::size_t BlockOperator<Real>::values() const {
  return part_->bound().diagonals[0].value.size();
}

template <class Real>
void BlockOperator<Real>::observable(std::size_t value, bool complex, Real* entries) const {
  const std::vector<Real>& diagonal = part_->bound().diagonals[0].value[value];
  Real *re = scratch<Real>(2 * stride_), *im = re + stride_;
  const MatrixView<Real> m = view(const_cast<Real*>(matrix_.data()), size_, stride_);
  for (std::size_t a = 0; a < size_; ++a) {
    unitary_kernels<Real>().sandwich(diagonal.data(), a, m, re, im);
    *entries++ = re[a];
    for (std::size_t b = a + 1; b < size_; ++b) {
      *entries++ = 2 * re[b];
      if (complex) *entries++ = 2 * im[b];
    }
  }
}

template <class Real>
void BlockOperator<Real>::gradient(const double* sums, std::size_t entries, bool complex,
                                   double* params) const {
  const UnitaryKernels<Real>& kernels = unitary_kernels<Real>();
  const Diagonals<Real>& diagonals = part_->bound().diagonals[0];
  const std::size_t count = 2 * size_ * stride_, workspace = kernels.workspace(part_->bound());
  Real* memory = scratch<Real>(2 * count + 3 * stride_ + workspace);
  Real* row_memory = memory + 2 * count;
  std::vector<double> populations(size_);
  const MatrixView<Real> m = view(const_cast<Real*>(matrix_.data()), size_, stride_);
  const MatrixView<Real> bra = view(memory, size_, stride_), gamma = view(memory + count, size_, stride_);
  std::fill_n(memory, 2 * count, Real(0));
  UnitSums<Real> unit = part_->unit_sums(kernels.lanes);
  std::size_t weight = 0;
  for (std::size_t v = 0; v < diagonals.value.size(); ++v) {
    const double* from = sums + v * entries;
    for (std::size_t a = 0; a < size_; ++a) {
      gamma.re[a * stride_ + a] = static_cast<Real>(*from++);
      for (std::size_t b = a + 1; b < size_; ++b) {
        gamma.re[a * stride_ + b] = gamma.re[b * stride_ + a] = static_cast<Real>(*from++);
        if (!complex) continue;
        gamma.im[a * stride_ + b] = static_cast<Real>(*from);
        gamma.im[b * stride_ + a] = static_cast<Real>(-*from++);
      }
    }
    std::fill(populations.begin(), populations.end(), 0.0);
    kernels.weigh(diagonals.value[v].data(), m, gamma, bra, populations.data(), row_memory);
    for (; weight < diagonals.weights.size() && diagonals.weights[weight].column == diagonals.column[v];
         ++weight)
      for (std::size_t r = 0; r < size_; ++r)
        unit.weight[weight] += diagonals.weights[weight].diagonal[r] * populations[r];
  }
  kernels.gradient(part_->bound(), bra, unit, memory + 2 * count + 3 * stride_);
  std::vector<double> flat(part_->sums_size(), 0.0);
  part_->add_sums(unit, kernels.lanes, flat.data());
  part_->finish(flat.data(), params);
}

template class BlockOperator<float>;
template class BlockOperator<double>;

}  // namespace qmtl::engine
