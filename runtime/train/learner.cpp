// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/learner.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/model/backbone.h"
#include "runtime/model/bind_tasks.h"
#include "runtime/model/circuit_stage.h"
#include "runtime/model/head.h"
#include "runtime/model/loss.h"
#include "runtime/base/math.h"
#include "runtime/train/check_data.h"
#include "runtime/train/label_scale.h"

namespace qmtl {

int Learner::outputs() const {
  int count = 0;
  for (const TaskSpec& task : spec().tasks) count += task.outputs;
  return count;
}

namespace {

/// The earlier generations, each a group of its own, and the newest one's tasks cut into groups of nearly
/// equal number.
std::vector<TaskRange> cut_tasks(const ModelSpec& spec, int groups) {
  const std::size_t first = newest_tasks(spec), tasks = spec.tasks.size() - first;
  if (groups < 1 || static_cast<std::size_t>(groups) > tasks)
    throw usage_error("distributed.task_groups: expected 1 .. " + std::to_string(tasks) +
                      " (the number of tasks), found " + std::to_string(groups));
  const auto count = static_cast<std::size_t>(groups);
  std::vector<TaskRange> ranges = generation_tasks(spec);
  if (!ranges.empty()) ranges.pop_back();
  for (std::size_t g = 0; g < count; ++g)
    ranges.push_back({first + tasks * g / count, first + tasks * (g + 1) / count});
  return ranges;
}

/// One task as the learner sees it: its loss, labels and place among the logits.
struct BoundTask {
  std::unique_ptr<TaskLoss> loss;
  const Task* labels = nullptr;  ///< null when the data has no tasks
  LabelScale scale;
  std::size_t first_column = 0, outputs = 0;
  double weight = 1.0;
  bool regression = false;
};

/// One input with the reciprocal deviations; empty statistics leave it as it is.
struct BoundInput {
  const Input* input = nullptr;
  std::vector<double> mean, inverse;
};

template <class Real>
class LearnerOf final : public Learner {
 public:
  LearnerOf(const ModelSpec& spec, const TrainSpec& train, const Dataset& data,
            const std::vector<Standardisation>& standardisation, SimdTarget target)
      : spec_(spec),
        shard_(static_cast<std::size_t>(train.shard)),
        groups_(cut_tasks(spec, train.task_groups)),
        finished_(groups_.size() - static_cast<std::size_t>(train.task_groups)),
        head_(make_head<Real>({spec_, groups_, train.shots, target})),
        backbone_(spec_, head_->width()) {
    bind_inputs_of(data, standardisation);
    bind_tasks_of(data, standardisation);
    collect_params();
  }

  const ModelSpec& spec() const override { return spec_; }
  const std::vector<ParamInfo>& params() const override { return params_; }
  const Plan* plan() const override { return stage() ? &stage()->plan() : nullptr; }
  SimdTarget target() const override { return stage() ? stage()->target() : SimdTarget::scalar; }

  std::vector<double> initial(std::uint64_t seed) const override {
    const InitialValues random(seed);
    std::vector<double> values(count_params(params_), 0.0);
    const std::span<double> all(values);
    backbone_.initial(random, all.first(head_begin_));
    head_->initial(random, static_cast<std::uint32_t>(backbone_.params().size()),
                   all.subspan(head_begin_, head_end_ - head_begin_));
    return values;
  }

  void bind(std::span<const double> params) override {
    if (params.size() != count_params(params_))
      throw data_error("the model has " + std::to_string(count_params(params_)) + " parameters, found " +
                       std::to_string(params.size()));
    backbone_.bind(params.first(head_begin_));
    head_->bind(params.subspan(head_begin_, head_end_ - head_begin_));
    const auto variances = params.subspan(head_end_);
    log_variance_.assign(variances.begin(), variances.end());
  }

