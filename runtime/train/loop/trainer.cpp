// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/loop/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "runtime/base/any_error.h"
#include "runtime/base/crash_point.h"
#include "runtime/base/text.h"
#include "runtime/model/layers/elementwise.h"
#include "runtime/model/metrics.h"
#include "runtime/train/epoch.h"
#include "runtime/train/frozen.h"
#include "runtime/train/loop/evaluate.h"
#include "runtime/train/loop/gradient.h"
#include "runtime/train/loop/stopwatch.h"
#include "runtime/train/optimiser.h"
#include "runtime/train/sampler.h"
#include "runtime/train/schedule.h"
#include "runtime/train/stopping.h"
#include "runtime/train/task_weighting.h"
#include "runtime/train/validation.h"

namespace qmtl {
namespace {

using Clock = std::chrono::steady_clock;

class Training {
 public:
  Training(const Ranks& ranks, Learner& learner, const Config& config, const Dataset& data,
           const Statistics& statistics, TrainState& state, const TrainHooks& hooks)
      : ranks_(ranks),
        learner_(learner),
        config_(config),
        data_(data),
        statistics_(statistics),
        state_(state),
        hooks_(hooks),
        balance_(ranks, learner) {
    ranks.together([&] {
      rows_ = training_rows(data, learner.spec());
      batches_.emplace(data, learner.spec(), config.train);
      epochs_.emplace(rows_, data, learner.spec(), config.train);
      steps_ = epochs_->steps();
      validation_ = data.rows(Split::validation);
      trained_ = trained_params(learner.params(), config.train.frozen);
      prepare_weighting();
      if (learner.on_device() == config.train.noise.empty())
        throw usage_error(config.train.noise.empty()
                              ? "the learner has a device with noise, which the configuration lacks: give "
                                "train.noise"
                              : "train.noise: the learner was made without that device");
      if (state.step_in_epoch < 0 || state.step_in_epoch > steps_)
        throw data_error("expected a checkpoint within the " + std::to_string(steps_) +
                         " steps of an epoch, found one after " + std::to_string(state.step_in_epoch) +
                         " steps: it belongs to another batch size or data set; go on with those");
    });
    total_ = steps_ * config.train.epochs;
    first_ = state.step;
  }

  TrainResult run() {
    learner_.bind(state_.params);
    while (!training_finished(state_, config_.train)) {
      if (!run_epoch()) return end(Ending::interrupted);
      finish_epoch();
    }
    return end(state_.epoch < config_.train.epochs ? Ending::stopped_early : Ending::finished);
  }

 private:
  /// False when a rank asked for a stop; the checkpoint is then saved.
  bool run_epoch() {
    if (const double strength = noise_strength(config_.train, state_.epoch);
        learner_.on_device() && strength != strength_) {
      ranks_.together([&] {
        learner_.set_noise_strength(strength);
        learner_.bind(state_.params);
      });
      strength_ = strength;
    }
    const EpochRows epoch = epochs_->rows_of(state_.epoch);
    while (state_.step_in_epoch < steps_) {
      crash_point("step");
      const StepBatch batch = batches_->of(epoch.batch(state_.step_in_epoch), state_.step);
      StepSum step = batch_gradient(ranks_, learner_, batch, wants_stop(), balance_, memory_);
      record(step, batch);
      if (step.stop) {
        save({.now = true});
        return false;
      }
      if (state_.step_in_epoch < steps_ && save_is_due()) save({.now = true});
    }
    return true;
  }

  /// Takes the step and tells those who follow.
  void record(StepSum& step, const StepBatch& batch) {
    Stopwatch watch;
    ranks_.here().enter(Doing::update);
    const double rate = learning_rate(config_.train, state_.step, total_);
    apply(step.sum, batch, rate);
    step.times.update = watch.lap();
    step.times.save = std::exchange(save_seconds_, 0.0);
    result_.samples += batch.rows.size();
    result_.times += step.times;
    if (hooks_.on_step)
      hooks_.on_step(
          {state_.step, state_.epoch + 1, batch.rows.size(), rate, losses_of(step.sum), step.times});
    report();
    report_imbalance();
  }

  /// Where a run begins, GradNorm's weights do.
  void prepare_weighting() {
    const TrainSpec& train = config_.train;
    const std::size_t tasks = learner_.spec().tasks.size();
    shared_ = shared_params(train.task_weighting, learner_.params());
    if (learner_.accumulator_size() != state_.params.size() + tasks * (1 + shared_.size))
      throw usage_error("train.task_weighting: the learner was made with another one");
    shared_ = trained_part(shared_, trained_);
    check_trained_part(shared_, train);
    const std::size_t weights = train.task_weighting == TaskWeighting::gradnorm ? tasks : 0;
    if (state_.task_weights.empty() && state_.step == 0) {
      state_.task_weights.assign(weights, 1.0);
      state_.first_losses.assign(weights, -1.0);
    }
    if (state_.task_weights.size() != weights || state_.first_losses.size() != weights)
      throw data_error("expected a checkpoint with " + std::to_string(weights) +
                       " task weights of GradNorm, found " + std::to_string(state_.task_weights.size()) +
                       ": it was trained with another train.task_weighting; go on with that");
    if (weights > 0) learner_.set_task_weights(state_.task_weights);
  }

