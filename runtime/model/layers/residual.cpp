// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/error.h"
#include "runtime/model/layers/chain.h"
#include "runtime/model/layers/layer_kinds.h"

namespace qmtl {
namespace {

/// y = x + f(x) (He et al. 2016).
template <class Real>
class Residual final : public Layer<Real> {
 public:
  explicit Residual(Chain<Real> inside) : inside_(std::move(inside)) {}
  Shape shape() const override { return inside_.shape(); }
  double cost() const override { return inside_.cost(); }
  void append_circuits(std::vector<LayerCircuit>& circuits) const override {
    inside_.append_circuits(circuits);
  }
  void append_params(const std::string&, std::vector<ParamInfo>& params) const override {
    // The layers inside already carry this layer's prefix.
    for (const ParamInfo& info : inside_.params())
      append_param(params, info.name, info.shape, info.head, info.decay);
  }
  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const override {
    inside_.initial(random, tensor, values);
  }
  void bind(std::span<const double> params) override { inside_.bind(params); }
  void forward(const Pass& pass, const Matrix<Real>& x, Matrix<Real>& y,
               LayerCache<Real>& cache) const override {
    cache.extra = x;
    inside_.forward(pass, cache.extra, y, cache.inner);
    y += x;
  }
  void backward(const LayerCache<Real>& cache, const Matrix<Real>& dy, Matrix<Real>* dx,
                std::span<double> gradient) const override {
    inside_.backward(cache.inner, dy, dx, gradient);
    if (dx != nullptr) *dx += dy;
  }

 private:
  Chain<Real> inside_;
};

template <class Real>
LayerPointer<Real> make_residual_layer(const LayerSetup& setup) {
  const auto& [spec, input, number, making, where] = setup;
  if (spec.layers.empty())
    throw usage_error(where + ".layers: a residual layer needs at least one layer, found none");
  Chain<Real> inside(input);
  inside.append(spec.layers, making, where);
  if (inside.shape() != input)
    throw usage_error(where + ".layers: y = x + f(x) needs equal shapes, found x " + input.text() +
                      " and f(x) " + inside.shape().text() +
                      "; change the width, channels, stride or padding of the layers inside");
  return std::make_unique<Residual<Real>>(std::move(inside));
}

std::size_t list_residual_layer(const LayerListing& to) {
  const Shape shape = to.list[to.from].shape;
  const std::size_t through = list_layers(to.model, to.list, to.from, to.spec.layers, to.name);
  return to.list.add(ops::Residual{}, {to.from, through}, shape);
}

constexpr LayerKey residual_keys[] = {
    {"layers", &LayerSpec::layers, {}, true, "f in x + f(x), which keeps the shape"}};

}  // namespace

constinit const LayerInfo residual_layer{
    LayerKind::residual,         "residual",         residual_keys, make_residual_layer<float>,
    make_residual_layer<double>, list_residual_layer};

}  // namespace qmtl
