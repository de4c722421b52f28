// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/score.h"

#include <spdlog/spdlog.h>

#include "io/data/dataset.h"
#include "runtime/train/loop/stopwatch.h"
#include "runtime/train/transfer.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/noisy_scores.h"

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
  Split split = Split::test;
  ranks.together([&] { split = parse_split(request.split); });
  const Checkpoint checkpoint = load_checkpoint(ranks, request.checkpoint);
  const auto watched = ranks.watch(checkpoint.config.watchdog, Doing::other);
  const std::string file = request.data.empty() ? checkpoint.config.data_file : request.data;
  const Dataset data = load_dataset_for(ranks, checkpoint, file);
  if (request.data.empty() && ranks.root() && data.hash != checkpoint.data_hash)
    spdlog::warn(
        "{}: this is not the data set that the model was trained on (hash {}, found {}): splits and "
        "values may be others, and classes and columns without names; the scores are those of what lies "
        "there now",
        file, checkpoint.data_hash.substr(0, 12), data.hash.substr(0, 12));
  const auto rows = data.rows(split);
  ranks.together([&] {
    if (rows.empty())
      throw data_error(file + ": expected samples of the split " + request.split +
                       ", found none; choose another --split");
  });
  const auto learner = restore(ranks, checkpoint, data, request.simd);

  EvalOutcome outcome;
  outcome.model = learner->spec();
  outcome.meaning = checkpoint.meaning;
  Report& report = outcome.report;
  Stopwatch watch;
  report.scores = score_rows(ranks, *learner, data, rows);
  report.seconds = watch.lap();
  report.samples_per_second = report.seconds > 0 ? static_cast<double>(rows.size()) / report.seconds : 0;
  ranks.together([&] {
    if (ranks.root()) report.baseline = find_baseline(checkpoint, request, data, rows);
  });
  report.run_hash = checkpoint.run_hash;
  report.checkpoint = checkpoint_file(request.checkpoint);
  report.split = request.split;
  report.epochs = checkpoint.state.epoch;
  report.best_epoch = checkpoint.state.best_epoch;
  report.steps = checkpoint.state.step;
  report.parameters = count_parameters(learner->params());
  if (request.noise.given) outcome.noisy = score_noisy(ranks, *learner, data, rows, request.noise);
  return outcome;
}

}  // namespace qmtl
