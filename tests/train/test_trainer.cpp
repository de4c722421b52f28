// SPDX-License-Identifier: Apache-2.0
#include <tbb/global_control.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "runtime/train/loop/evaluate.h"
#include "runtime/train/loop/gradient.h"
#include "runtime/train/loop/trainer.h"
#include "runtime/train/optimiser.h"
#include "runtime/train/sampler.h"
#include "tests/train/toy_run.h"

using namespace qmtl;

namespace {

const OneRank alone;

/// 60 samples (40 train, 20 validation) of two inputs; one binary task that they decide, one with gaps.
Dataset points() {
  Dataset data;
  data.samples = 60;
  data.inputs = {{"x", {2}, 2, {}}};
  data.tasks = {{"a", TaskKind::binary, 2, "accuracy", 1, {}}, {"b", TaskKind::regression, 2, "rmse", 1, {}}};
  for (std::size_t row = 0; row < data.samples; ++row) {
    const auto x = static_cast<float>(static_cast<int>(row * 37 % 60) - 30) / 15.0f;
    const auto y = static_cast<float>(static_cast<int>(row * 23 % 60) - 30) / 15.0f;
    data.inputs[0].values.insert(data.inputs[0].values.end(), {x, y});
    data.tasks[0].labels.push_back(x + y > 0 ? 1.0f : 0.0f);
    data.tasks[1].labels.push_back(row % 5 == 0 ? std::numeric_limits<float>::quiet_NaN() : x - y);
    data.split.push_back(row % 3 == 2 ? 1 : 0);
  }
  return data;
}

struct TrainerCase {
  Dataset data = points();
  Config config;
  Statistics statistics;
  std::unique_ptr<Learner> learner;
  TrainState state;

  explicit TrainerCase(int epochs = 4) {
    config.model.head.kind = "linear";
    config.model.head.width = 3;
    config.train.epochs = epochs;
    config.train.batch = 18;
    resolve(config, data);
    statistics = standardise(data, config.model);
    learner = make_learner(config.model, config.train, data, statistics);
    state = fresh_state(*learner, config.train.seed);
  }

  TrainResult run(const TrainHooks& hooks = {}) {
    return train(alone, *learner, config, data, statistics, state, hooks);
  }
};

}  // namespace

TEST_CASE("training records every epoch and calls its hooks in order", "[train][loop]") {
  TrainerCase one;
  std::string calls;
  TrainHooks hooks;
  hooks.on_progress = [&](const Progress& progress) {
    calls += 's';
    CHECK(progress.total_steps == 12);
    CHECK(progress.epochs == 4);
  };
  hooks.on_epoch = [&](const EpochRecord&, bool) { calls += 'e'; };
  hooks.save = [&](const TrainState&, SaveRequest) {
    calls += 'c';
    return true;
  };
  const TrainResult result = one.run(hooks);
  CHECK(result.ending == Ending::finished);
  CHECK(result.samples == 160);
  // 40 samples in batches of 18 are three steps.
  CHECK(calls == "sssecsssecsssecsssec");
  CHECK(one.state.history.size() == 4);
  CHECK(one.state.step == 12);
  CHECK(one.state.history.back().train_loss < one.state.history.front().train_loss);
}

TEST_CASE("a run stopped after any step and resumed is the whole run to the bit", "[train][loop]") {
  TrainerCase whole;
  whole.run();
  for (std::int64_t stop = 1; stop <= 12; ++stop) {
    INFO("stopped after step " << stop);
    TrainerCase part;
    TrainState saved;
    TrainHooks hooks;
    hooks.stop_requested = [&] { return part.state.step + 1 == stop; };
    hooks.save = [&](const TrainState& state, SaveRequest) {
      saved = state;
      return true;
    };
    const TrainResult stopped = part.run(hooks);
    CHECK(stopped.ending == Ending::interrupted);
    CHECK(saved.step == stop);
    TrainerCase rest;
    rest.state = saved;
    CHECK(rest.run().ending == Ending::finished);
    CHECK(rest.state == whole.state);
  }
}

