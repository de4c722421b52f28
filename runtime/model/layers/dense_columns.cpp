// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/layers/dense_columns.h"

#include <cmath>
#include <vector>

namespace qmtl {

double glorot(std::size_t inputs, std::size_t outputs) {
  return std::sqrt(6.0 / static_cast<double>(inputs + outputs));
}

template <class Real>
DenseColumns<Real>::DenseColumns(std::size_t width, std::size_t total, std::size_t first, std::size_t count)
    : width_(width), total_(total), first_(first), count_(count) {}

template <class Real>
void DenseColumns<Real>::bind(std::span<const double> params) {
  const auto rows = static_cast<Eigen::Index>(width_), columns = static_cast<Eigen::Index>(total_);
  const auto begin = static_cast<Eigen::Index>(first_), number = static_cast<Eigen::Index>(count_);
  const Eigen::Map<const Matrix<double>> weights(params.data(), rows, columns);
  const Eigen::Map<const Matrix<double>> biases(params.data() + rows * columns, 1, columns);
  weight_ = weights.middleCols(begin, number).template cast<Real>();
  transposed_ = weight_.transpose();
  bias_ = biases.middleCols(begin, number).template cast<Real>();
}

template <class Real>
void DenseColumns<Real>::forward(const Matrix<Real>& x, Matrix<Real>& y) const {
  multiply(x, weight_, y);
  y.rowwise() += bias_.row(0);
}

template <class Real>
void DenseColumns<Real>::backward(const Matrix<Real>& x, const Matrix<Real>& dy, Matrix<Real>& dx,
                                  std::span<double> gradient) const {
  multiply(dy, transposed_, dx);
  std::vector<double> weights(width_ * count_, 0.0);
  add_outer(x, dy, weights);
  for (std::size_t i = 0; i < width_; ++i)
    for (std::size_t j = 0; j < count_; ++j) gradient[i * total_ + first_ + j] += weights[i * count_ + j];
  add_rows(dy, gradient.subspan(width_ * total_ + first_, count_));
}

template class DenseColumns<float>;
template class DenseColumns<double>;

}  // namespace qmtl
