// SPDX-License-Identifier: Apache-2.0
#include <span>

#include "runtime/base/error.h"
#include "runtime/base/math.h"
#include "runtime/model/layers/elementwise.h"
#include "runtime/model/layers/layer_kinds.h"

namespace qmtl {
namespace {

// An activation's values y of x, and dx from dy and what is `kept`: x or y, whichever it needs.

struct Tanh {
  static constexpr bool keeps_input = false;
  template <class Real>
  static void values(std::span<const Real> x, std::span<Real> y) {
    tanh_each(x, y);
  }
  template <class Real>
  static void gradient(std::span<const Real> kept, std::span<const Real> dy, std::span<Real> dx) {
    tanh_gradient_each(kept, dy, dx);
  }
};
struct Relu {
  static constexpr bool keeps_input = false;
  template <class Real>
  static void values(std::span<const Real> x, std::span<Real> y) {
    relu_each(x, y);
  }
  template <class Real>
  static void gradient(std::span<const Real> kept, std::span<const Real> dy, std::span<Real> dx) {
    relu_gradient_each(kept, dy, dx);
  }
};
/// x Phi(x) with the normal distribution function Phi (Hendrycks & Gimpel 2016), not its tanh approximation.
struct Gelu {
  static constexpr bool keeps_input = true;
  static constexpr double inverse_sqrt_2 = 0.70710678118654752440, inverse_sqrt_2pi = 0.39894228040143267794;
  template <class Real>
  static void values(std::span<const Real> x, std::span<Real> y) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto v = static_cast<double>(x[i]);
      y[i] = static_cast<Real>(0.5 * v * (1.0 + math::erf(v * inverse_sqrt_2)));
    }
  }
  template <class Real>
  static void gradient(std::span<const Real> kept, std::span<const Real> dy, std::span<Real> dx) {
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const auto x = static_cast<double>(kept[i]);
      const double slope =
          0.5 * (1.0 + math::erf(x * inverse_sqrt_2)) + x * inverse_sqrt_2pi * math::exp(-0.5 * x * x);
      dx[i] = static_cast<Real>(static_cast<double>(dy[i]) * slope);
    }
  }
};

template <class Real, class Function>
class Elementwise final : public Layer<Real> {
 public:
  explicit Elementwise(const Shape& shape) : shape_(shape) {}
  Shape shape() const override { return shape_; }
  void forward(const Pass&, const Matrix<Real>& x, Matrix<Real>& y, LayerCache<Real>& cache) const override {
    y.resize(x.rows(), x.cols());
    Function::values(values_of(x), values_of(y));
    if (!Function::keeps_input) cache.extra = y;
  }
  void backward(const LayerCache<Real>& cache, const Matrix<Real>& dy, Matrix<Real>* dx,
                std::span<double>) const override {
    if (dx == nullptr) return;
    dx->resize(dy.rows(), dy.cols());
    const Matrix<Real>& kept = Function::keeps_input ? cache.input : cache.extra;
    Function::gradient(values_of(kept), values_of(dy), values_of(*dx));
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

constexpr LayerKey activation_keys[] = {
    {"activation", &LayerSpec::activation, {}, true, "the function of each number"}};

}  // namespace

constinit const LayerInfo activation_layer{
    LayerKind::activation,         "activation", activation_keys, make_activation_layer<float>,
    make_activation_layer<double>, nullptr};

}  // namespace qmtl