  std::span<double> losses_of(std::span<double> sum) const {
    return sum.subspan(state_.params.size(), learner_.spec().tasks.size());
  }

  /// What the tasks' own gradients change about the step, or about the weights of the next.
  void weigh(std::span<double> sum, const StepBatch& batch) {
    const auto by_task = sum.subspan(state_.params.size() + learner_.spec().tasks.size());
    if (config_.train.task_weighting == TaskWeighting::pcgrad)
      project_gradients(shared_, batch.seed, batch.step, by_task, sum.first(state_.params.size()));
    if (config_.train.task_weighting == TaskWeighting::gradnorm) {
      gradnorm_step(config_.train, task_norms(shared_, by_task), losses_of(sum), batch.label_counts, state_);
      learner_.set_task_weights(state_.task_weights);
    }
  }

  void apply(std::span<double> sum, const StepBatch& batch, double rate) {
    const std::size_t params = state_.params.size();
    double loss = 0;
    for (double task : losses_of(sum)) loss += task;
    weigh(sum, batch);
    add_norms(sum.first(params));
    optimiser_step(config_.train, trained_, rate, sum.first(params), state_);
    require_finite(rate);
    learner_.bind(state_.params);
    state_.epoch_loss_sum += loss;
    ++state_.step_in_epoch;
  }

  /// Every rank takes the same step, so all find the same.
  void require_finite(double rate) const {
    if (all_finite(state_.params)) return;
    for (const ParamInfo& param : trained_)
      for (std::size_t i = param.offset; i < param.offset + param.size; ++i) {
        if (std::isfinite(state_.params[i])) continue;
        throw SharedError(Exit::data, "step " + std::to_string(state_.step) + ": parameter " + param.name +
                                          " is no longer finite after a step at the rate " +
                                          significant(rate, 6) +
                                          "; lower train.learning_rate, or set train.clip");
      }
  }

  void add_norms(std::span<const double> gradient) {
    const std::vector<double> norms = part_norms(trained_, gradient);
    state_.epoch_norm_sums.resize(norms.size());
    for (std::size_t i = 0; i < norms.size(); ++i) state_.epoch_norm_sums[i] += norms[i];
  }

  std::vector<double> mean_norms() const {
    std::vector<double> means(param_parts, std::numeric_limits<double>::quiet_NaN());
    for (const ParamInfo& param : trained_) {
      const auto part = static_cast<std::size_t>(param.part);
      if (part < state_.epoch_norm_sums.size())
        means[part] = state_.epoch_norm_sums[part] / static_cast<double>(steps_);
    }
    return means;
  }

  void finish_epoch() {
    EpochRecord record;
    record.epoch = state_.epoch + 1;
    record.step = state_.step;
    record.learning_rate = learning_rate(config_.train, state_.step - 1, total_);
    record.train_loss = state_.epoch_loss_sum / static_cast<double>(steps_);
    TaskScores metrics = validate(record);
    const std::vector<double> norms = mean_norms();
    state_.epoch = record.epoch;
    state_.step_in_epoch = 0;
    state_.epoch_loss_sum = 0;
    state_.epoch_norm_sums.clear();
    const bool best = record_epoch(state_, record);
    record.gradient_norms = norms;
    record.task_weights = state_.task_weights;
    record.metrics = std::move(metrics);
    if (ranks_.root() && hooks_.on_epoch) hooks_.on_epoch(record, best);
    const int every = config_.checkpoint.every_epochs;
    const bool now = save_is_due() || training_finished(state_, config_.train);
    if (now || best || (every > 0 && state_.epoch % every == 0)) save({best, now});
  }

  /// Every metric, where a task has several.
  TaskScores validate(EpochRecord& record) {
    Stopwatch watch;
    TaskScores all;
    ranks_.here().enter(Doing::evaluate);
    const std::vector<float> logits = predict_rows_on_device(ranks_, learner_, validation_);
    ranks_.together([&] {
      const ModelSpec& spec = learner_.spec();
      all = evaluate_all(data_, spec, validation_, logits);
      record.validation = first_scores(all);
      record.validation_mean = mean_score(spec, record.validation);
      record.validation_loss = validation_loss(data_, spec, statistics_, validation_, logits);
    });
    paused(Pause::evaluate, watch.lap());
    const bool several =
        std::any_of(all.begin(), all.end(), [](const auto& task) { return task.size() > 1; });
    return several ? all : TaskScores{};
  }

