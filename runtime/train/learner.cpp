// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/learner.h"

#include <tbb/enumerable_thread_specific.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/math.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/loss.h"
#include "runtime/train/check_data.h"
#include "runtime/train/network.h"
#include "runtime/train/task_weighting.h"

namespace qmtl {

int Learner::outputs() const {
  int count = 0;
  for (const TaskSpec& task : spec().tasks) count += task.outputs;
  return count;
}

namespace {

/// One task as the learner sees it: its loss, labels and place among the logits.
struct BoundTask {
  std::unique_ptr<TaskLoss> loss;
  const Task* labels = nullptr;  ///< null when the data has no tasks
  std::size_t first_column = 0, outputs = 0;
  double weight = 1.0;
  bool regression = false;
};

template <class Real>
class LearnerOf final : public Learner {
 public:
  LearnerOf(const ModelSpec& spec, const TrainSpec& train, const Dataset& data, const Statistics& statistics,
            SimdTarget target, const TrainingDevice& device)
      : weighting_(train.task_weighting),
        parts_(parts_of_groups(cut_tasks(spec, train.task_groups), weighting_)),
        finished_(parts_.size() - static_cast<std::size_t>(train.task_groups)),
        groups_(weighs_by_gradients(weighting_) ? cut_tasks(spec, static_cast<int>(spec.tasks.size()))
                                                : cut_tasks(spec, train.task_groups)),
        network_({spec, groups_, train.shots, target}, statistics),
        shared_(shared_params(weighting_, network_.params())),
        inputs_(bind_inputs(data, spec)),
        seed_(train.seed),
        device_(device) {
    if (device_) network_.train_on(device_, strength_);
    bind_tasks_of(data);
    if (weighting_ == TaskWeighting::gradnorm) task_weights_.assign(tasks_.size(), 1.0);
    shard_ = train.shard > 0 ? static_cast<std::size_t>(train.shard) : suitable_shard(train.batch);
  }

  const ModelSpec& spec() const override { return network_.spec(); }
  const std::vector<ParamInfo>& params() const override { return network_.params(); }
  const Plan* plan() const override { return network_.stage() ? &network_.stage()->plan() : nullptr; }
  std::vector<LayerCircuit> layer_circuits() const override { return network_.backbone().circuits(); }
  SimdTarget target() const override { return network_.target(); }

  std::vector<double> initial(std::uint64_t seed) const override { return network_.initial(seed); }

  void bind(std::span<const double> params) override {
    network_.bind(params);
    const auto variances = params.subspan(network_.head_end());
    log_variance_.assign(variances.begin(), variances.end());
  }

  std::size_t shard() const override { return shard_; }
  std::size_t units(std::size_t batch_rows) const override { return shards(batch_rows) * trained_groups(); }
  std::size_t unit_groups() const override { return trained_groups(); }
  double unit_cost(std::size_t unit, std::size_t batch_rows) const override {
    const std::size_t first = unit / trained_groups() * shard_;
    const std::size_t rows = std::min(shard_, batch_rows - std::min(first, batch_rows));
    return static_cast<double>(rows) * row_cost(part_of(unit));
  }
  std::size_t accumulator_size() const override {
    return count_params(params()) + tasks_.size() * (1 + shared_.size);
  }
  void set_task_weights(std::span<const double> weights) override {
    task_weights_.assign(weights.begin(), weights.end());
  }

  void run_unit(std::size_t unit, const StepBatch& batch, std::span<double> accumulator) const override {
    const std::size_t shard = unit / trained_groups(), part = part_of(unit);
    const std::size_t first = shard * shard_, last = std::min(batch.rows.size(), first + shard_);
    const std::span<const std::size_t> rows = std::span(batch.rows).subspan(first, last - first);
    const std::span<double> gradient = accumulator.first(count_params(params()));
    const std::span<double> losses = accumulator.subspan(count_params(params()), tasks_.size());
    const Pass pass{true, batch.seed, batch.step, rows};
    Memory& memory = memory_.local();
    gather(rows, memory.x);
    network_.backbone().forward(pass, memory.x, memory.z, memory.cache);
    const auto of_head = [&](std::size_t group) {
      network_.head().gradient(
          pass, group, memory.z,
          [&](std::size_t begin, std::size_t count, std::span<const double> logits,
              std::span<double> cotangents) {
            add_losses(batch, rows.subspan(begin, count), group, logits, cotangents, gradient, losses,
                       memory.tasks);
          },
          memory.dz, gradient.subspan(network_.head_begin(), network_.head_end() - network_.head_begin()));
    };
    if (weighs_by_gradients(weighting_)) {
      const auto by_task = accumulator.subspan(gradient.size() + losses.size());
      for (std::size_t task = parts_[part].first; task < parts_[part].last; ++task) {
        of_head(task);
        keep_task(memory, task == parts_[part].first, gradient,
                  by_task.subspan(task * shared_.size, shared_.size));
      }
      if (weighting_ == TaskWeighting::gradnorm)
        network_.backbone().backward(memory.cache, memory.sum, gradient.first(network_.head_begin()));
      return;
    }
    const std::size_t group = parts_[part].first;
    of_head(group);
    network_.backbone().backward(memory.cache, memory.dz, gradient.first(network_.head_begin()));
    if (shard == 0 && spec().learn_task_weights) add_variance_terms(batch, groups_[group], gradient, losses);
  }

