// SPDX-License-Identifier: Apache-2.0
#include "qmtl/replay.h"

#include "runtime/base/error.h"
#include "tools/library/source/conversions.h"
#include "tools/library/source/model_body.h"
#ifdef QMTL_HARDWARE
#include <cmath>
#include <filesystem>

#include "io/data/dataset.h"
#include "tools/workflows/replay/run.h"
#endif

namespace qmtl {

#ifdef QMTL_HARDWARE
namespace {

namespace fs = std::filesystem;

/// The replay in `folder`, whose model and samples are beside it.
ReplayPlace place_in(const std::string& folder, const Model& model, const Samples& samples,
                     const ReplayOptions& options) {
  const Dataset data = samples_for(ModelAccess::checkpoint(model).config.model, samples.x, samples.y);
  fs::create_directories(folder);
  const fs::path at(folder);
  ReplayRequest request;
  request.name = "replay";
  request.checkpoint = (at / "model.h5").string();
  request.data = (at / "data.h5").string();
  request.endpoint = options.endpoint;
  request.shots = options.shots;
  ReplayPlace place = replay_of(std::move(request), (at / "replay").string());
  // A replay that was begun compares its own files with these.
  model.save(place.request.checkpoint);
  write_dataset(place.request.data, data);
  return place;
}

MeasuredScore score_of(const ScoreInterval& measured, double exact) {
  return {measured.value, measured.low, measured.high, exact};
}

}  // namespace

Replay replay(const Model& model, const Samples& samples, const std::string& folder,
              const ReplayOptions& options) {
  const ReplayPlace place = place_in(folder, model, samples, options);
  ReplayWork work;
  if (std::isfinite(options.max_cost)) work.max_cost = options.max_cost;
  work.replicates = options.replicates;
  work.stop = options.stop;
  const ReplayOutcome outcome = run_replay(OneRank(), place, work);
  Replay found;
  if (!outcome.report) return found;
  const CountedScores& scores = outcome.report->scores;
  const std::vector<double>& exact = outcome.report->exact;
  found.done = true;
  for (std::size_t t = 0; t < scores.measured.tasks.size(); ++t)
    found.tasks.push_back(score_of(scores.measured.tasks[t], exact[t]));
  found.mean = score_of(scores.measured.mean, exact.back());
  found.rows = scores.samples;
  found.logits.columns = scores.samples.empty() ? 1 : scores.logits.size() / scores.samples.size();
  found.logits.values = scores.logits;
  found.report = outcome.report->json.dump(1);
  return found;
}
#else
Replay replay(const Model&, const Samples&, const std::string&, const ReplayOptions&) {
  throw without_hardware("replaying");
}
#endif

}  // namespace qmtl
