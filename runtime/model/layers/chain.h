// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/model/layers/layer.h"

namespace qmtl {

/// Layers one after another, on samples of a given shape.
template <class Real>
class Chain {
 public:
  explicit Chain(const Shape& input) : shape_(input) {}
  /// Layers "<where>.<i>" of specs[i]; see make_layers for `making` and the errors.
  void append(const std::vector<LayerSpec>& specs, LayerMaking& making, const std::string& where);
  void append(std::unique_ptr<Layer<Real>> layer, const std::string& prefix);

  bool empty() const { return slots_.empty(); }
  const Shape& shape() const { return shape_; }  ///< of a sample's output
  double cost() const;                           ///< as Layer::cost
  void append_circuits(std::vector<LayerCircuit>& circuits) const;
  const std::vector<ParamInfo>& params() const { return params_; }  ///< offsets from 0

  // As those of a layer.
  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const;
  void bind(std::span<const double> params);
  /// Takes x; what is left there is memory for the next one.
  void forward(const Pass& pass, Matrix<Real>& x, Matrix<Real>& y,
               std::vector<LayerCache<Real>>& caches) const;
  void backward(const std::vector<LayerCache<Real>>& caches, Matrix<Real> dy, Matrix<Real>* dx,
                std::span<double> gradient) const;
  /// Of the last layer's parameters alone.
  void backward_last(const std::vector<LayerCache<Real>>& caches, const Matrix<Real>& dy,
                     std::span<double> gradient) const;

 private:
  /// A layer and its place among the parameters.
  struct Slot {
    std::unique_ptr<Layer<Real>> layer;
    std::uint32_t tensor = 0;
    std::size_t begin = 0, size = 0;
  };

  Shape shape_;
  std::vector<Slot> slots_;
  std::vector<ParamInfo> params_;
};

extern template class Chain<float>;
extern template class Chain<double>;

}  // namespace qmtl