  void predict(std::span<const std::size_t> rows, std::span<float> logits) const override {
    const auto width = static_cast<std::size_t>(outputs());
    std::vector<double> values;
    in_chunks(rows, [&](std::size_t count, const Matrix<Real>& z) {
      values.resize(count * width);
      network_.head().forward(z, values);
      network_.in_label_units(values, logits);
      logits = logits.subspan(values.size());
    });
  }

  void predict_on_device(std::span<const std::size_t> rows, std::span<float> logits) const override {
    const auto width = static_cast<std::size_t>(outputs());
    std::vector<double> values;
    in_chunks(rows, [&](std::size_t count, const Matrix<Real>& z) {
      values.resize(count * width);
      const Pass pass{.seed = seed_, .step = no_step, .samples = rows.first(count)};
      network_.head().forward_on_device(pass, z, values);
      network_.in_label_units(values, logits);
      logits = logits.subspan(values.size());
      rows = rows.subspan(count);
    });
  }
  bool on_device() const override { return static_cast<bool>(device_); }
  void set_noise_strength(double strength) override {
    if (device_ && strength != strength_) network_.train_on(device_, strength);
    strength_ = strength;
  }

  const Circuit* circuit() const override {
    return network_.stage() ? &network_.stage()->circuit() : nullptr;
  }
  std::span<const double> circuit_params() const override { return network_.needed_stage().params(); }
  std::size_t circuit_begin() const override { return network_.head_begin(); }
  std::vector<double> circuit_angles(std::span<const std::size_t> rows) const override {
    const CircuitStage<Real>& stage = network_.needed_stage();
    std::vector<double> all;
    in_chunks(rows, [&](std::size_t, const Matrix<Real>& z) {
      const std::vector<double> angles = stage.angles(z);
      all.insert(all.end(), angles.begin(), angles.end());
    });
    return all;
  }
  const CircuitReadout* readout() const override { return network_.head().readout(); }
  std::vector<float> logits_of(std::span<const double> values) const override {
    return network_.logits_of(values);
  }

 private:
  static constexpr std::int64_t no_step = -1;  ///< whose random numbers predictions take
  /// The groups of the head that each part of a batch's work has: one, or the tasks of one.
  static std::vector<TaskRange> parts_of_groups(std::vector<TaskRange> groups, TaskWeighting weighting) {
    if (!weighs_by_gradients(weighting))
      for (std::size_t g = 0; g < groups.size(); ++g) groups[g] = {g, g + 1};
    return groups;
  }

  double row_cost(std::size_t part) const {
    double cost = network_.backbone().cost();
    const auto groups = static_cast<double>(parts_[part].last - parts_[part].first);
    // The backward pass is two thirds of a layer's operations (Layer::cost).
    if (weighting_ == TaskWeighting::pcgrad) cost *= (1.0 + 2.0 * groups) / 3.0;
    if (weighting_ == TaskWeighting::gradnorm) cost += 2.0 * groups * static_cast<double>(shared_.size);
    for (std::size_t group = parts_[part].first; group < parts_[part].last; ++group)
      cost += network_.head().group_cost(group);
    return cost;
  }

  /// What a unit costs whatever its samples (clearing and summing a gradient, a task for a thread) should not
  /// show; but a batch should still be eight units, and more of a costly model. 1.6e7 operations take about
  /// 0.3 ms.
  std::size_t suitable_shard(int batch) const {
    constexpr double most_operations = 1.6e7;
    std::size_t rows = 4 * tile_samples;
    while (rows < 16 * tile_samples && 16 * rows <= static_cast<std::size_t>(batch)) rows *= 2;
    while (rows > tile_samples && static_cast<double>(rows) * row_cost(finished_) > most_operations)
      rows /= 2;
    return rows;
  }

