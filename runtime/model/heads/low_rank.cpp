// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/model/heads/head.h"
#include "runtime/model/layers/dense_columns.h"
#include "runtime/model/operations.h"

namespace qmtl {
namespace {

template <class Real>
class LowRankHead final : public Head<Real> {
 public:
  explicit LowRankHead(const HeadSetup& setup)
      : width_(
            at_least_one(setup.spec.head.width, "head.width: the low-rank head needs a representation of")),
        rank_(at_least_one(setup.spec.head.hidden, "head.hidden: the low-rank head needs a rank of")),
        basis_(width_, rank_, 0, rank_) {
    const std::vector<std::size_t> columns = task_columns(setup.spec);
    outputs_ = columns.back();
    all_.emplace_back(rank_, outputs_, 0, outputs_);
    for (const TaskRange& group : setup.groups)
      groups_.emplace_back(rank_, outputs_, columns[group.first], columns[group.last] - columns[group.first]);
    append_param(params_, "head.basis", {width_, rank_}, ParamPart::shared, true);
    append_param(params_, "head.weight", {rank_, outputs_}, true, true);
    append_param(params_, "head.bias", {outputs_}, true, false);
  }

  std::size_t width() const override { return width_; }
  const std::vector<ParamInfo>& params() const override { return params_; }
  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const override {
    std::fill(values.begin(), values.end(), 0.0);
    random.uniform(tensor, glorot(width_, rank_), values.first(params_[0].size));
    random.uniform(tensor + 1, glorot(rank_, outputs_), values.subspan(params_[1].offset, params_[1].size));
  }
  void bind(std::span<const double> params) override {
    // The basis is a layer without a bias: that of the outputs says all that two could.
    std::vector<double> basis(params.begin(), params.begin() + static_cast<std::ptrdiff_t>(width_ * rank_));
    basis.resize(basis.size() + rank_, 0.0);
    basis_.bind(basis);
    const std::span<const double> rest = params.subspan(params_[1].offset);
    all_.front().bind(rest);
    for (DenseColumns<Real>& group : groups_) group.bind(rest);
  }
  void forward(const Matrix<Real>& z, std::span<double> logits) const override {
    Matrix<Real> units, values;
    basis_.forward(z, units);
    all_.front().forward(units, values);
    std::copy(values.data(), values.data() + values.size(), logits.begin());
  }
  void gradient(const Pass&, std::size_t group, const Matrix<Real>& z,
                const typename Head<Real>::Cotangents& cotangents, Matrix<Real>& dz,
                std::span<double> gradient) const override {
    Matrix<Real> units, values, dunits;
    basis_.forward(z, units);
    groups_[group].forward(units, values);
    const Matrix<double> logits = values.template cast<double>();
    Matrix<double> given(logits.rows(), logits.cols());
    cotangents(0, static_cast<std::size_t>(z.rows()), values_of(logits), values_of(given));
    groups_[group].backward(units, given.cast<Real>(), dunits, gradient.subspan(params_[1].offset));
    std::vector<double> of_basis(params_[0].size + rank_, 0.0);
    basis_.backward(z, dunits, dz, of_basis);
    for (std::size_t i = 0; i < params_[0].size; ++i) gradient[i] += of_basis[i];
  }
  double group_cost(std::size_t group) const override {
    return 6.0 * static_cast<double>(rank_ * (width_ + groups_[group].count()));
  }

 private:
  static std::size_t at_least_one(int number, const char* what) {
    if (number < 1) throw usage_error(std::string(what) + " at least 1, found " + std::to_string(number));
    return static_cast<std::size_t>(number);
  }

  std::size_t width_, rank_, outputs_ = 0;
  std::vector<ParamInfo> params_;
  DenseColumns<Real> basis_;
  std::vector<DenseColumns<Real>> all_;  ///< one: all outputs
  std::vector<DenseColumns<Real>> groups_;
};

template <class Real>
std::unique_ptr<Head<Real>> make_low_rank_head(const HeadSetup& setup) {
  return std::make_unique<LowRankHead<Real>>(setup);
}

void list_low_rank_head(const TrainedModel& model, OperationList& list) {
  const auto rank = static_cast<std::size_t>(model.spec.head.hidden);
  const auto width = static_cast<std::size_t>(model.spec.head.width);
  const std::span<const double> basis = model.tensor("head.basis");
  ops::Sparse units{std::vector<std::vector<std::pair<std::size_t, double>>>(rank),
                    std::vector<double>(rank, 0.0)};
  for (std::size_t unit = 0; unit < rank; ++unit)
    for (std::size_t i = 0; i < width; ++i) units.rows[unit].emplace_back(i, basis[i * rank + unit]);
  list.then(std::move(units), rank);
  list.then(ops::Dense{model.tensor("head.weight"), model.tensor("head.bias")},
            task_columns(model.spec).back());
}

}  // namespace

/// Linear outputs of a matrix of low rank r = head.hidden: logits = z A B + b, "head.basis" [d, r],
/// "head.weight" [r, outputs], "head.bias" [outputs]. The classical control whose parameters, r (d + outputs)
/// + outputs, grow as O(T) where the representation grows with the tasks.
constinit const HeadKind low_rank_head{
    "low-rank",        false, false, nullptr, false, make_low_rank_head<float>, make_low_rank_head<double>,
    list_low_rank_head};

}  // namespace qmtl
