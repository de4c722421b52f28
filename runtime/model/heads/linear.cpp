// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/model/heads/head.h"
#include "runtime/model/layers/dense_columns.h"
#include "runtime/model/operations.h"

namespace qmtl {
namespace {

template <class Real>
class LinearHead final : public Head<Real> {
 public:
  explicit LinearHead(const HeadSetup& setup) {
    const std::vector<std::size_t> columns = task_columns(setup.spec);
    if (setup.spec.head.width < 1)
      throw usage_error("head.width: the linear head needs a representation of at least 1 number, found " +
                        std::to_string(setup.spec.head.width));
    width_ = static_cast<std::size_t>(setup.spec.head.width);
    outputs_ = columns.back();
    all_.emplace_back(width_, outputs_, 0, outputs_);
    for (const TaskRange& group : setup.groups)
      groups_.emplace_back(width_, outputs_, columns[group.first],
                           columns[group.last] - columns[group.first]);
    append_param(params_, "head.weight", {width_, outputs_}, true, true);
    append_param(params_, "head.bias", {outputs_}, true, false);
  }

  std::size_t width() const override { return width_; }
  const std::vector<ParamInfo>& params() const override { return params_; }
  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const override {
    random.uniform(tensor, glorot(width_, outputs_), values.first(width_ * outputs_));
    for (double& bias : values.subspan(width_ * outputs_)) bias = 0.0;
  }
  void bind(std::span<const double> params) override {
    all_.front().bind(params);
    for (DenseColumns<Real>& group : groups_) group.bind(params);
  }
  void forward(const Matrix<Real>& z, std::span<double> logits) const override {
    Matrix<Real> values;
    all_.front().forward(z, values);
    std::copy(values.data(), values.data() + values.size(), logits.begin());
  }
  void gradient(const Pass&, std::size_t group, const Matrix<Real>& z,
                const typename Head<Real>::Cotangents& cotangents, Matrix<Real>& dz,
                std::span<double> gradient) const override {
    Matrix<Real> values;
    groups_[group].forward(z, values);
    const Matrix<double> logits = values.template cast<double>();
    Matrix<double> given(logits.rows(), logits.cols());
    cotangents(0, static_cast<std::size_t>(z.rows()), values_of(logits), values_of(given));
    groups_[group].backward(z, given.cast<Real>(), dz, gradient);
  }
  double group_cost(std::size_t group) const override {
    return 6.0 * static_cast<double>(width_ * groups_[group].count());
  }

 private:
  std::size_t width_ = 0, outputs_ = 0;
  std::vector<ParamInfo> params_;
  std::vector<DenseColumns<Real>> all_;  ///< one: the whole layer
  std::vector<DenseColumns<Real>> groups_;
};

template <class Real>
std::unique_ptr<Head<Real>> make_linear_head(const HeadSetup& setup) {
  return std::make_unique<LinearHead<Real>>(setup);
}

void list_linear_head(const TrainedModel& model, OperationList& list) {
  list.then(ops::Dense{model.tensor("head.weight"), model.tensor("head.bias")},
            task_columns(model.spec).back());
}

}  // namespace

/// Classical hard parameter sharing: logits = z W + b, "head.weight" [d, outputs] and "head.bias" [outputs].
constinit const HeadKind linear_head{
    "linear",        false, false, nullptr, false, make_linear_head<float>, make_linear_head<double>,
    list_linear_head};

}  // namespace qmtl
