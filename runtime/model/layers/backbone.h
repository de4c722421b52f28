// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/model/layers/chain.h"
#include "runtime/model/layers/fusion.h"

namespace qmtl {

/// Named inputs -> branches -> fusion -> trunk -> dense to the representation z, without activation.
template <class Real>
class Backbone {
 public:
  /// What one forward pass leaves for the backward pass.
  struct Cache {
    std::vector<std::vector<LayerCache<Real>>> branches;
    FusionCache<Real> fusion;
    std::vector<LayerCache<Real>> trunk;
    Matrix<Real> joined;  ///< memory of the forward pass, kept for the next
    std::vector<Matrix<Real>> values;
  };

  /// `width` is that of z. Throws Error (usage) naming the table and key.
  Backbone(const ModelSpec& spec, std::size_t width, SimdTarget target = SimdTarget::best);

  /// Tensors "branch.<input>.<i>.*", "fusion.*", "trunk.<i>.*", "representation.*"; offsets from 0.
  const std::vector<ParamInfo>& params() const { return params_; }
  /// As Layer::cost: 6 x parameters where every parameter is used once a sample.
  double cost() const;
  /// Of all layers, inputs' branches first.
  std::vector<LayerCircuit> circuits() const;
  /// Fills values[all params]; the model's parameter list starts with the backbone's.
  void initial(const InitialValues& random, std::span<double> values) const;
  void bind(std::span<const double> params);

  /// Takes one matrix per input of the model, [samples, input width], standardised; what is left there is
  /// memory for the next ones.
  void forward(const Pass& pass, std::span<Matrix<Real>> inputs, Matrix<Real>& z, Cache& cache) const;
  void backward(const Cache& cache, const Matrix<Real>& dz, std::span<double> gradient) const;
  /// Of the layer to z alone, "representation.*", which are the last of the parameters: adds to
  /// gradient[their numbers].
  void backward_representation(const Cache& cache, const Matrix<Real>& dz, std::span<double> gradient) const;

 private:
  /// Where the parameters of a branch, the fusion or the trunk lie.
  struct Place {
    std::uint32_t tensor = 0;
    std::size_t begin = 0, size = 0;
    template <class Value>
    std::span<Value> of(std::span<Value> all) const {
      return all.subspan(begin, size);
    }
  };
  Place adopt(const std::vector<ParamInfo>& params);

  std::vector<ParamInfo> params_;
  std::vector<Chain<Real>> branches_;  ///< one per input
  std::unique_ptr<Fusion<Real>> fusion_;
  Chain<Real> trunk_;  ///< with the dense layer to z at its end
  std::vector<Place> branch_places_;
  Place fusion_place_, trunk_place_;
};

extern template class Backbone<float>;
extern template class Backbone<double>;

}  // namespace qmtl
