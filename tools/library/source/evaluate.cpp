// SPDX-License-Identifier: Apache-2.0
#include "qmtl/evaluate.h"

#include "io/data/dataset.h"
#include "runtime/base/error.h"
#include "tools/library/source/conversions.h"
#include "tools/library/source/model_body.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/score.h"

namespace qmtl {
namespace {

EvalRequest request_of(const EvaluateOptions& options) {
  EvalRequest request;
  request.data = "the samples";
  request.threshold = options.threshold;
  request.importance = options.importance;
  request.noise.given = !options.noise.empty() || options.shots != 0;
  request.noise.options.shots = options.shots;
  request.noise.options.seed = options.seed;
  request.noise.file = options.noise;
  if (!options.noise.empty()) request.noise.model = load_noise(options.noise);
  return request;
}

}  // namespace

std::string evaluate(const Model& model, Rows x, Rows y, const EvaluateOptions& options) {
  const Checkpoint& checkpoint = ModelAccess::checkpoint(model);
  Dataset data = samples_for(checkpoint.config.model, x, y, options.split);
  const EvalOutcome outcome = score_samples(OneRank(), checkpoint, data, request_of(options));
  nlohmann::ordered_json json = evaluation_json(outcome.report, outcome.model);
  json.erase("checkpoint");
  if (outcome.noisy) json["noise"] = noisy_json(*outcome.noisy, outcome.model);
  return json.dump();
}

}  // namespace qmtl
