// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "runtime/model/matrix.h"

namespace qmtl {

/// The limit of a dense layer's uniform initial weights (Glorot and Bengio 2010).
double glorot(std::size_t inputs, std::size_t outputs);

/// Some columns of a dense layer y = x W + b: what one task, or one task group, needs of it. The whole
/// layer's parameters are [W (width x total, row-major) | b (total)]; gradients have the same shape.
template <class Real>
class DenseColumns {
 public:
  /// Columns first .. first + count - 1 of `total`.
  DenseColumns(std::size_t width, std::size_t total, std::size_t first, std::size_t count);

  std::size_t width() const { return width_; }
  std::size_t first() const { return first_; }
  std::size_t count() const { return count_; }

  void bind(std::span<const double> params);
  /// y[rows, count] of x[rows, width].
  void forward(const Matrix<Real>& x, Matrix<Real>& y) const;
  /// Writes dx = d loss / d x and ADDS these columns' gradients, summed over rows in order.
  void backward(const Matrix<Real>& x, const Matrix<Real>& dy, Matrix<Real>& dx,
                std::span<double> gradient) const;

 private:
  std::size_t width_, total_, first_, count_;
  Matrix<Real> weight_, transposed_, bias_;
};

extern template class DenseColumns<float>;
extern template class DenseColumns<double>;

}  // namespace qmtl