  std::size_t trained_groups() const { return parts_.size() - finished_; }
  std::size_t part_of(std::size_t unit) const { return finished_ + unit % trained_groups(); }
  std::size_t shards(std::size_t batch_rows) const { return (batch_rows + shard_ - 1) / shard_; }

  /// visit(rows of the chunk, their z) in order.
  template <class Visit>
  void in_chunks(std::span<const std::size_t> rows, Visit visit) const {
    constexpr std::size_t chunk = 4 * tile_samples;
    Memory& memory = memory_.local();
    for (std::size_t first = 0; first < rows.size(); first += chunk) {
      const auto part = rows.subspan(first, std::min(chunk, rows.size() - first));
      gather(part, memory.x);
      network_.backbone().forward(Pass{}, memory.x, memory.z, memory.cache);
      visit(part.size(), memory.z);
    }
  }

  void bind_tasks_of(const Dataset& data) {
    std::vector<const Task*> labels(spec().tasks.size(), nullptr);
    if (!data.tasks.empty()) labels = bind_tasks(data, spec());
    const std::vector<std::size_t> columns = task_columns(spec());
    for (std::size_t t = 0; t < spec().tasks.size(); ++t) {
      BoundTask task;
      task.loss = make_loss(spec().tasks[t], network_.label_scale(columns[t]));
      task.labels = labels[t];
      task.first_column = columns[t];
      task.outputs = columns[t + 1] - columns[t];
      task.weight = spec().tasks[t].weight;
      task.regression = parse_task_kind(spec().tasks[t].kind) == TaskKind::regression;
      tasks_.push_back(std::move(task));
    }
    for (const TaskRange& group : groups_)
      logistic_.push_back(
          LogisticTasks::of(std::span(spec().tasks).subspan(group.first, group.last - group.first)));
  }

  /// What a thread computes in, kept from unit to unit.
  struct Memory {
    typename Backbone<Real>::Cache cache;
    std::vector<Matrix<Real>> x;
    std::vector<float> numbers;  ///< rows of an input that does not lie in memory
    Matrix<Real> z, dz;
    Matrix<Real> sum;  ///< of the tasks' dz, where each is looked at by itself
    struct Tasks {
      std::vector<float> labels;
      std::vector<double> values, slopes, sums;
    } tasks;
  };

  void gather(std::span<const std::size_t> rows, std::vector<Matrix<Real>>& x) const {
    x.resize(inputs_.size());
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const Input& input = *inputs_[i];
      const auto standardise = [&](auto sample) {
        network_.standardise(i, rows.size(), input.shift, sample, x[i]);
      };
      if (!input.rows) {
        standardise([&](std::size_t row) { return input.values.data() + rows[row] * input.width; });
        continue;
      }
      std::vector<float>& numbers = memory_.local().numbers;
      numbers.resize(rows.size() * input.width);
      for (std::size_t row = 0; row < rows.size(); ++row)
        input.rows->read(rows[row], 1, numbers.data() + row * input.width);
      standardise([&](std::size_t row) { return numbers.data() + row * input.width; });
    }
  }

  /// Adds one task's gradient of the shared parameters to `own`, from its dz and from what its pass of the
  /// head has left in `gradient`.
  void keep_task(Memory& memory, bool first, std::span<double> gradient, std::span<double> own) const {
    if (weighting_ == TaskWeighting::gradnorm) {
      network_.backbone().backward_representation(memory.cache, memory.dz, own);
      if (first)
        memory.sum = memory.dz;
      else
        memory.sum += memory.dz;
      return;
    }
    // The backbone's parameters come first, here as there.
    network_.backbone().backward(memory.cache, memory.dz, own.first(network_.head_begin()));
    for (const SharedParams::Piece& piece : shared_.pieces) {
      if (piece.begin < network_.head_begin()) continue;
      for (std::size_t i = 0; i < piece.size; ++i)
        own[piece.at + i] += std::exchange(gradient[piece.begin + i], 0.0);
    }
  }

  /// Kendall, Gal & Cipolla 2018 with s = log variance: exp(-s) L + s / 2, and half the first term for
  /// regression.
  double factor(std::size_t t) const {
    if (!task_weights_.empty()) return task_weights_[t];
    const double weight = tasks_[t].weight;
    if (!spec().learn_task_weights) return weight;
    return weight * (tasks_[t].regression ? 0.5 : 1.0) * math::exp(-log_variance_[t]);
  }

  /// What a task's summed loss is multiplied with. A task without labels in the batch has zero cotangents
  /// from its loss; its factor must only be finite.
  double share(std::size_t t, const StepBatch& batch) const {
    return factor(t) / std::max(batch.label_counts[t], 1.0);
  }

