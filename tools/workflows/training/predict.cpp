// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/predict.h"

#include <filesystem>

#include "io/runs/predictions.h"
#include "runtime/train/check_data.h"
#include "runtime/train/loop/evaluate.h"
#include "tools/workflows/training/load.h"

namespace qmtl {
namespace {

/// Rank 0 decides: others may not have the file.
DecisionThresholds load_thresholds(const Ranks& ranks, const std::string& file, const std::string& run_hash) {
  DecisionThresholds thresholds;
  ranks.together([&] {
    if (ranks.root() && !file.empty()) thresholds = read_thresholds(file, run_hash);
  });
  return thresholds;
}

}  // namespace

PredictOutcome predict_file(const Ranks& ranks, const PredictRequest& request) {
  const std::string& out = request.out;
  ranks.together([&] {
    if (out.empty()) return;
    if (!out.ends_with(".csv") && !out.ends_with(".h5") && !out.ends_with(".hdf5"))
      throw usage_error("--out: expected a file that ends with .csv, .h5 or .hdf5, found '" + out + "'");
    if (ranks.root() && std::filesystem::exists(out) && !request.overwrite)
      throw usage_error(out + ": expected no such file, found one; use --overwrite or another --out");
  });

  const Checkpoint checkpoint = load_checkpoint(ranks, request.checkpoint);
  const auto watched = ranks.watch(checkpoint.config.watchdog, Doing::other);
  const ModelSpec& spec = checkpoint.config.model;
  const DecisionThresholds thresholds = load_thresholds(ranks, request.thresholds, checkpoint.run_hash);
  LoadedSamples loaded = load_samples(ranks, checkpoint, request.input, false);
  Dataset& data = loaded.data;
  data.tasks.clear();  // the model must not depend on labels that the file happens to hold
  ranks.together([&] { check_data(data, spec); });
  const auto predictor = load_predictor(ranks, checkpoint, request.simd);
  const std::vector<float> logits = predict_samples(ranks, *predictor, data);
  PredictOutcome outcome{data.samples, checkpoint.run_hash,    spec, checkpoint.meaning,
                         data.ids,     std::move(loaded.uses), {},   {},
                         thresholds};
  ranks.together([&] {
    outcome.values = probabilities(spec, data.samples, logits);
    outcome.classes = predicted_classes(spec, data.samples, outcome.values, logits, outcome.thresholds);
    if (ranks.root() && !out.empty())
      write_predictions(out, spec, outcome.meaning, outcome.ids, outcome.samples, outcome.values,
                        outcome.classes);
  });
  return outcome;
}

}  // namespace qmtl
