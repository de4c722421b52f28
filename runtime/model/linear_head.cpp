#include "runtime/model/linear_head.h"

#include <cmath>

#include "runtime/error.h"

namespace qmtl {
namespace {

/// The columns of one task group.
template <class Real>
struct Columns {
  std::size_t first = 0, count = 0;
  Matrix<Real> weight, transposed, bias;

  void take(const Matrix<Real>& all_weights, const Matrix<Real>& all_biases) {
    const auto begin = static_cast<Eigen::Index>(first), number = static_cast<Eigen::Index>(count);
    weight = all_weights.middleCols(begin, number);
    transposed = weight.transpose();
    bias = all_biases.middleCols(begin, number);
  }
  Matrix<double> logits(const Matrix<Real>& z) const {
    Matrix<Real> product;
    multiply(z, weight, product);
    product.rowwise() += bias.row(0);
    return product.template cast<double>();
  }
};

template <class Real>
class LinearHead final : public Head<Real> {
 public:
  explicit LinearHead(const HeadSetup& setup) {
    const std::vector<std::size_t> columns = task_columns(setup.spec);
    if (setup.spec.head.width < 1)
      throw usage_error("head.width: the linear head needs a representation of at least 1 number, found " +
                        std::to_string(setup.spec.head.width));
    width_ = static_cast<std::size_t>(setup.spec.head.width);
    all_.count = columns.back();
    for (const TaskRange& group : setup.groups)
      groups_.push_back({columns[group.first], columns[group.last] - columns[group.first], {}, {}, {}});
    append_param(params_, "head.weight", {width_, all_.count}, true, true);
    append_param(params_, "head.bias", {all_.count}, true, false);
  }

  std::size_t width() const override { return width_; }
  const std::vector<ParamInfo>& params() const override { return params_; }
  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const override {
    const double limit = std::sqrt(6.0 / static_cast<double>(width_ + all_.count));
    random.uniform(tensor, limit, values.first(width_ * all_.count));
    for (double& bias : values.subspan(width_ * all_.count)) bias = 0.0;
  }
  void bind(std::span<const double> params) override {
    const auto rows = static_cast<Eigen::Index>(width_), columns = static_cast<Eigen::Index>(all_.count);
    const Matrix<Real> weights =
        Eigen::Map<const Matrix<double>>(params.data(), rows, columns).template cast<Real>();
    const Matrix<Real> biases =
        Eigen::Map<const Matrix<double>>(params.data() + rows * columns, 1, columns).template cast<Real>();
    all_.take(weights, biases);
    for (Columns<Real>& group : groups_) group.take(weights, biases);
  }
  void forward(const Matrix<Real>& z, double* logits) const override {
    const Matrix<double> values = all_.logits(z);
    std::copy(values.data(), values.data() + values.size(), logits);
  }
  void gradient(const Pass&, std::size_t group, const Matrix<Real>& z,
                const typename Head<Real>::Cotangents& cotangents, Matrix<Real>& dz,
                std::span<double> gradient) const override {
    const Columns<Real>& part = groups_[group];
    const Matrix<double> logits = part.logits(z);
    Matrix<double> given(logits.rows(), logits.cols());
    cotangents(0, static_cast<std::size_t>(z.rows()), logits.data(), given.data());
    const Matrix<Real> dlogits = given.cast<Real>();
    multiply(dlogits, part.transposed, dz);
    std::vector<double> weights(width_ * part.count, 0.0);
    add_outer(z, dlogits, weights);
    for (std::size_t i = 0; i < width_; ++i)
      for (std::size_t j = 0; j < part.count; ++j)
        gradient[i * all_.count + part.first + j] += weights[i * part.count + j];
    add_rows(dlogits, gradient.subspan(width_ * all_.count + part.first, part.count));
  }
  double group_cost(std::size_t group) const override {
    return 6.0 * static_cast<double>(width_ * groups_[group].count);
  }

 private:
  std::size_t width_ = 0;
  std::vector<ParamInfo> params_;
  Columns<Real> all_;
  std::vector<Columns<Real>> groups_;
};

}  // namespace

template <class Real>
std::unique_ptr<Head<Real>> make_linear_head(const HeadSetup& setup) {
  return std::make_unique<LinearHead<Real>>(setup);
}
template std::unique_ptr<Head<float>> make_linear_head(const HeadSetup&);
template std::unique_ptr<Head<double>> make_linear_head(const HeadSetup&);

}  // namespace qmtl
