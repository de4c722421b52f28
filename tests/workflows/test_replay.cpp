// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/model/metrics.h"
#include "tests/workflows/trained_run.h"
#include "tools/workflows/replay/run.h"
#include "tools/workflows/replay/tune.h"

using namespace qmtl;
using test::alone;
using test::failure;
using test::TrainedRun;

namespace {

ReplayRequest request_of(const TrainedRun& run, std::int64_t shots, std::int64_t samples) {
  ReplayRequest request;
  request.checkpoint = run.file("model.h5");
  request.endpoint = "exact";
  request.shots = shots;
  request.samples = samples;
  request.allocation = ShotAllocation::even;
  return request;
}

ReplayWork quick() {
  ReplayWork work;
  work.replicates = 50;
  return work;
}

/// Root of the mean square of the differences, over the predictions' own.
double relative_distance(const std::vector<float>& measured, const std::vector<float>& predicted) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    difference += std::pow(measured[i] - predicted[i], 2);
    size += std::pow(predicted[i], 2);
  }
  return std::sqrt(difference / size);
}

}  // namespace

TEST_CASE("A replay without noise measures the learner's predictions, the closer the more shots",
          "[replay]") {
  const TrainedRun run;
  std::vector<std::size_t> rows = run.data.rows(Split::test);
  rows.resize(6);
  const std::vector<float> predicted = run.predictions(rows);
  std::vector<double> distances;
  for (std::int64_t shots : {100, 10'000}) {
    const ReplayPlace place = replay_of(request_of(run, shots, 6), run.file(std::to_string(shots)));
    const ReplayOutcome outcome = run_replay(alone(), place, quick());
    REQUIRE(outcome.end == ReplayEnd::done);
    REQUIRE(outcome.report);
    const CountedScores& scores = outcome.report->scores;
    REQUIRE(scores.samples == std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
    REQUIRE(scores.logits.size() == predicted.size());
    distances.push_back(relative_distance(scores.logits, predicted));
    const std::vector<double> exact = evaluate(run.data, run.learner->spec(), rows, predicted);
    REQUIRE(outcome.report->exact.size() == exact.size() + 1);
    for (std::size_t t = 0; t < exact.size(); ++t) {
      INFO(run.learner->spec().tasks[t].name);
      CHECK(((std::isnan(exact[t]) && std::isnan(outcome.report->exact[t])) ||
             exact[t] == outcome.report->exact[t]));
    }
  }
  // A hundred times the shots, a tenth of the distance; a factor of two is left to chance.
  CHECK(distances[1] < distances[0] / 5);
  CHECK(distances[1] < 0.05);
}

TEST_CASE("A replay that was finished goes on without sending anything and says the same", "[replay]") {
  const TrainedRun run;
  const ReplayPlace place = replay_of(request_of(run, 200, 3), "");
  CHECK(place.folder == run.file("replay/exact"));
  CHECK_FALSE(place.begun);
  const ReplayForecast forecast = plan_replay(alone(), place, quick());
  CHECK(forecast.samples == 3);
  CHECK_FALSE(std::filesystem::exists(place.folder));

  const ReplayOutcome submitted = submit_replay(alone(), place, quick());
  CHECK(submitted.end == ReplayEnd::done);
  CHECK_FALSE(submitted.report);
  CHECK(submitted.status.jobs.size() == forecast.jobs.size());

  const ReplayPlace begun = kept_replay(place.folder);
  const ReplayOutcome first = fetch_replay(alone(), begun, quick()),
                      second = run_replay(alone(), begun, quick());
  REQUIRE(first.report);
  REQUIRE(second.report);
  CHECK(first.report->json == second.report->json);
  std::int64_t executions = 0;
  for (const ReplayStatus::Job& job : replay_status(begun).jobs) {
    CHECK(job.last.state == ReplayState::fetched);
    CHECK(job.last.attempt == 1);
    executions += job.last.executions;
  }
  CHECK(executions == forecast.executions);

  ReplayRequest other = request_of(run, 300, 3);
  const auto refused = failure([&] { run_replay(alone(), replay_of(other, place.folder), quick()); });
  CHECK(refused.code == 2);
  CHECK(refused.says("shots"));
}

TEST_CASE("A replay that is asked to stop says so and goes on later", "[replay]") {
  const TrainedRun run;
  const ReplayPlace place = replay_of(request_of(run, 100, 2), run.file("stopped"));
  ReplayWork stopping = quick();
  stopping.stop = [] { return true; };
  CHECK(run_replay(alone(), place, stopping).end == ReplayEnd::stopped);
  const ReplayOutcome outcome = run_replay(alone(), kept_replay(place.folder), quick());
  CHECK(outcome.end == ReplayEnd::done);
  CHECK(outcome.report);
}

TEST_CASE("A head without a circuit cannot be replayed", "[replay]") {
  const TrainedRun run("linear");
  const auto refused =
      failure([&] { plan_replay(alone(), replay_of(request_of(run, 100, 2), ""), quick()); });
  CHECK(refused.code == 2);
  CHECK(refused.says("'linear'"));
}

TEST_CASE("Tuning on an endpoint moves the block angles alone and can be continued", "[replay]") {
  const TrainedRun run;
  TuneRequest request;
  request.checkpoint = run.file("model.h5");
  request.endpoint = "exact";
  request.folder = run.file("tuned");
  request.model.batch = 3;
  request.model.shots = 50;
  request.validation = 2;
  request.steps = 1;
  const TuneForecast forecast = forecast_tuning(alone(), request);
  CHECK_FALSE(std::filesystem::exists(run.file("tuned")));
  const TuneOutcome one = tune(alone(), request);
  CHECK(one.steps == 1);
  REQUIRE(one.after);
  CHECK(one.executions > 2 * forecast.evaluation_executions + forecast.step_executions);  // and the probe

  const std::vector<double>& before = run.checkpoint.state.params;
  const Checkpoint tuned = read_checkpoint(one.checkpoint);
  CHECK(tuned.run_hash == one.run_hash);
  std::size_t moved = 0;
  for (const ParamInfo& info : run.learner->params())
    for (std::size_t i = info.offset; i < info.offset + info.size; ++i)
      if (tuned.state.params[i] != before[i]) {
        ++moved;
        CHECK(info.part == ParamPart::blocks);
      }
  CHECK(moved == forecast.angles);

  // The same again comes from the folder, to the bit.
  CHECK(tune(alone(), request).run_hash == one.run_hash);
  request.steps = 2;
  CHECK(tune(alone(), request).steps == 2);
}