  std::size_t units(std::size_t batch_rows) const override { return shards(batch_rows) * trained_groups(); }
  std::size_t unit_groups() const override { return trained_groups(); }
  double unit_cost(std::size_t unit, std::size_t batch_rows) const override {
    const std::size_t first = unit / trained_groups() * shard_;
    const std::size_t rows = std::min(shard_, batch_rows - std::min(first, batch_rows));
    return static_cast<double>(rows) * (backbone_.cost() + head_->group_cost(group_of(unit)));
  }
  std::size_t accumulator_size() const override { return count_params(params_) + tasks_.size(); }

  void run_unit(std::size_t unit, const StepBatch& batch, std::span<double> accumulator) const override {
    const std::size_t shard = unit / trained_groups(), group = group_of(unit);
    const std::size_t first = shard * shard_, last = std::min(batch.rows.size(), first + shard_);
    const std::span<const std::size_t> rows = std::span(batch.rows).subspan(first, last - first);
    const std::span<double> gradient = accumulator.first(count_params(params_));
    const std::span<double> losses = accumulator.subspan(count_params(params_));
    const Pass pass{true, batch.seed, batch.step, rows};
    typename Backbone<Real>::Cache cache;
    Matrix<Real> z, dz;
    backbone_.forward(pass, gather(rows), z, cache);
    head_->gradient(
        pass, group, z,
        [&](std::size_t begin, std::size_t count, const double* logits, double* cotangents) {
          add_losses(batch, rows.subspan(begin, count), groups_[group], logits, cotangents, gradient, losses);
        },
        dz, gradient.subspan(head_begin_, head_end_ - head_begin_));
    backbone_.backward(cache, dz, gradient.first(head_begin_));
    if (shard == 0 && spec_.learn_task_weights) add_variance_terms(batch, groups_[group], gradient, losses);
  }

  void predict(std::span<const std::size_t> rows, float* logits) const override {
    const auto width = static_cast<std::size_t>(outputs());
    std::vector<double> values;
    in_chunks(rows, [&](std::size_t count, const Matrix<Real>& z) {
      values.resize(count * width);
      head_->forward(z, values.data());
      label_units(values, logits);
      logits += values.size();
    });
  }

  const Circuit* circuit() const override { return stage() ? &stage()->circuit() : nullptr; }
  std::span<const double> circuit_params() const override { return needed_stage().params(); }
  std::size_t circuit_begin() const override { return head_begin_; }
  std::vector<double> circuit_angles(std::span<const std::size_t> rows) const override {
    std::vector<double> all;
    in_chunks(rows, [&](std::size_t, const Matrix<Real>& z) {
      const std::vector<double> angles = needed_stage().angles(z);
      all.insert(all.end(), angles.begin(), angles.end());
    });
    return all;
  }
  const CircuitReadout* readout() const override { return head_->readout(); }
  std::vector<float> logits_of(std::span<const double> values) const override {
    const std::size_t rows = values.size() / needed_stage().outputs();
    std::vector<double> of_head(rows * static_cast<std::size_t>(outputs()));
    readout()->logits(values, of_head.data());
    std::vector<float> logits(of_head.size());
    label_units(of_head, logits.data());
    return logits;
  }

 private:
  std::size_t trained_groups() const { return groups_.size() - finished_; }
  std::size_t group_of(std::size_t unit) const { return finished_ + unit % trained_groups(); }
  std::size_t shards(std::size_t batch_rows) const { return (batch_rows + shard_ - 1) / shard_; }

  const CircuitStage<Real>* stage() const { return head_->circuit_stage(); }
  const CircuitStage<Real>& needed_stage() const {
    if (!stage())
      throw usage_error("expected a head with a circuit, found the kind '" + spec_.head.kind +
                        "', which has none");
    return *stage();
  }

  /// visit(rows of the chunk, their z) in order.
  template <class Visit>
  void in_chunks(std::span<const std::size_t> rows, Visit visit) const {
    constexpr std::size_t chunk = 4 * tile_samples;
    typename Backbone<Real>::Cache cache;
    Matrix<Real> z;
    for (std::size_t first = 0; first < rows.size(); first += chunk) {
      const auto part = rows.subspan(first, std::min(chunk, rows.size() - first));
      backbone_.forward(Pass{}, gather(part), z, cache);
      visit(part.size(), z);
    }
  }