  /// Whether this rank asks for a stop: for its own reasons, or because a save has failed.
  bool wants_stop() {
    on_root([&] {
      if (hooks_.saved) hooks_.saved(false);
    });
    return save_failure_ || (hooks_.stop_requested && hooks_.stop_requested());
  }

  /// Asked between epochs' ends. Only rank 0 saves, so only its clock counts and nobody has to agree.
  bool save_is_due() const {
    const CheckpointSpec& rule = config_.checkpoint;
    return (rule.every_steps > 0 && state_.step % rule.every_steps == 0) ||
           (rule.every_seconds > 0 &&
            std::chrono::duration<double>(Clock::now() - last_save_).count() >= rule.every_seconds);
  }

  void save(SaveRequest request) {
    ranks_.here().enter(Doing::save);
    Stopwatch watch;
    bool began = false;
    on_root([&] { began = hooks_.save && hooks_.save(state_, request); });
    const double seconds = watch.lap();
    if (!began) return;
    last_save_ = Clock::now();
    save_seconds_ += seconds;
    paused(Pause::save, seconds);
  }

  void paused(Pause pause, double seconds) const {
    if (hooks_.on_pause) hooks_.on_pause(pause, seconds);
  }

  /// Work of rank 0 whose failure the other ranks learn of at the next step or at the end.
  template <class Work>
  void on_root(Work&& work) {
    if (!ranks_.root() || save_failure_) return;
    try {
      work();
    } catch (const std::exception& error) {
      save_failure_ = any_error(error);
    }
  }

  void report() const {
    if (!ranks_.root() || !hooks_.on_progress) return;
    Progress progress;
    progress.epoch = state_.epoch + 1;
    progress.epochs = config_.train.epochs;
    progress.step = state_.step;
    progress.total_steps = total_;
    progress.loss = state_.epoch_loss_sum / static_cast<double>(state_.step_in_epoch);
    const double passed = seconds();
    progress.samples_per_second = passed > 0 ? static_cast<double>(result_.samples) / passed : 0;
    progress.seconds_left =
        passed / static_cast<double>(state_.step - first_) * static_cast<double>(total_ - state_.step);
    hooks_.on_progress(progress);
  }

  /// Steps of less than a millisecond are not worth a word.
  void report_imbalance() {
    const Imbalance& now = balance_.latest();
    if (told_imbalance_ || balance_.exchanges() < 3 || now.ratio <= 1.5 || now.mean < 1e-3) return;
    told_imbalance_ = true;
    if (ranks_.root() && hooks_.on_imbalance) hooks_.on_imbalance(now);
  }

  /// Not before everything is saved.
  TrainResult end(Ending ending) {
    ranks_.here().enter(Doing::finish);
    Stopwatch watch;
    on_root([&] {
      if (hooks_.saved) hooks_.saved(true);
    });
    ranks_.agree(save_failure_);
    result_.times.save += save_seconds_ + watch.lap();
    result_.ending = ending;
    result_.imbalance = balance_.imbalance();
    result_.seconds = seconds();
    return result_;
  }

  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  const Ranks& ranks_;
  Learner& learner_;
  const Config& config_;
  const Dataset& data_;
  const Statistics& statistics_;
  TrainState& state_;
  const TrainHooks& hooks_;
  Balance balance_;
  StepMemory memory_;
  std::optional<Batches> batches_;
  std::optional<Epochs> epochs_;
  std::vector<std::size_t> rows_, validation_;
  std::vector<ParamInfo> trained_;  ///< what may change
  SharedParams shared_;             ///< of that, whose gradients tasks are weighed by
  double save_seconds_ = 0;         ///< since the last step
  double strength_ = 1.0;           ///< of the noise that the learner computes with
  bool told_imbalance_ = false;
  std::optional<Error> save_failure_;
  std::int64_t steps_ = 0, total_ = 0, first_ = 0;
  TrainResult result_;
  Clock::time_point start_ = Clock::now(), last_save_ = start_;
};

}  // namespace

TrainState fresh_state(const Learner& learner, std::uint64_t seed) {
  TrainState state;
  state.params = learner.initial(seed);
  return state;
}

TrainResult train(const Ranks& ranks, Learner& learner, const Config& config, const Dataset& data,
                  const Statistics& statistics, TrainState& state, const TrainHooks& hooks) {
  return Training(ranks, learner, config, data, statistics, state, hooks).run();
}

}  // namespace qmtl
