// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/predict.h"

#include <filesystem>

#include "io/data/import.h"
#include "io/data/predictions.h"
#include "runtime/train/check_data.h"
#include "runtime/train/loop/evaluate.h"
#include "tools/workflows/training/load.h"

namespace qmtl {
namespace {

bool is_csv(const std::string& path) {
  const std::string name = path.ends_with(".gz") ? path.substr(0, path.size() - 3) : path;
  return name.ends_with(".csv") || name.ends_with(".tsv") || name.ends_with(".txt");
}

}  // namespace

PredictOutcome predict_file(const Ranks& ranks, const PredictRequest& request) {
  const std::string& out = request.out;
  ranks.together([&] {
    if (!out.ends_with(".csv") && !out.ends_with(".h5") && !out.ends_with(".hdf5"))
      throw usage_error("--out: expected a file that ends with .csv, .h5 or .hdf5, found '" + out + "'");
    if (ranks.root() && std::filesystem::exists(out) && !request.overwrite)
      throw usage_error(out + ": expected no such file, found one; use --overwrite or another --out");
  });

  const Checkpoint checkpoint = load_checkpoint(ranks, request.checkpoint);
  const auto watched = ranks.watch(checkpoint.config.watchdog, Doing::other);
  const ModelSpec& spec = checkpoint.config.model;
  Dataset data;
  if (is_csv(request.input))
    ranks.together([&] { data = read_csv_inputs(request.input, spec); });
  else
    data = load_dataset(ranks, request.input);
  data.tasks.clear();  // the model must not depend on labels that the file happens to hold
  ranks.together([&] { check_data(data, spec); });
  const auto predictor = load_predictor(ranks, checkpoint, request.simd);
  const std::vector<float> logits = predict_samples(ranks, *predictor, data);
  ranks.together([&] {
    if (ranks.root()) write_predictions(out, spec, data.ids, data.samples, logits);
  });
  return {data.samples, checkpoint.run_hash};
}

}  // namespace qmtl