  /// The head's logits[rows, outputs()] with regression columns in the unit of the labels.
  void label_units(const std::vector<double>& values, float* logits) const {
    const auto width = static_cast<std::size_t>(outputs());
    for (std::size_t row = 0; row < values.size(); row += width)
      for (const BoundTask& task : tasks_)
        for (std::size_t c = row + task.first_column; c < row + task.first_column + task.outputs; ++c)
          logits[c] = static_cast<float>(values[c] * task.scale.deviation + task.scale.mean);
  }

  void bind_inputs_of(const Dataset& data, const std::vector<Standardisation>& standardisation) {
    for (const Input* input : bind_inputs(data, spec_)) {
      BoundInput bound{input, std::vector<double>(input->width, 0.0), std::vector<double>(input->width, 1.0)};
      for (const Standardisation& entry : standardisation) {
        if (entry.input != input->name) continue;
        if (entry.mean.size() != input->width || entry.deviation.size() != input->width)
          throw data_error("standardisation of input '" + input->name + "': expected " +
                           std::to_string(input->width) + " means and deviations, found " +
                           std::to_string(entry.mean.size()) + " and " +
                           std::to_string(entry.deviation.size()));
        bound.mean = entry.mean;
        for (std::size_t c = 0; c < input->width; ++c) bound.inverse[c] = 1.0 / entry.deviation[c];
      }
      inputs_.push_back(std::move(bound));
    }
  }

  void bind_tasks_of(const Dataset& data, const std::vector<Standardisation>& standardisation) {
    std::vector<const Task*> labels(spec_.tasks.size(), nullptr);
    if (!data.tasks.empty()) labels = bind_tasks(data, spec_);
    const std::vector<std::size_t> columns = task_columns(spec_);
    for (std::size_t t = 0; t < spec_.tasks.size(); ++t) {
      BoundTask task;
      task.scale = label_scale(standardisation, spec_.tasks[t]);
      task.loss = make_loss(spec_.tasks[t], task.scale);
      task.labels = labels[t];
      task.first_column = columns[t];
      task.outputs = columns[t + 1] - columns[t];
      task.weight = spec_.tasks[t].weight;
      task.regression = parse_task_kind(spec_.tasks[t].kind) == TaskKind::regression;
      tasks_.push_back(std::move(task));
    }
  }

  void collect_params() {
    params_ = backbone_.params();
    head_begin_ = count_params(params_);
    for (ParamInfo info : head_->params()) {
      info.offset += head_begin_;
      params_.push_back(std::move(info));
    }
    head_end_ = count_params(params_);
    if (spec_.learn_task_weights)
      append_param(params_, "task_log_variance", {tasks_.size()}, ParamPart::task_weights, false);
  }

  std::vector<Matrix<Real>> gather(std::span<const std::size_t> rows) const {
    std::vector<Matrix<Real>> gathered;
    for (const BoundInput& bound : inputs_) {
      const std::size_t width = bound.input->width;
      Matrix<Real> x(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(width));
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const float* sample = bound.input->values.data() + rows[i] * width;
        for (std::size_t c = 0; c < width; ++c)
          x.data()[i * width + c] =
              static_cast<Real>((static_cast<double>(sample[c]) - bound.mean[c]) * bound.inverse[c]);
      }
      gathered.push_back(std::move(x));
    }
    return gathered;
  }

  /// Kendall, Gal & Cipolla 2018 with s = log variance: exp(-s) L + s / 2, and half the first term for
  /// regression.
  double factor(std::size_t t) const {
    const double weight = tasks_[t].weight;
    if (!spec_.learn_task_weights) return weight;
    return weight * (tasks_[t].regression ? 0.5 : 1.0) * math::exp(-log_variance_[t]);
  }

