// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/layer.h"

#include "runtime/base/error.h"
#include "runtime/model/layer_kinds.h"

namespace qmtl {

void require_image(const LayerSpec& spec, const Shape& input, const std::string& where) {
  if (!input.image)
    throw usage_error(where + ".type: a layer of type " + std::string(name(spec.kind)) +
                      " needs images [channels, height, width], found " + input.text() +
                      "; put it before the dense layers, or give the input its shape: [input.<name>] shape = "
                      "[height, width]");
}

template <class Real>
std::vector<std::unique_ptr<Layer<Real>>> make_layers(const LayerSpec& spec, const Shape& input,
                                                      std::uint32_t& number, const std::string& where) {
  std::vector<std::unique_ptr<Layer<Real>>> layers;
  const std::uint32_t own = number++;
  switch (spec.kind) {
    case LayerKind::dense:
      if (spec.width < 1)
        throw usage_error(where + ".width: a dense layer needs a width of at least 1, found " +
                          std::to_string(spec.width));
      layers.push_back(make_dense<Real>(input.size(), static_cast<std::size_t>(spec.width),
                                        spec.activation == Activation::relu));
      break;
    case LayerKind::conv:
      layers.push_back(make_conv<Real>(spec, input, where));
      break;
    case LayerKind::activation:
      if (spec.activation == Activation::none)
        throw usage_error(where + ".activation: an activation layer needs one of tanh, relu, gelu");
      break;
    case LayerKind::layer_norm:
      layers.push_back(make_layer_norm<Real>(input));
      break;
    case LayerKind::dropout:
      layers.push_back(make_dropout<Real>(spec, input, own, where));
      break;
    case LayerKind::pool:
    case LayerKind::global_pool:
      layers.push_back(make_pool<Real>(spec, input, where));
      break;
    case LayerKind::residual:
      layers.push_back(make_residual<Real>(spec, input, number, where));
      break;
    case LayerKind::augment:
      layers.push_back(make_augment<Real>(spec, input, own, where));
      break;
  }
  // Only dense, conv and activation layers have one.
  if (spec.activation != Activation::none)
    layers.push_back(make_activation<Real>(spec.activation, layers.empty() ? input : layers.back()->shape()));
  return layers;
}

template std::vector<std::unique_ptr<Layer<float>>> make_layers(const LayerSpec&, const Shape&,
                                                                std::uint32_t&, const std::string&);
template std::vector<std::unique_ptr<Layer<double>>> make_layers(const LayerSpec&, const Shape&,
                                                                 std::uint32_t&, const std::string&);

}  // namespace qmtl
