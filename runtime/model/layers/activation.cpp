// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>

#include "runtime/base/error.h"
#include "runtime/base/math.h"
#include "runtime/model/layers/elementwise.h"
#include "runtime/model/layers/layer_kinds.h"

namespace qmtl {
namespace {

/// An activation's values in place of x, and its slope there from `kept`: x or the value, whichever it needs.
struct Tanh {
  static constexpr bool keeps_input = false;
  static void values(std::span<double> x) { tanh_each(x); }
  static double slope(double y) { return 1.0 - y * y; }
};
struct Relu {
  static constexpr bool keeps_input = false;
  static void values(std::span<double> x) {
    for (double& v : x) v = v > 0.0 ? v : 0.0;
  }
  static double slope(double y) { return y > 0.0 ? 1.0 : 0.0; }
};
/// x Phi(x) with the normal distribution function Phi (Hendrycks & Gimpel 2016), not its tanh approximation.
struct Gelu {
  static constexpr bool keeps_input = true;
  static constexpr double inverse_sqrt_2 = 0.70710678118654752440, inverse_sqrt_2pi = 0.39894228040143267794;
  static void values(std::span<double> x) {
    for (double& v : x) v = 0.5 * v * (1.0 + math::erf(v * inverse_sqrt_2));
  }
  static double slope(double x) {
    return 0.5 * (1.0 + math::erf(x * inverse_sqrt_2)) + x * inverse_sqrt_2pi * math::exp(-0.5 * x * x);
  }
};

template <class Real, class Function>
class Elementwise final : public Layer<Real> {
 public:
  explicit Elementwise(const Shape& shape) : shape_(shape) {}
  Shape shape() const override { return shape_; }
  void forward(const Pass&, const Matrix<Real>& x, Matrix<Real>& y, LayerCache<Real>& cache) const override {
    y.resize(x.rows(), x.cols());
    constexpr std::size_t most = 512;
    double part[most];
    const auto size = static_cast<std::size_t>(x.size());
    for (std::size_t first = 0; first < size; first += most) {
      const std::size_t count = std::min(most, size - first);
      std::copy_n(x.data() + first, count, part);
      Function::values(std::span(part, count));
      for (std::size_t i = 0; i < count; ++i) y.data()[first + i] = static_cast<Real>(part[i]);
    }
    if (!Function::keeps_input) cache.extra = y;
  }
  void backward(const LayerCache<Real>& cache, const Matrix<Real>& dy, Matrix<Real>* dx,
                std::span<double>) const override {
    if (dx == nullptr) return;
    dx->resize(dy.rows(), dy.cols());
    const Real* kept = (Function::keeps_input ? cache.input : cache.extra).data();
    for (Eigen::Index i = 0; i < dy.size(); ++i)
      dx->data()[i] = static_cast<Real>(dy.data()[i] * Function::slope(static_cast<double>(kept[i])));
  }

 private:
  Shape shape_;
};

}  // namespace

template <class Real>
LayerPointer<Real> make_activation(Activation kind, const Shape& input) {
  switch (kind) {
    case Activation::none:
      break;
    case Activation::tanh:
      return std::make_unique<Elementwise<Real, Tanh>>(input);
    case Activation::relu:
      return std::make_unique<Elementwise<Real, Relu>>(input);
    case Activation::gelu:
      return std::make_unique<Elementwise<Real, Gelu>>(input);
  }
  return nullptr;
}

template LayerPointer<float> make_activation(Activation, const Shape&);
template LayerPointer<double> make_activation(Activation, const Shape&);

namespace {

/// make_layers appends the activation, as to every layer that has one.
template <class Real>
LayerPointer<Real> make_activation_layer(const LayerSetup& setup) {
  if (setup.spec.activation == Activation::none)
    throw usage_error(setup.where + ".activation: an activation layer needs one of tanh, relu, gelu");
  return nullptr;
}

constexpr LayerKey activation_keys[] = {{"activation", &LayerSpec::activation, {}, true}};

}  // namespace

constinit const LayerInfo activation_layer{
    LayerKind::activation,         "activation", activation_keys, make_activation_layer<float>,
    make_activation_layer<double>, nullptr};

}  // namespace qmtl
