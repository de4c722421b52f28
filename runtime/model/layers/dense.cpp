// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/model/layers/layer_kinds.h"

namespace qmtl {
namespace {

template <class Real>
class Dense final : public Layer<Real> {
 public:
  Dense(std::size_t inputs, std::size_t outputs, bool before_relu, bool head)
      : inputs_(inputs), outputs_(outputs), before_relu_(before_relu), head_(head) {}

  Shape shape() const override { return outputs_; }
  double cost() const override { return 6.0 * static_cast<double>(inputs_ * outputs_ + outputs_); }
  void append_params(const std::string& prefix, std::vector<ParamInfo>& params) const override {
    append_param(params, prefix + ".weight", {inputs_, outputs_}, head_, true);
    append_param(params, prefix + ".bias", {outputs_}, head_, false);
  }
  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const override {
    // Glorot & Bengio 2010, He et al. 2015.
    const double fan_in = static_cast<double>(inputs_), fan_out = static_cast<double>(outputs_);
    const double limit = std::sqrt(before_relu_ ? 6.0 / fan_in : 6.0 / (fan_in + fan_out));
    random.uniform(tensor, limit, values.first(inputs_ * outputs_));
    for (double& bias : values.subspan(inputs_ * outputs_)) bias = 0.0;
  }
  void bind(std::span<const double> params) override {
    const auto rows = static_cast<Eigen::Index>(inputs_), columns = static_cast<Eigen::Index>(outputs_);
    weight_.resize(rows, columns);
    transposed_.resize(columns, rows);
    cast_and_transpose(inputs_, outputs_, params.data(), weight_.data(), transposed_.data());
    bias_ =
        Eigen::Map<const Matrix<double>>(params.data() + rows * columns, 1, columns).template cast<Real>();
  }
  void forward(const Pass&, const Matrix<Real>& x, Matrix<Real>& y, LayerCache<Real>&) const override {
    multiply(x, weight_, bias_, y);
  }
  void backward(const LayerCache<Real>& cache, const Matrix<Real>& dy, Matrix<Real>* dx,
                std::span<double> gradient) const override {
    add_outer(cache.input, dy, gradient.first(inputs_ * outputs_));
    add_rows(dy, gradient.subspan(inputs_ * outputs_));
    if (dx != nullptr) multiply(dy, transposed_, *dx);
  }

 private:
  std::size_t inputs_, outputs_;
  bool before_relu_, head_;
  Matrix<Real> weight_, transposed_, bias_;
};

}  // namespace

template <class Real>
std::unique_ptr<Layer<Real>> make_dense(std::size_t inputs, std::size_t outputs, bool before_relu,
                                        bool head) {
  return std::make_unique<Dense<Real>>(inputs, outputs, before_relu, head);
}

template std::unique_ptr<Layer<float>> make_dense(std::size_t, std::size_t, bool, bool);
template std::unique_ptr<Layer<double>> make_dense(std::size_t, std::size_t, bool, bool);

std::size_t list_dense(const TrainedModel& model, OperationList& list, std::size_t from, std::size_t width,
                       const std::string& name) {
  return list.add(ops::Dense{model.tensor(name + ".weight"), model.tensor(name + ".bias")}, {from},
                  Shape(width));
}

namespace {

template <class Real>
LayerPointer<Real> make_dense_layer(const LayerSetup& setup) {
  if (setup.spec.width < 1)
    throw usage_error(setup.where + ".width: a dense layer needs a width of at least 1, found " +
                      std::to_string(setup.spec.width));
  return make_dense<Real>(setup.input.size(), static_cast<std::size_t>(setup.spec.width),
                          setup.spec.activation == Activation::relu);
}

std::size_t list_dense_layer(const LayerListing& to) {
  return list_dense(to.model, to.list, to.from, static_cast<std::size_t>(to.spec.width), to.name);
}

constexpr LayerKey dense_keys[] = {
    {"width", &LayerSpec::width, {1, 1e6}, true, "numbers that it makes"},
    {"activation", &LayerSpec::activation, {}, false, "the function behind it"}};

}  // namespace

constinit const LayerInfo dense_layer{
    LayerKind::dense,         "dense",         dense_keys, make_dense_layer<float>,
    make_dense_layer<double>, list_dense_layer};

}  // namespace qmtl