TEST_CASE("an epoch's gradient norms are means over its steps, stopped and resumed or not", "[train][loop]") {
  const auto norms_of = [](TrainerCase& run, TrainHooks hooks = {}) {
    std::vector<std::vector<double>> norms;
    hooks.on_epoch = [&](const EpochRecord& record, bool) { norms.push_back(record.gradient_norms); };
    run.run(hooks);
    return norms;
  };
  TrainerCase whole;
  const auto expected = norms_of(whole);
  REQUIRE(expected.size() == 4);
  CHECK(whole.state.history.back().gradient_norms.empty());

  TrainerCase by_hand;
  std::vector<double> sums(param_parts, 0.0), totals(param_parts, 0.0);
  by_hand.learner->bind(by_hand.state.params);
  Balance balance(alone, *by_hand.learner);
  StepMemory memory;
  const auto order =
      epoch_order(training_rows(by_hand.data, by_hand.config.model), by_hand.config.train.seed, 0);
  for (int step = 0; step < 3; ++step) {
    const StepBatch batch =
        Batches(by_hand.data, by_hand.config.model, by_hand.config.train).make(order, step, step);
    std::vector<double> sum = batch_gradient(alone, *by_hand.learner, batch, false, balance, memory).sum;
    sum.resize(by_hand.state.params.size());
    for (const ParamInfo& param : by_hand.learner->params()) {
      double squares = 0;
      for (std::size_t i = 0; i < param.size; ++i) squares += sum[param.offset + i] * sum[param.offset + i];
      // The parts of this model: the backbone's two tensors and the linear head's two.
      sums[param.head ? 3 : 0] = std::hypot(sums[param.head ? 3 : 0], std::sqrt(squares));
    }
    for (std::size_t part : {std::size_t{0}, std::size_t{3}}) {
      totals[part] += sums[part];
      sums[part] = 0;
    }
    optimiser_step(by_hand.config.train, by_hand.learner->params(), by_hand.config.train.learning_rate, sum,
                   by_hand.state);
    by_hand.learner->bind(by_hand.state.params);
  }
  for (std::size_t part = 0; part < param_parts; ++part) {
    INFO(name(static_cast<ParamPart>(part)));
    if (part == 0 || part == 3)
      CHECK(expected[0][part] == Approx(totals[part] / 3).epsilon(1e-13));  // other roundings of few terms
    else
      CHECK(std::isnan(expected[0][part]));
  }

  TrainerCase part;
  TrainState saved;
  TrainHooks hooks;
  hooks.stop_requested = [&] { return part.state.step + 1 == 2; };
  hooks.save = [&](const TrainState& state, SaveRequest) {
    saved = state;
    return true;
  };
  CHECK(norms_of(part, hooks).empty());
  TrainerCase rest;
  rest.state = saved;
  const auto resumed = norms_of(rest);
  REQUIRE(resumed.size() == 4);
  for (std::size_t epoch = 0; epoch < 4; ++epoch)
    for (std::size_t i : {std::size_t{0}, std::size_t{3}}) CHECK(resumed[epoch][i] == expected[epoch][i]);
}

TEST_CASE("the number of threads does not change a bit", "[train][loop]") {
  TrainerCase one, four;
  {
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1);
    one.run();
  }
  tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 4);
  four.run();
  CHECK(run_hash(one.state) == run_hash(four.state));
}

TEST_CASE("a failing save ends training with its message and exit code", "[train][loop]") {
  TrainerCase one;
  TrainHooks hooks;
  hooks.save = [](const TrainState&, SaveRequest) -> bool { throw data_error("disk full"); };
  try {
    one.run(hooks);
    FAIL("expected the save's error");
  } catch (const SharedError& error) {
    CHECK(std::string(error.what()) == "disk full");
    CHECK(error.code() == Exit::data);
  }
}

TEST_CASE("parameters that are not finite are reported with task and step before they are saved",
          "[train][loop]") {
  TrainerCase one;
  bool saved = false;
  TrainHooks hooks;
  hooks.save = [&](const TrainState&, SaveRequest) { return saved = true; };
  one.state.params.back() = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(one.run(hooks), Catch::Contains("step 1") && Catch::Contains("nan"));
  CHECK_FALSE(saved);
}

TEST_CASE("every row is predicted, the same each time", "[train][loop]") {
  TrainerCase one;
  one.run();
  std::vector<std::size_t> all;
  for (std::size_t row = 0; row < 60; ++row) all.push_back(row);
  const auto outputs = static_cast<std::size_t>(one.learner->outputs());
  const std::vector<float> together = predict_rows(alone, *one.learner, all);
  CHECK(together.size() == 60 * outputs);
  const std::vector<float> again = predict_rows(alone, *one.learner, all);
  CHECK(together == again);
  CHECK(predict_rows(alone, *one.learner, {}).empty());
}

TEST_CASE("the toy run ends with the hash that it has over MPI", "[train][loop]") {
  CHECK(toy::run_hash_on(alone) == toy::run_hash_of_three_epochs);
}
