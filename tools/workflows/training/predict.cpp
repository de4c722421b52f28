// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/predict.h"

#include <filesystem>
#include <optional>

#include "io/runs/predictions.h"
#include "runtime/train/check_data.h"
#include "runtime/train/loop/evaluate.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/sample_blocks.h"

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

template <class Value>
void append(std::vector<Value>& to, const std::vector<Value>& values) {
  to.insert(to.end(), values.begin(), values.end());
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
  SampleBlocks blocks(ranks, checkpoint, request.input);
  const auto predictor = load_predictor(ranks, checkpoint, request.simd);
  PredictOutcome outcome{0, checkpoint.run_hash, spec, checkpoint.meaning, {}, {}, {}, {}, thresholds};
  std::optional<PredictionFile> file;
  ranks.together([&] {
    if (ranks.root() && !out.empty()) file.emplace(out, outcome.model, outcome.meaning);
  });
  Dataset data;
  while (blocks.next(data)) {
    ranks.together([&] { check_data(data, spec, blocks.first()); });
    const std::vector<float> logits = predict_samples(ranks, *predictor, data, blocks.first());
    ranks.together([&] {
      const std::vector<float> values = probabilities(spec, data.samples, logits);
      const std::vector<std::uint32_t> classes =
          predicted_classes(spec, data.samples, values, logits, outcome.thresholds);
      outcome.samples += data.samples;
      if (file) file->add(data.ids, data.samples, values, classes);
      if (!out.empty()) return;
      append(outcome.ids, data.ids);
      append(outcome.values, values);
      append(outcome.classes, classes);
    });
  }
  ranks.together([&] {
    if (file) file->finish();
  });
  outcome.uses = blocks.uses();
  return outcome;
}

}  // namespace qmtl