  void add_losses(const StepBatch& batch, std::span<const std::size_t> rows, TaskRange group,
                  const double* logits, double* cotangents, std::span<double> gradient,
                  std::span<double> losses) const {
    const std::size_t first = tasks_[group.first].first_column;
    const std::size_t stride = tasks_[group.last - 1].first_column + tasks_[group.last - 1].outputs - first;
    std::vector<float> labels;
    std::vector<double> values, slopes;
    for (std::size_t t = group.first; t < group.last; ++t) {
      const BoundTask& task = tasks_[t];
      const std::size_t column = task.first_column - first;
      // A task without labels in the batch has zero cotangents from its loss; its factor must only be finite.
      const double share = factor(t) / std::max(batch.label_counts[t], 1.0);
      labels.clear();
      values.clear();
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const float* sample = task.labels->labels.data() + rows[i] * task.labels->columns;
        labels.insert(labels.end(), sample, sample + task.labels->columns);
        const double* row = logits + i * stride + column;
        values.insert(values.end(), row, row + task.outputs);
      }
      slopes.resize(values.size());
      const double sum = (*task.loss)(labels, values, slopes);
      for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t c = 0; c < task.outputs; ++c)
          cotangents[i * stride + column + c] = slopes[i * task.outputs + c] * share;
      losses[t] += share * sum;
      if (spec_.learn_task_weights) gradient[head_end_ + t] -= share * sum;
    }
  }

  /// The terms s / 2, once a step: in the first shard's unit of the task's group.
  void add_variance_terms(const StepBatch& batch, TaskRange group, std::span<double> gradient,
                          std::span<double> losses) const {
    for (std::size_t t = group.first; t < group.last; ++t) {
      if (batch.label_counts[t] == 0.0) continue;
      losses[t] += 0.5 * tasks_[t].weight * log_variance_[t];
      gradient[head_end_ + t] += 0.5 * tasks_[t].weight;
    }
  }

  ModelSpec spec_;
  std::size_t shard_;
  std::vector<TaskRange> groups_;
  std::size_t finished_;  ///< groups in front that are not trained: earlier generations
  std::unique_ptr<Head<Real>> head_;
  Backbone<Real> backbone_;
  std::vector<BoundInput> inputs_;
  std::vector<BoundTask> tasks_;
  std::vector<ParamInfo> params_;
  std::size_t head_begin_ = 0, head_end_ = 0;
  std::vector<double> log_variance_;
};

void check_spec(const ModelSpec& spec, const TrainSpec& train) {
  if (spec.inputs.empty() || spec.inputs.size() != spec.input_widths.size())
    throw usage_error("the model has no inputs: complete its configuration from the data set first");
  if (spec.tasks.empty()) throw usage_error("the model has no tasks: the data set needs at least one");
  for (const TaskSpec& task : spec.tasks)
    if (!(task.weight >= 0.0) || std::isinf(task.weight))
      throw usage_error("task." + task.name + ".weight: expected a finite number >= 0, found " +
                        std::to_string(task.weight));
  int in_generations = 0;
  for (int tasks : spec.generations) in_generations += tasks;
  if (!spec.generations.empty() && in_generations != static_cast<int>(spec.tasks.size()))
    throw usage_error("head.generations: expected numbers of tasks that add up to " +
                      std::to_string(spec.tasks.size()) + ", found " + std::to_string(in_generations));
  if (train.shard < 1 || train.shard % static_cast<int>(tile_samples) != 0)
    throw usage_error("distributed.shard: expected a positive multiple of " + std::to_string(tile_samples) +
                      " samples, found " + std::to_string(train.shard));
  if (train.shots < 0)
    throw usage_error("train.shots: expected 0 (exact) or a number of shots, found " +
                      std::to_string(train.shots));
}

}  // namespace

std::unique_ptr<Learner> make_learner(const ModelSpec& spec, const TrainSpec& train, const Dataset& data,
                                      const std::vector<Standardisation>& standardisation,
                                      SimdTarget target) {
  check_spec(spec, train);
  check_data(data, spec);
  if (spec.precision == "float")
    return std::make_unique<LearnerOf<float>>(spec, train, data, standardisation, target);
  if (spec.precision == "double")
    return std::make_unique<LearnerOf<double>>(spec, train, data, standardisation, target);
  throw usage_error("train.precision: expected float or double, found '" + spec.precision + "'");
}

}  // namespace qmtl
