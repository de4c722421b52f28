#include "runtime/model/layer.h"

#include <cmath>

#include "runtime/error.h"
#include "runtime/model/math.h"

namespace qmtl {
namespace {

template <class Real>
class Dense final : public Layer<Real> {
 public:
  Dense(std::size_t inputs, std::size_t outputs, bool before_relu, bool head)
      : inputs_(inputs), outputs_(outputs), before_relu_(before_relu), head_(head) {}

  std::size_t outputs() const override { return outputs_; }
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
    weight_ = Eigen::Map<const Matrix<double>>(params.data(), rows, columns).template cast<Real>();
    transposed_ = weight_.transpose();
    bias_ =
        Eigen::Map<const Matrix<double>>(params.data() + rows * columns, 1, columns).template cast<Real>();
  }
  void forward(const Pass&, const Matrix<Real>& x, Matrix<Real>& y, LayerCache<Real>& cache) const override {
    multiply(x, weight_, y);
    y.rowwise() += bias_.row(0);
    cache.input = x;
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

struct Tanh {
  static double value(double x) { return math::tanh(x); }
  static double slope(double, double y) { return 1.0 - y * y; }
};
struct Relu {
  static double value(double x) { return x > 0.0 ? x : 0.0; }
  static double slope(double x, double) { return x > 0.0 ? 1.0 : 0.0; }
};
/// x Phi(x) with the normal distribution function Phi (Hendrycks & Gimpel 2016), not its tanh approximation.
struct Gelu {
  static constexpr double inverse_sqrt_2 = 0.70710678118654752440, inverse_sqrt_2pi = 0.39894228040143267794;
  static double value(double x) { return 0.5 * x * (1.0 + math::erf(x * inverse_sqrt_2)); }
  static double slope(double x, double) {
    return 0.5 * (1.0 + math::erf(x * inverse_sqrt_2)) + x * inverse_sqrt_2pi * math::exp(-0.5 * x * x);
  }
};

template <class Real, class Function>
class Elementwise final : public Layer<Real> {
 public:
  explicit Elementwise(std::size_t width) : width_(width) {}
  std::size_t outputs() const override { return width_; }
  void forward(const Pass&, const Matrix<Real>& x, Matrix<Real>& y, LayerCache<Real>& cache) const override {
    y.resize(x.rows(), x.cols());
    for (Eigen::Index i = 0; i < x.size(); ++i)
      y.data()[i] = static_cast<Real>(Function::value(static_cast<double>(x.data()[i])));
    cache.input = x;
    cache.output = y;
  }
  void backward(const LayerCache<Real>& cache, const Matrix<Real>& dy, Matrix<Real>* dx,
                std::span<double>) const override {
    if (dx == nullptr) return;
    dx->resize(dy.rows(), dy.cols());
    for (Eigen::Index i = 0; i < dy.size(); ++i)
      dx->data()[i] =
          static_cast<Real>(dy.data()[i] * Function::slope(static_cast<double>(cache.input.data()[i]),
                                                           static_cast<double>(cache.output.data()[i])));
  }

 private:
  std::size_t width_;
};

/// Layer normalisation with gain and bias (Ba, Kiros & Hinton 2016).
template <class Real>
class LayerNorm final : public Layer<Real> {
 public:
  explicit LayerNorm(std::size_t width) : width_(width) {}
  std::size_t outputs() const override { return width_; }
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
  std::size_t width_;
  std::vector<double> params_;
};

/// Inverted dropout: kept values are divided by the probability of being kept (Srivastava et al. 2014).
template <class Real>
class Dropout final : public Layer<Real> {
 public:
  Dropout(std::size_t width, double rate, std::uint32_t number)
      : width_(width), rate_(rate), number_(number) {}
  std::size_t outputs() const override { return width_; }
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
    for (Eigen::Index i = 0; i < x.rows(); ++i)
      for (Eigen::Index j = 0; j < x.cols(); ++j) {
        const Position at{static_cast<std::uint32_t>(pass.step), number_,
                          static_cast<std::uint32_t>(pass.samples[static_cast<std::size_t>(i)]),
                          static_cast<std::uint32_t>(j)};
        cache.extra(i, j) = random.uniform(at) < rate_ ? Real(0) : kept;
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
  std::size_t width_;
  double rate_;
  std::uint32_t number_;
};

template <class Real>
void add_activation(Activation kind, std::size_t width, std::vector<std::unique_ptr<Layer<Real>>>& layers) {
  switch (kind) {
    case Activation::none:
      return;
    case Activation::tanh:
      layers.push_back(std::make_unique<Elementwise<Real, Tanh>>(width));
      return;
    case Activation::relu:
      layers.push_back(std::make_unique<Elementwise<Real, Relu>>(width));
      return;
    case Activation::gelu:
      layers.push_back(std::make_unique<Elementwise<Real, Gelu>>(width));
      return;
  }
}

}  // namespace

template <class Real>
std::unique_ptr<Layer<Real>> make_dense(std::size_t inputs, std::size_t outputs, bool before_relu,
                                        bool head) {
  return std::make_unique<Dense<Real>>(inputs, outputs, before_relu, head);
}

template <class Real>
std::vector<std::unique_ptr<Layer<Real>>> make_layers(const LayerSpec& spec, std::size_t inputs,
                                                      std::uint32_t number, const std::string& where) {
  std::vector<std::unique_ptr<Layer<Real>>> layers;
  switch (spec.kind) {
    case LayerKind::dense:
      if (spec.width < 1)
        throw usage_error(where + ".width: a dense layer needs a width of at least 1, found " +
                          std::to_string(spec.width));
      layers.push_back(make_dense<Real>(inputs, static_cast<std::size_t>(spec.width),
                                        spec.activation == Activation::relu));
      add_activation(spec.activation, static_cast<std::size_t>(spec.width), layers);
      break;
    case LayerKind::activation:
      if (spec.activation == Activation::none)
        throw usage_error(where + ".activation: an activation layer needs one of tanh, relu, gelu");
      add_activation(spec.activation, inputs, layers);
      break;
    case LayerKind::layer_norm:
      layers.push_back(std::make_unique<LayerNorm<Real>>(inputs));
      break;
    case LayerKind::dropout:
      if (!(spec.rate >= 0.0 && spec.rate < 1.0))
        throw usage_error(where + ".rate: expected a dropout rate in [0, 1), found " +
                          std::to_string(spec.rate));
      layers.push_back(std::make_unique<Dropout<Real>>(inputs, spec.rate, number));
      break;
  }
  return layers;
}

template std::unique_ptr<Layer<float>> make_dense(std::size_t, std::size_t, bool, bool);
template std::unique_ptr<Layer<double>> make_dense(std::size_t, std::size_t, bool, bool);
template std::vector<std::unique_ptr<Layer<float>>> make_layers(const LayerSpec&, std::size_t, std::uint32_t,
                                                                const std::string&);
template std::vector<std::unique_ptr<Layer<double>>> make_layers(const LayerSpec&, std::size_t, std::uint32_t,
                                                                 const std::string&);

}  // namespace qmtl
