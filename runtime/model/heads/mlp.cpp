// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/math.h"
#include "runtime/model/heads/head.h"
#include "runtime/model/layers/dense_columns.h"
#include "runtime/model/operations.h"

namespace qmtl {
namespace {

/// The tasks of one group: their hidden units side by side, and each task's output layer.
template <class Real>
struct TaskHeads {
  DenseColumns<Real> hidden;
  std::vector<DenseColumns<Real>> outputs;
  std::size_t first_column = 0, columns = 0;
};

template <class Real>
class MlpHead final : public Head<Real> {
 public:
  explicit MlpHead(const HeadSetup& setup) {
    const HeadSpec& spec = setup.spec.head;
    if (spec.width < 1)
      throw usage_error("head.width: the mlp head needs a representation of at least 1 number, found " +
                        std::to_string(spec.width));
    if (spec.hidden < 1)
      throw usage_error("head.hidden: the mlp head needs at least 1 hidden unit, found " +
                        std::to_string(spec.hidden));
    width_ = static_cast<std::size_t>(spec.width);
    hidden_ = static_cast<std::size_t>(spec.hidden);
    const std::vector<std::size_t> columns = task_columns(setup.spec);
    columns_ = columns.back();
    tasks_ = setup.spec.tasks.size();
    for (const TaskRange& range : setup.groups) {
      TaskHeads<Real> heads{
          {width_, tasks_ * hidden_, range.first * hidden_, (range.last - range.first) * hidden_},
          {},
          columns[range.first],
          columns[range.last] - columns[range.first]};
      for (std::size_t t = range.first; t < range.last; ++t)
        heads.outputs.emplace_back(hidden_, columns_, columns[t], columns[t + 1] - columns[t]);
      groups_.push_back(std::move(heads));
    }
    append_param(params_, "head.hidden_weight", {width_, tasks_ * hidden_}, true, true);
    append_param(params_, "head.hidden_bias", {tasks_ * hidden_}, true, false);
    append_param(params_, "head.weight", {hidden_, columns_}, true, true);
    append_param(params_, "head.bias", {columns_}, true, false);
  }

  std::size_t width() const override { return width_; }
  const std::vector<ParamInfo>& params() const override { return params_; }

  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const override {
    std::fill(values.begin(), values.end(), 0.0);
    random.uniform(tensor, glorot(width_, hidden_), values.subspan(params_[0].offset, params_[0].size));
    const std::span<double> weights = values.subspan(params_[2].offset, params_[2].size);
    random.uniform(tensor + 2, 1.0, weights);
    for (const TaskHeads<Real>& heads : groups_)
      for (const DenseColumns<Real>& layer : heads.outputs)
        for (std::size_t h = 0; h < hidden_; ++h)
          for (std::size_t c = 0; c < layer.count(); ++c)
            weights[h * columns_ + layer.first() + c] *= glorot(hidden_, layer.count());
  }

  void bind(std::span<const double> params) override {
    for (TaskHeads<Real>& heads : groups_) {
      heads.hidden.bind(params.first(params_[2].offset));
      for (DenseColumns<Real>& layer : heads.outputs) layer.bind(params.subspan(params_[2].offset));
    }
  }

  void forward(const Matrix<Real>& z, std::span<double> logits) const override {
    Matrix<Real> units;
    for (const TaskHeads<Real>& heads : groups_) {
      activate(heads, z, units);
      write_logits(heads, units, logits.subspan(heads.first_column), columns_);
    }
  }

