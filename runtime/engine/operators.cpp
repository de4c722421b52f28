#include "runtime/engine/operators.h"

#include <algorithm>

#include "runtime/engine/binding.h"

namespace qmtl::engine {
namespace {

MatrixView view(double* storage, std::size_t size, std::size_t stride) {
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

double* scratch(std::size_t count) {
  thread_local AlignedVector<double> memory;
  if (memory.size() < count) memory.resize(count);
  return memory.data();
}

}  // namespace

BlockOperator::BlockOperator(const Block& block, bool second_moments)
    : size_(std::size_t{1} << block.qubits.size()),
      stride_((size_ + tile - 1) / tile * tile),
      part_(std::make_unique<BoundPart<double>>(Part{alone(block), BlockMethod::branch},
                                                static_cast<int>(block.outputs.size()), second_moments)),
      matrix_(2 * size_ * stride_) {}
BlockOperator::~BlockOperator() = default;
BlockOperator::BlockOperator(BlockOperator&&) noexcept = default;

void BlockOperator::bind(std::span<const double> params) {
  part_->bind(params);
  const UnitaryKernels& kernels = unitary_kernels();
  kernels.matrix(part_->bound(), view(matrix_.data(), size_, stride_),
                 scratch(kernels.workspace(part_->bound())));
}

std::size_t BlockOperator::values() const { return part_->bound().diagonals[0].value.size(); }

void BlockOperator::observable(std::size_t value, bool complex, double* entries) const {
  const std::vector<double>& diagonal = part_->bound().diagonals[0].value[value];
  double *re = scratch(2 * stride_), *im = re + stride_;
  const MatrixView m = view(const_cast<double*>(matrix_.data()), size_, stride_);
  for (std::size_t a = 0; a < size_; ++a) {
    unitary_kernels().sandwich(diagonal.data(), a, m, re, im);
    *entries++ = re[a];
    for (std::size_t b = a + 1; b < size_; ++b) {
      *entries++ = 2 * re[b];
      if (complex) *entries++ = 2 * im[b];
    }
  }
}

void BlockOperator::gradient(const double* sums, std::size_t entries, bool complex, double* params) const {
  const UnitaryKernels& kernels = unitary_kernels();
  const Diagonals<double>& diagonals = part_->bound().diagonals[0];
  const std::size_t count = 2 * size_ * stride_, workspace = kernels.workspace(part_->bound());
  double* memory = scratch(2 * count + 3 * stride_ + workspace);
  double *row_memory = memory + 2 * count, *populations = row_memory + 2 * stride_;
  const MatrixView m = view(const_cast<double*>(matrix_.data()), size_, stride_);
  const MatrixView bra = view(memory, size_, stride_), gamma = view(memory + count, size_, stride_);
  std::fill_n(memory, 2 * count, 0.0);
  UnitSums<double> unit = part_->unit_sums(kernels.lanes);
  std::size_t weight = 0;
  for (std::size_t v = 0; v < diagonals.value.size(); ++v) {
    const double* from = sums + v * entries;
    for (std::size_t a = 0; a < size_; ++a) {
      gamma.re[a * stride_ + a] = *from++;
      for (std::size_t b = a + 1; b < size_; ++b) {
        gamma.re[a * stride_ + b] = gamma.re[b * stride_ + a] = *from++;
        if (!complex) continue;
        gamma.im[a * stride_ + b] = *from;
        gamma.im[b * stride_ + a] = -*from++;
      }
    }
    std::fill_n(populations, size_, 0.0);
    kernels.weigh(diagonals.value[v].data(), m, gamma, bra, populations, row_memory);
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

}  // namespace qmtl::engine
