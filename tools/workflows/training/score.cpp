// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/score.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "io/config/noise_file.h"
#include "io/data/dataset.h"
#include "runtime/noise/noisy_plan.h"
#include "runtime/train/loop/evaluate.h"
#include "runtime/train/loop/stopwatch.h"
#include "runtime/train/transfer.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/noisy_scores.h"
#include "tools/workflows/training/thresholds.h"

namespace qmtl {
namespace {

NoisyScores score_noisy(const Ranks& ranks, const Learner& learner, const Dataset& data,
                        const std::vector<std::size_t>& rows, const NoiseRequest& request) {
  Stopwatch watch;
  const NoisyLogits found = predict_noisy(ranks, learner, rows, request.model, request.options);
  NoisyScores noisy{score_logits(ranks, learner.spec(), data, rows, found.logits),
                    describe(request, *found.simulator)};
  noisy.about["seconds"] = watch.lap();
  return noisy;
}

/// On the device that the model was trained for, as validation was.
NoisyScores score_on_device(const Ranks& ranks, const Learner& learner, const Checkpoint& checkpoint,
                            const Dataset& data, const std::vector<std::size_t>& rows) {
  Stopwatch watch;
  const std::vector<float> logits = predict_rows_on_device(ranks, learner, rows);
  NoisyScores noisy{score_logits(ranks, learner.spec(), data, rows, logits), {}};
  const TrainSpec& train = checkpoint.config.train;
  const NoisyPlan plan = make_noisy_plan(*learner.circuit(), parse_training_noise(train.noise),
                                         {.trajectories = train.trajectories});
  std::string method(name(plan.parts.front().method));
  int cone = 0, alive = 0;
  for (const NoisyPlanPart& part : plan.parts) {
    if (name(part.method) != method) method = "mixed";
    cone = std::max(cone, part.cone);
    alive = std::max(alive, part.alive);
  }
  noisy.about = {{"file", "train.noise"}, {"method", method}, {"shots", 0}};
  if (method == "trajectories" || method == "mixed") noisy.about["trajectories"] = train.trajectories;
  noisy.about["seed"] = train.seed;
  noisy.about["cone"] = cone;
  noisy.about["qubits_alive"] = alive;
  noisy.about["seconds"] = watch.lap();
  return noisy;
}

/// Chooses thresholds on the validation rows and scores `rows` at them.
void decide(const Ranks& ranks, const Learner& learner, const Dataset& data,
            const std::vector<std::size_t>& rows, const std::vector<float>& logits,
            const EvalRequest& request, Report& report) {
  const std::vector<std::size_t> validation = data.rows(Split::validation);
  const std::vector<float> chosen_by = predict_rows(ranks, learner, validation);
  const ModelSpec& spec = learner.spec();
  ranks.together([&] {
    if (validation.empty())
      throw data_error(
          "--threshold: expected samples of the split validation, on which thresholds are "
          "chosen, found none in the data set");
    report.thresholds = find_thresholds(spec, data, validation, chosen_by,
                                        request.threshold == "own" ? "" : request.threshold);
    report.at_half = report.scores;
    report.scores = score_at(spec, data, rows, logits, report.thresholds, report.scores);
  });
}

/// The baseline that the model's training labels give; where they are there no more, those of `data`.
std::optional<Scores> find_baseline(const Checkpoint& checkpoint, const EvalRequest& request,
                                    const Dataset& data, const std::vector<std::size_t>& rows) {
  const ModelSpec& spec = checkpoint.config.model;
  if (!request.data.empty()) try {
      Dataset learnt = read_dataset(checkpoint.config.data_file);
      complete_tasks(learnt, finished_tasks(spec));
      if (learnt.hash == checkpoint.data_hash) return baseline_scores(spec, learnt, data, rows);
    } catch (const Error&) {
      // It need not be on this machine.
    }
  if (data.rows(Split::train).empty()) return std::nullopt;
  return baseline_scores(spec, data, data, rows);
}

}  // namespace

EvalOutcome score_checkpoint(const Ranks& ranks, const EvalRequest& request) {
  ranks.together([&] { parse_split(request.split); });  // a wrong word is told before a wrong file
  const Checkpoint checkpoint = load_checkpoint(ranks, request.checkpoint);
  const auto watched = ranks.watch(checkpoint.config.watchdog, Doing::other);
  const std::string file = request.data.empty() ? checkpoint.config.data_file : request.data;
  Dataset data = load_samples(ranks, checkpoint, {.file = file});
  if (request.data.empty() && ranks.root() && data.hash != checkpoint.data_hash)
    spdlog::warn(
        "{}: this is not the data set that the model was trained on (hash {}, found {}): splits and "
        "values may be others, and classes and columns without names; the scores are those of what lies "
        "there now",
        file, checkpoint.data_hash.substr(0, 12), data.hash.substr(0, 12));
  EvalOutcome outcome = score_samples(ranks, checkpoint, data, request);
  outcome.report.checkpoint = checkpoint_file(request.checkpoint);
  return outcome;
}

EvalOutcome score_samples(const Ranks& ranks, const Checkpoint& checkpoint, Dataset& data,
                          const EvalRequest& request) {
  Split split = Split::test;
  std::vector<std::size_t> rows;
  ranks.together([&] {
    split = parse_split(request.split);
    rows = data.rows(split);
    if (rows.empty())
      throw data_error((request.data.empty() ? checkpoint.config.data_file : request.data) +
                       ": expected samples of the split " + request.split +
                       ", found none; choose another --split");
  });
  TrainingDevice device;
  if (!request.noise.given) ranks.together([&] { device = training_device(checkpoint.config.train); });
  const auto learner = restore(ranks, checkpoint, data, request.simd, device);

  EvalOutcome outcome;
  outcome.model = learner->spec();
  Report& report = outcome.report;
  Stopwatch watch;
  const std::vector<float> logits = predict_rows(ranks, *learner, rows);
  report.scores = score_logits(ranks, outcome.model, data, rows, logits);
  report.seconds = watch.lap();
  if (!request.threshold.empty()) decide(ranks, *learner, data, rows, logits, request, report);
  if (request.importance > 0)
    report.importance =
        permutation_importance(ranks, *learner, data, rows, logits, report.thresholds, request.importance);
  report.samples_per_second = report.seconds > 0 ? static_cast<double>(rows.size()) / report.seconds : 0;
  ranks.together([&] {
    if (!ranks.root()) return;
    report.baseline = find_baseline(checkpoint, request, data, rows);
    report.classes = class_results(outcome.model, checkpoint.meaning, data, rows, logits,
                                   threshold_logits(report.thresholds));
  });
  report.meaning = checkpoint.meaning;
  report.run_hash = checkpoint.run_hash;
  report.split = request.split;
  report.epochs = checkpoint.state.epoch;
  report.best_epoch = checkpoint.state.best_epoch;
  report.steps = checkpoint.state.step;
  report.parameters = count_parameters(learner->params());
  if (request.noise.given)
    outcome.noisy = score_noisy(ranks, *learner, data, rows, request.noise);
  else if (learner->on_device())
    outcome.noisy = score_on_device(ranks, *learner, checkpoint, data, rows);
  return outcome;
}

nlohmann::ordered_json noisy_json(const NoisyScores& noisy, const ModelSpec& spec) {
  nlohmann::ordered_json json = noisy.about;
  auto& tasks = json["tasks"] = nlohmann::ordered_json::object();
  for (std::size_t t = 0; t < spec.tasks.size(); ++t)
    tasks[spec.tasks[t].name] = {{"metric", spec.tasks[t].metric}, {"value", noisy.scores.tasks[t]}};
  json["mean"] = noisy.scores.mean;
  if (noisy.scores.argmax_accuracy) json["argmax_accuracy"] = *noisy.scores.argmax_accuracy;
  return json;
}

}  // namespace qmtl
