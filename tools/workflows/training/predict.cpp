// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/predict.h"

#include <filesystem>

#include "io/data/file_kind.h"
#include "io/data/import.h"
#include "io/data/predictions.h"
#include "runtime/train/check_data.h"
#include "runtime/train/loop/evaluate.h"
#include "tools/workflows/training/load.h"

namespace qmtl {
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
  // What the file holds decides, not its name; rank 0 looks, as others may not have the file.
  const bool named_so = request.input.ends_with(".h5") || request.input.ends_with(".hdf5");
  const std::string kind = ranks.root() && (named_so || is_hdf5_file(request.input)) ? "data set" : "";
  if (!ranks.broadcast(kind).empty())
    data = load_dataset(ranks, request.input);
  else
    ranks.together([&] { data = read_csv_inputs(request.input, spec, checkpoint.statistics.inputs); });
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