  void gradient(const Pass&, std::size_t group, const Matrix<Real>& z,
                const typename Head<Real>::Cotangents& cotangents, Matrix<Real>& dz,
                std::span<double> gradient) const override {
    const TaskHeads<Real>& heads = groups_[group];
    const auto columns = static_cast<Eigen::Index>(heads.columns);
    Matrix<Real> units, dx;
    activate(heads, z, units);
    Matrix<double> logits(z.rows(), columns), given(z.rows(), columns);
    write_logits(heads, units, values_of(logits), heads.columns);
    cotangents(0, static_cast<std::size_t>(z.rows()), values_of(logits), values_of(given));
    Matrix<Real> dunits(units.rows(), units.cols());
    for (std::size_t t = 0; t < heads.outputs.size(); ++t) {
      const DenseColumns<Real>& layer = heads.outputs[t];
      const Matrix<Real> dy = given
                                  .middleCols(static_cast<Eigen::Index>(layer.first() - heads.first_column),
                                              static_cast<Eigen::Index>(layer.count()))
                                  .template cast<Real>();
      layer.backward(units_of(units, t), dy, dx, gradient.subspan(params_[2].offset));
      dunits.middleCols(static_cast<Eigen::Index>(t * hidden_), dx.cols()) = dx;
    }
    for (Eigen::Index i = 0; i < units.size(); ++i) {
      const double y = static_cast<double>(units.data()[i]);
      dunits.data()[i] = static_cast<Real>(static_cast<double>(dunits.data()[i]) * (1.0 - y * y));
    }
    heads.hidden.backward(z, dunits, dz, gradient.first(params_[2].offset));
  }

  double group_cost(std::size_t group) const override {
    const TaskHeads<Real>& heads = groups_[group];
    return 6.0 * static_cast<double>(width_ * heads.hidden.count() + hidden_ * heads.columns);
  }

 private:
  Matrix<Real> units_of(const Matrix<Real>& units, std::size_t task_of_group) const {
    return units.middleCols(static_cast<Eigen::Index>(task_of_group * hidden_),
                            static_cast<Eigen::Index>(hidden_));
  }

  /// The hidden units of a group's tasks, [rows, tasks of the group * hidden].
  void activate(const TaskHeads<Real>& heads, const Matrix<Real>& z, Matrix<Real>& units) const {
    heads.hidden.forward(z, units);
    for (Eigen::Index i = 0; i < units.size(); ++i)
      units.data()[i] = static_cast<Real>(math::tanh(static_cast<double>(units.data()[i])));
  }

  void write_logits(const TaskHeads<Real>& heads, const Matrix<Real>& units, std::span<double> logits,
                    std::size_t stride) const {
    Matrix<Real> y;
    for (std::size_t t = 0; t < heads.outputs.size(); ++t) {
      const DenseColumns<Real>& layer = heads.outputs[t];
      layer.forward(units_of(units, t), y);
      for (Eigen::Index i = 0; i < y.rows(); ++i)
        for (Eigen::Index c = 0; c < y.cols(); ++c)
          logits[static_cast<std::size_t>(i) * stride + (layer.first() - heads.first_column) +
                 static_cast<std::size_t>(c)] = static_cast<double>(y(i, c));
    }
  }

  std::size_t width_ = 0, hidden_ = 0, columns_ = 0, tasks_ = 0;
  std::vector<ParamInfo> params_;
  std::vector<TaskHeads<Real>> groups_;
};

template <class Real>
std::unique_ptr<Head<Real>> make_mlp_head(const HeadSetup& setup) {
  return std::make_unique<MlpHead<Real>>(setup);
}

void list_mlp_head(const TrainedModel& model, OperationList& list) {
  const auto hidden = static_cast<std::size_t>(model.spec.head.hidden);
  const std::size_t units = model.spec.tasks.size() * hidden;
  const std::vector<std::size_t> columns = task_columns(model.spec);
  list.then(ops::Dense{model.tensor("head.hidden_weight"), model.tensor("head.hidden_bias")}, units);
  list.then(ops::Activate{Activation::tanh}, units);
  list.then(ops::BlockDense{model.tensor("head.weight"), model.tensor("head.bias"), hidden, columns},
            columns.back());
}

}  // namespace

/// A classical non-linear head per task: logits = tanh(z W + b) V + c with head.hidden units of the task's
/// own. Tensors "head.hidden_weight" [d, tasks * hidden] and "head.hidden_bias" (task by task), "head.weight"
/// [hidden, outputs] (column c weighs the hidden units of its own task) and "head.bias" [outputs].
constinit const HeadKind mlp_head{
    "mlp", false, false, nullptr, false, make_mlp_head<float>, make_mlp_head<double>, list_mlp_head};

}  // namespace qmtl
