// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/model/layers/layer.h"

namespace qmtl {

/// What backward needs of a forward pass.
template <class Real>
struct FusionCache {
  std::vector<Matrix<Real>> values;
  Matrix<Real> gates, fused;
  LayerCache<Real> dense;
};

/// Joins the branches' values, a matrix of samples each, into the trunk's input.
template <class Real>
class Fusion {
 public:
  virtual ~Fusion() = default;
  virtual Shape shape() const = 0;
  // As those of a layer.
  virtual double cost() const { return 0.0; }
  virtual const std::vector<ParamInfo>& params() const { return params_; }
  virtual void initial(const InitialValues& /*random*/, std::uint32_t /*tensor*/,
                       std::span<double> /*values*/) const {}
  virtual void bind(std::span<const double> /*params*/) {}

  /// Takes the values.
  virtual void forward(std::vector<Matrix<Real>>& values, Matrix<Real>& joined,
                       FusionCache<Real>& cache) const = 0;
  /// Writes d loss / d value of every branch.
  virtual void backward(const FusionCache<Real>& cache, const Matrix<Real>& dy,
                        std::vector<Matrix<Real>>& dvalues, std::span<double> gradient) const = 0;

 protected:
  std::vector<ParamInfo> params_;
};

/// `branches` are the shapes that the branches of spec.inputs end with. Tensors "fusion.*". Throws Error
/// (usage) naming backbone.fusion or backbone.pairs.
template <class Real>
std::unique_ptr<Fusion<Real>> make_fusion(const ModelSpec& spec, const std::vector<Shape>& branches);

}  // namespace qmtl
