#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/model/layer.h"

namespace qmtl {

/// Named inputs -> branches -> concatenation -> trunk -> dense to the representation z, without activation.
template <class Real>
class Backbone {
 public:
  /// What one forward pass leaves for the backward pass.
  struct Cache {
    std::vector<std::vector<LayerCache<Real>>> branches;
    std::vector<LayerCache<Real>> trunk;
  };

  /// `width` is that of z. Throws Error (usage) naming the table and key.
  Backbone(const ModelSpec& spec, std::size_t width);

  /// Tensors "branch.<input>.<i>.*", "trunk.<i>.*", "representation.*"; offsets from 0.
  const std::vector<ParamInfo>& params() const { return params_; }
  /// Fills values[all params]; the model's parameter list starts with the backbone's.
  void initial(const InitialValues& random, std::span<double> values) const;
  void bind(std::span<const double> params);

  /// One matrix per input of the model, [samples, input width], standardised.
  void forward(const Pass& pass, std::span<const Matrix<Real>> inputs, Matrix<Real>& z, Cache& cache) const;
  void backward(const Cache& cache, const Matrix<Real>& dz, std::span<double> gradient) const;

 private:
  /// A layer and its place among the parameters.
  struct Slot {
    std::unique_ptr<Layer<Real>> layer;
    std::uint32_t tensor = 0;
    std::size_t begin = 0, size = 0;
  };
  using Chain = std::vector<Slot>;

  void append(Chain& chain, std::unique_ptr<Layer<Real>> layer, const std::string& prefix);
  std::size_t append_specs(Chain& chain, const std::vector<LayerSpec>& specs, std::size_t width,
                           const std::string& prefix);
  void run(const Chain& chain, const Pass& pass, Matrix<Real> x, Matrix<Real>& y,
           std::vector<LayerCache<Real>>& caches) const;
  void run_back(const Chain& chain, const std::vector<LayerCache<Real>>& caches, Matrix<Real> dy,
                Matrix<Real>* dx, std::span<double> gradient) const;
  template <class Action>
  void for_each_slot(Action action) const {
    for (const Chain& chain : branches_)
      for (const Slot& slot : chain) action(slot);
    for (const Slot& slot : trunk_) action(slot);
  }

  std::vector<ParamInfo> params_;
  std::vector<Chain> branches_;  ///< one per input
  std::vector<std::size_t> branch_widths_;
  Chain trunk_;  ///< with the dense layer to z at its end
  std::uint32_t layers_ = 0;
};

extern template class Backbone<float>;
extern template class Backbone<double>;

}  // namespace qmtl