  void add_losses(const StepBatch& batch, std::span<const std::size_t> rows, std::size_t group_number,
                  std::span<const double> logits, std::span<double> cotangents, std::span<double> gradient,
                  std::span<double> losses, typename Memory::Tasks& memory) const {
    const TaskRange group = groups_[group_number];
    const std::size_t first = tasks_[group.first].first_column;
    const std::size_t stride = tasks_[group.last - 1].first_column + tasks_[group.last - 1].outputs - first;
    auto& [labels, values, slopes, sums] = memory;
    const auto add = [&](std::size_t t, double loss) {
      losses[t] += loss;
      if (spec().learn_task_weights) gradient[network_.head_end() + t] -= loss;
    };
    if (const auto& logistic = logistic_[group_number]) {
      labels.resize(rows.size() * stride);
      sums.resize(stride);
      values.resize(stride);  // the tasks' shares
      for (std::size_t t = 0; t < stride; ++t) {
        values[t] = share(group.first + t, batch);
        const float* all = tasks_[group.first + t].labels->labels.data();
        for (std::size_t i = 0; i < rows.size(); ++i) labels[i * stride + t] = all[rows[i]];
      }
      (*logistic)(labels, logits, cotangents, sums);
      for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t t = 0; t < stride; ++t) cotangents[i * stride + t] *= values[t];
      for (std::size_t t = 0; t < stride; ++t) add(group.first + t, values[t] * sums[t]);
      return;
    }
    for (std::size_t t = group.first; t < group.last; ++t) {
      const BoundTask& task = tasks_[t];
      const std::size_t column = task.first_column - first;
      const double of_sum = share(t, batch);
      const std::size_t columns = task.labels->columns;
      labels.resize(rows.size() * columns);
      values.resize(rows.size() * task.outputs);
      slopes.resize(values.size());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const float* sample = task.labels->labels.data() + rows[i] * columns;
        for (std::size_t c = 0; c < columns; ++c) labels[i * columns + c] = sample[c];
        for (std::size_t c = 0; c < task.outputs; ++c)
          values[i * task.outputs + c] = logits[i * stride + column + c];
      }
      const double sum = (*task.loss)(labels, values, slopes);
      for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t c = 0; c < task.outputs; ++c)
          cotangents[i * stride + column + c] = slopes[i * task.outputs + c] * of_sum;
      add(t, of_sum * sum);
    }
  }

  /// The terms s / 2, once a step: in the first shard's unit of the task's group.
  void add_variance_terms(const StepBatch& batch, TaskRange group, std::span<double> gradient,
                          std::span<double> losses) const {
    for (std::size_t t = group.first; t < group.last; ++t) {
      if (batch.label_counts[t] == 0.0) continue;
      losses[t] += 0.5 * tasks_[t].weight * log_variance_[t];
      gradient[network_.head_end() + t] += 0.5 * tasks_[t].weight;
    }
  }

  std::size_t shard_ = 0;
  TaskWeighting weighting_;
  std::vector<TaskRange> parts_;  ///< what a unit computes: the head's groups first .. last - 1
  std::size_t finished_;          ///< parts in front that are not trained: earlier generations
  std::vector<TaskRange> groups_;
  Network<Real> network_;
  SharedParams shared_;
  std::vector<const Input*> inputs_;
  std::uint64_t seed_;
  TrainingDevice device_;
  double strength_ = 1.0;
  std::vector<BoundTask> tasks_;
  std::vector<double> log_variance_;
  std::vector<double> task_weights_;                    ///< of GradNorm, else none
  std::vector<std::optional<LogisticTasks>> logistic_;  ///< the group's losses, where they are of that kind
  /// A thread is in one unit at a time: what the engine does in parallel inside is isolated (row_blocks.h).
  mutable tbb::enumerable_thread_specific<Memory> memory_;
};

}  // namespace

std::unique_ptr<Learner> make_learner(const ModelSpec& spec, const TrainSpec& train, const Dataset& data,
                                      const Statistics& statistics, SimdTarget target,
                                      const TrainingDevice& device) {
  check_model(spec, train);
  check_data(data, spec);
  if (spec.precision == "float")
    return std::make_unique<LearnerOf<float>>(spec, train, data, statistics, target, device);
  if (spec.precision == "double")
    return std::make_unique<LearnerOf<double>>(spec, train, data, statistics, target, device);
  throw usage_error("train.precision: expected float or double, found '" + spec.precision + "'");
}

}  // namespace qmtl
