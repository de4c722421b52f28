// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "differences.h"
#include "runtime/model/layers/backbone.h"

namespace qmtl::test {

/// Values in [-1, 1), the same for the same number.
inline Matrix<double> sample_matrix(Eigen::Index rows, Eigen::Index columns, std::uint32_t number) {
  const RandomStream random(11, Purpose::initial);
  Matrix<double> x(rows, columns);
  for (Eigen::Index i = 0; i < x.size(); ++i)
    x.data()[i] = 2.0 * random.uniform({number, 0, 0, static_cast<std::uint32_t>(i)}) - 1.0;
  return x;
}

inline std::vector<double> flat(const Matrix<double>& x) { return {x.data(), x.data() + x.size()}; }

/// A backbone with parameters: initial values, each shifted a little so that none is special.
struct BoundBackbone {
  Backbone<double> backbone;
  std::vector<double> params;

  BoundBackbone(const ModelSpec& spec, std::size_t width, std::uint64_t seed = 3) : backbone(spec, width) {
    params.resize(count_params(backbone.params()));
    backbone.initial(InitialValues(seed), params);
    for (std::size_t i = 0; i < params.size(); ++i) params[i] += 0.05 * std::cos(static_cast<double>(i));
    backbone.bind(params);
  }
  Matrix<double> run(const Pass& pass, const std::vector<Matrix<double>>& inputs) const {
    Matrix<double> z;
    Backbone<double>::Cache cache;
    std::vector<Matrix<double>> taken = inputs;
    backbone.forward(pass, taken, z, cache);
    return z;
  }
  /// Gradient of the sum of z times the cotangent.
  std::vector<double> gradient(const Pass& pass, const std::vector<Matrix<double>>& inputs,
                               const Matrix<double>& cotangent) const {
    Matrix<double> z;
    Backbone<double>::Cache cache;
    std::vector<Matrix<double>> taken = inputs;
    backbone.forward(pass, taken, z, cache);
    std::vector<double> gradient(params.size(), 0.0);
    backbone.backward(cache, cotangent, gradient);
    return gradient;
  }
};

/// Largest deviation of a backbone's gradient from central differences, four samples.
inline double gradient_deviation(const ModelSpec& spec) {
  static const std::vector<std::size_t> samples{3, 8, 1, 200};
  const Pass pass{true, 7, 2, samples};
  BoundBackbone bound(spec, 2);
  std::vector<Matrix<double>> inputs;
  for (std::size_t width : spec.input_widths)
    inputs.push_back(
        sample_matrix(4, static_cast<Eigen::Index>(width), static_cast<std::uint32_t>(inputs.size())));
  const Matrix<double> cotangent = sample_matrix(4, 2, 99);
  const std::vector<double> found = bound.gradient(pass, inputs, cotangent);
  const auto loss = [&](const std::vector<double>& at) {
    bound.backbone.bind(at);
    const Matrix<double> z = bound.run(pass, inputs);
    double sum = 0.0;
    for (Eigen::Index i = 0; i < z.size(); ++i) sum += z.data()[i] * cotangent.data()[i];
    return sum;
  };
  return largest_deviation(found, differences(loss, bound.params));
}

/// The columns of what `layers` make of the input, seen through a representation that copies: for layers
/// without parameters, and those whose parameters `set` fills (they come first).
inline Matrix<double> output_of(const ModelSpec& spec, std::size_t width, const Pass& pass,
                                const std::vector<Matrix<double>>& inputs,
                                const std::vector<double>& set = {}) {
  Backbone<double> backbone(spec, width);
  std::vector<double> params(count_params(backbone.params()), 0.0);
  std::copy(set.begin(), set.end(), params.begin());
  for (std::size_t i = 0; i < width; ++i)
    params[params.size() - width - width * width + i * (width + 1)] = 1.0;
  backbone.bind(params);
  Matrix<double> z;
  Backbone<double>::Cache cache;
  std::vector<Matrix<double>> taken = inputs;
  backbone.forward(pass, taken, z, cache);
  return z;
}

inline ModelSpec image_spec(std::vector<std::size_t> shape, std::vector<LayerSpec> layers) {
  ModelSpec spec;
  spec.inputs = {"x"};
  std::size_t width = 1;
  for (std::size_t extent : shape) width *= extent;
  spec.input_widths = {width};
  spec.input_shapes = {std::move(shape)};
  spec.backbone.trunk = std::move(layers);
  return spec;
}

inline LayerSpec conv(int channels, int kernel, int stride, int padding,
                      Activation activation = Activation::none) {
  LayerSpec spec;
  spec.kind = LayerKind::conv;
  spec.channels = channels;
  spec.kernel = kernel;
  spec.stride = stride;
  spec.padding = padding;
  spec.activation = activation;
  return spec;
}
inline LayerSpec pool(PoolKind kind, int size) {
  LayerSpec spec;
  spec.kind = LayerKind::pool;
  spec.pool = kind;
  spec.size = size;
  return spec;
}
inline LayerSpec global_pool(PoolKind kind) {
  LayerSpec spec = pool(kind, 1);
  spec.kind = LayerKind::global_pool;
  return spec;
}
inline LayerSpec residual(std::vector<LayerSpec> layers) {
  LayerSpec spec;
  spec.kind = LayerKind::residual;
  spec.layers = std::move(layers);
  return spec;
}
inline LayerSpec augment(int shift, bool flip, double noise) {
  LayerSpec spec;
  spec.kind = LayerKind::augment;
  spec.shift = shift;
  spec.flip = flip;
  spec.noise = noise;
  return spec;
}

}  // namespace qmtl::test
