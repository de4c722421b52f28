// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "runtime/model/layers/layer_kinds.h"

namespace qmtl {
namespace {

/// Layer normalisation over all numbers of a sample, each with gain and bias (Ba, Kiros & Hinton 2016).
template <class Real>
class LayerNorm final : public Layer<Real> {
 public:
  explicit LayerNorm(const Shape& shape) : shape_(shape), width_(shape.size()) {}
  Shape shape() const override { return shape_; }
  double cost() const override { return 12.0 * static_cast<double>(width_); }
  void append_params(const std::string& prefix, std::vector<ParamInfo>& params) const override {
    append_param(params, prefix + ".gain", {width_}, false, false);
    append_param(params, prefix + ".bias", {width_}, false, false);
  }
  void initial(const InitialValues&, std::uint32_t, std::span<double> values) const override {
    for (std::size_t i = 0; i < 2 * width_; ++i) values[i] = i < width_ ? 1.0 : 0.0;
  }
  void bind(std::span<const double> params) override { params_.assign(params.begin(), params.end()); }

  void forward(const Pass&, const Matrix<Real>& x, Matrix<Real>& y, LayerCache<Real>& cache) const override {
    y.resize(x.rows(), x.cols());
    cache.output.resize(x.rows(), x.cols());  // normalised rows
    cache.extra.resize(x.rows(), 1);          // 1 / deviation
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      const Real* row = x.data() + i * x.cols();
      double mean = 0.0, variance = 0.0;
      for (std::size_t j = 0; j < width_; ++j) mean += row[j];
      mean /= static_cast<double>(width_);
      for (std::size_t j = 0; j < width_; ++j) variance += (row[j] - mean) * (row[j] - mean);
      const double inverse = 1.0 / std::sqrt(variance / static_cast<double>(width_) + epsilon);
      cache.extra(i, 0) = static_cast<Real>(inverse);
      for (std::size_t j = 0; j < width_; ++j) {
        const double normal = (row[j] - mean) * inverse;
        cache.output.data()[i * x.cols() + static_cast<Eigen::Index>(j)] = static_cast<Real>(normal);
        y.data()[i * x.cols() + static_cast<Eigen::Index>(j)] =
            static_cast<Real>(normal * params_[j] + params_[width_ + j]);
      }
    }
  }
  void backward(const LayerCache<Real>& cache, const Matrix<Real>& dy, Matrix<Real>* dx,
                std::span<double> gradient) const override {
    if (dx != nullptr) dx->resize(dy.rows(), dy.cols());
    for (Eigen::Index i = 0; i < dy.rows(); ++i) {
      const Real* row = dy.data() + i * dy.cols();
      const Real* normal = cache.output.data() + i * dy.cols();
      double mean = 0.0,
             along = 0.0;  // of the cotangent of the normalised row, and of its product with that row
      for (std::size_t j = 0; j < width_; ++j) {
        gradient[j] += static_cast<double>(row[j]) * normal[j];
        gradient[width_ + j] += row[j];
        mean += row[j] * params_[j];
        along += row[j] * params_[j] * normal[j];
      }
      if (dx == nullptr) continue;
      mean /= static_cast<double>(width_);
      along /= static_cast<double>(width_);
      for (std::size_t j = 0; j < width_; ++j)
        dx->data()[i * dy.cols() + static_cast<Eigen::Index>(j)] =
            static_cast<Real>((row[j] * params_[j] - mean - normal[j] * along) * cache.extra(i, 0));
    }
  }

 private:
  static constexpr double epsilon = 1e-5;
  Shape shape_;
  std::size_t width_;
  std::vector<double> params_;
};

template <class Real>
LayerPointer<Real> make_layer_norm_layer(const LayerSetup& setup) {
  return std::make_unique<LayerNorm<Real>>(setup.input);
}

std::size_t list_layer_norm_layer(const LayerListing& to) {
  return to.list.add(ops::Norm{to.model.tensor(to.name + ".gain"), to.model.tensor(to.name + ".bias")},
                     {to.from}, Shape(to.list[to.from].shape));
}

}  // namespace

constinit const LayerInfo layer_norm_layer{
    LayerKind::layer_norm,         "layer-norm",         {}, make_layer_norm_layer<float>,
    make_layer_norm_layer<double>, list_layer_norm_layer};

}  // namespace qmtl
