// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/error.h"
#include "runtime/model/layers/layer_kinds.h"
#include "runtime/model/layers/random_each.h"

namespace qmtl {
namespace {

/// Inverted dropout: kept values are divided by the probability of being kept (Srivastava et al. 2014).
template <class Real>
class Dropout final : public Layer<Real> {
 public:
  Dropout(const Shape& shape, double rate, std::uint32_t number)
      : shape_(shape), rate_(rate), number_(number) {}
  Shape shape() const override { return shape_; }
  void forward(const Pass& pass, const Matrix<Real>& x, Matrix<Real>& y,
               LayerCache<Real>& cache) const override {
    if (!pass.training) {
      y = x;
      cache.extra.resize(0, 0);
      return;
    }
    const RandomStream random(pass.seed, Purpose::dropout);
    const Real kept = static_cast<Real>(1.0 / (1.0 - rate_));
    cache.extra.resize(x.rows(), x.cols());
    std::vector<double> numbers(static_cast<std::size_t>(x.cols()));
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      const auto sample = static_cast<std::uint32_t>(pass.samples[static_cast<std::size_t>(i)]);
      uniform_each(random, {static_cast<std::uint32_t>(pass.step), number_, sample, 0}, numbers);
      for (Eigen::Index j = 0; j < x.cols(); ++j)
        cache.extra(i, j) = numbers[static_cast<std::size_t>(j)] < rate_ ? Real(0) : kept;
    }
    y = x.cwiseProduct(cache.extra);
  }
  void backward(const LayerCache<Real>& cache, const Matrix<Real>& dy, Matrix<Real>* dx,
                std::span<double>) const override {
    if (dx == nullptr) return;
    if (cache.extra.size() == 0)
      *dx = dy;
    else
      *dx = dy.cwiseProduct(cache.extra);
  }

 private:
  Shape shape_;
  double rate_;
  std::uint32_t number_;
};

template <class Real>
LayerPointer<Real> make_dropout_layer(const LayerSetup& setup) {
  const double rate = setup.spec.rate;
  if (!(rate >= 0.0 && rate < 1.0))
    throw usage_error(setup.where + ".rate: expected a dropout rate in [0, 1), found " +
                      std::to_string(rate));
  return std::make_unique<Dropout<Real>>(setup.input, rate, setup.number);
}

constexpr LayerKey dropout_keys[] = {
    {"rate", &LayerSpec::rate, {0, 0.999}, true, "part of the numbers that are 0 in a step of training"}};

}  // namespace

constinit const LayerInfo dropout_layer{
    LayerKind::dropout,         "dropout", dropout_keys, make_dropout_layer<float>,
    make_dropout_layer<double>, nullptr};

}  // namespace qmtl
