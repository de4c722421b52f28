// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "../model/differences.h"
#include "runtime/model/metrics.h"
#include "runtime/train/optimiser.h"
#include "runtime/train/sampler.h"
#include "runtime/train/schedule.h"
#include "runtime/train/validation.h"
#include "toy.h"

using namespace qmtl;

namespace {

std::vector<double> gradient_of(const Learner& learner, const std::vector<double>& accumulated) {
  return {accumulated.begin(), accumulated.end() - static_cast<std::ptrdiff_t>(learner.spec().tasks.size())};
}

double total_loss(const Learner& learner, const std::vector<double>& accumulated) {
  double sum = 0.0;
  for (std::size_t t = 0; t < learner.spec().tasks.size(); ++t)
    sum += accumulated[accumulated.size() - learner.spec().tasks.size() + t];
  return sum;
}

std::vector<double> shaken(std::vector<double> params) {
  for (std::size_t i = 0; i < params.size(); ++i)
    params[i] += 0.1 * std::sin(1.0 + 3.0 * static_cast<double>(i));
  return params;
}

constexpr const char* heads[] = {"qmtl", "hybrid", "separate", "linear", "low-rank", "mlp", "local", "local-tanh"};

struct LearnerCase {
  std::string name;
  std::string head;
  bool learn_weights = false;
  double dropout = 0.0;
  int shots = 0;
  int groups = 1;
  bool block_per_task = false;
  AngleMap map = AngleMap::shift_tanh;
};

const std::vector<LearnerCase> learners{
    {"linear", "linear"},
    {"linear, learned task weights and dropout", "linear", true, 0.3},
    {"linear in three task groups", "linear", true, 0.0, 0, 3},
    {"qmtl", "qmtl"},
    {"qmtl, learned task weights and dropout", "qmtl", true, 0.3},
    {"qmtl in two task groups, one block per task", "qmtl", false, 0.0, 0, 2, true},
    {"qmtl with arc tangent angles", "qmtl", false, 0.0, 0, 1, false, AngleMap::shift_atan},
    {"hybrid", "hybrid"},
    {"hybrid in two task groups, learned task weights and dropout", "hybrid", true, 0.3, 0, 2},
    {"separate", "separate"},
    {"separate in three task groups", "separate", false, 0.0, 0, 3},
    {"mlp in two task groups, learned task weights and dropout", "mlp", true, 0.3, 0, 2},
    {"local in two task groups, one register per task", "local", false, 0.0, 0, 2, true},
};

Config config_of(const LearnerCase& c, const Dataset& data) {
  Config config = toy::config(c.head, data);
  config.model.learn_task_weights = c.learn_weights;
  config.model.head.angle_map = c.map;
  config.model.head.block_per_task = c.block_per_task;
  if (c.dropout > 0.0)
    config.model.backbone.trunk.push_back({LayerKind::dropout, 0, Activation::none, c.dropout});
  config.model.tasks[0].class_weights = {0.5, 2.0};
  config.model.tasks[1].class_weights = {1.0, 3.0, 0.25};
  config.model.tasks[2].class_weights = {0.75, 1.5};
  config.model.tasks[1].weight = 1.5;
  config.train.shots = c.shots;
  config.train.task_groups = c.groups;
  resolve(config, data);
  return config;
}

std::unique_ptr<Learner> learner_of(const Config& config, const Dataset& data) {
  return make_learner(config.model, config.train, data, standardise(data, config.model));
}

}  // namespace

TEST_CASE("a learner's gradient is that of its loss", "[train]") {
  const Dataset data = toy::dataset(60);
  for (const LearnerCase& c : learners) {
    INFO(c.name);
    const Config config = config_of(c, data);
    const auto learner = learner_of(config, data);
    const StepBatch batch =
        toy::batch(data, config.model, toy::range(4, 41));  // 37 rows: three shards, one short
    const std::vector<double> params = shaken(learner->initial(5));
    const auto loss = [&](const std::vector<double>& at) {
      learner->bind(at);
      return total_loss(*learner, toy::step(*learner, batch));
    };
    const std::vector<double> expected = differences(loss, params);
    learner->bind(params);
    CHECK(largest_deviation(gradient_of(*learner, toy::step(*learner, batch)), expected) <
          difference_tolerance);
  }
}

TEST_CASE("the gradient does not depend on how a batch is cut into units, up to rounding", "[train]") {
  const Dataset data = toy::dataset(60);
  for (const char* head : heads) {
    LearnerCase c{head, head, true, 0.2, 100};
    std::vector<double> first;
    for (int shard : {16, 32, 64})
      for (int groups : {1, 2, 4}) {
        c.groups = groups;
        Config config = config_of(c, data);
        config.train.shard = shard;
        const auto learner = learner_of(config, data);
        learner->bind(learner->initial(5));
        const std::vector<double> sum =
            toy::step(*learner, toy::batch(data, config.model, toy::range(0, 50)));
        if (first.empty()) first = sum;
        INFO(head << ", shard " << shard << ", groups " << groups);
        // Sums of 50 terms of order 1 in double, in another order.
        CHECK(largest_deviation(sum, first) < 1e-13);
      }
  }
}

TEST_CASE(
    "a unit has the fewer samples the more a sample costs, and more in large batches, unless it is said how "
    "many",
    "[train]") {
  const Dataset data = toy::dataset(60);
  const struct {
    int width, batch, said;
    std::size_t samples;
  } cases[] = {{6, 64, 0, 64},      {6, 1023, 0, 64}, {6, 1024, 0, 128},
               {6, 100000, 0, 256}, {250, 64, 0, 32}, {250, 4096, 0, 32},
               {3000, 64, 0, 16},   {6, 64, 48, 48},  {3000, 64, 128, 128}};
  for (const auto& [width, batch, said, samples] : cases) {
    INFO("two layers of width " << width << ", batch " << batch << ", distributed.shard " << said);
    Config config = toy::config("linear", data);
    config.model.backbone.trunk = {{LayerKind::dense, width, Activation::tanh, 0.0},
                                   {LayerKind::dense, width, Activation::tanh, 0.0}};
    config.train.shard = said;
    config.train.batch = batch;
    const auto learner = learner_of(config, data);
    CHECK(learner->shard() == samples);
    CHECK(learner->units(2 * samples + 1) == 3);
  }
}

TEST_CASE("units give the same bits in any order and every time", "[train]") {
  const Dataset data = toy::dataset(60);
  for (const char* precision : {"float", "double"})
    for (const char* head : heads) {
      INFO(head << " " << precision);
      Config config = config_of({head, head, true, 0.2, 50, 2}, data);
      config.model.precision = precision;
      const auto learner = learner_of(config, data);
      learner->bind(learner->initial(5));
      const StepBatch batch = toy::batch(data, config.model, toy::range(0, 50));
      const std::size_t units = learner->units(batch.rows.size());
      REQUIRE(units == 8);
      std::vector<std::vector<double>> forward(units), backward(units);
      for (std::size_t u = 0; u < units; ++u) {
        forward[u].assign(learner->accumulator_size(), 0.0);
        learner->run_unit(u, batch, forward[u]);
        CHECK(learner->unit_cost(u, batch.rows.size()) > 0.0);
      }
      const auto other = learner_of(config, data);
      other->bind(learner->initial(5));
      for (std::size_t u = units; u-- > 0;) {
        backward[u].assign(other->accumulator_size(), 0.0);
        other->run_unit(u, batch, backward[u]);
      }
      CHECK(forward == backward);
    }
}

TEST_CASE("shot noise depends on seed, step and sample alone and vanishes with many shots", "[train]") {
  const Dataset data = toy::dataset(60);
  const auto losses = [&](int shots, std::uint64_t seed, std::int64_t step, std::vector<std::size_t> rows) {
    const Config config = config_of({"", "qmtl", false, 0.0, shots}, data);
    const auto learner = learner_of(config, data);
    learner->bind(learner->initial(5));
    StepBatch batch = toy::batch(data, config.model, std::move(rows));
    batch.seed = seed;
    batch.step = step;
    return total_loss(*learner, toy::step(*learner, batch));
  };
  const auto one = [&](std::size_t row) { return std::vector<std::size_t>{row}; };
  CHECK(losses(64, 1, 2, one(7)) == losses(64, 1, 2, one(7)));
  CHECK(losses(64, 1, 2, one(7)) != losses(64, 2, 2, one(7)));
  CHECK(losses(64, 1, 2, one(7)) != losses(64, 1, 3, one(7)));
  CHECK(losses(64, 1, 2, one(7)) != losses(0, 1, 2, one(7)));
  // The neighbours of a sample in its batch do not matter: two samples' losses add up. Labels of rows 7 and 8
  // are all present or missing in the same tasks up to the counts, which are made equal by dividing by the
  // batch's.
  const Config config = config_of({"", "qmtl", false, 0.0, 64}, data);
  const auto learner = learner_of(config, data);
  learner->bind(learner->initial(5));
  StepBatch pair = toy::batch(data, config.model, {7, 8}), left = pair, right = pair;
  left.rows = {7};
  right.rows = {8};
  const double sum =
      total_loss(*learner, toy::step(*learner, left)) + total_loss(*learner, toy::step(*learner, right));
  CHECK(total_loss(*learner, toy::step(*learner, pair)) ==
        Approx(sum).epsilon(1e-13));  // order of a few sums
  // A readout's error is at most 1/sqrt(shots) = 3e-5 deviations; scale / gain = 13 and a dozen outputs with
  // slopes of order 1 keep the loss within 1e-2.
  CHECK(losses(1000000000, 1, 2, one(7)) == Approx(losses(0, 1, 2, one(7))).margin(1e-2));
}

TEST_CASE("missing labels contribute nothing", "[train]") {
  Dataset data = toy::dataset(60);
  for (const char* head : heads) {
    INFO(head);
    const Config config = config_of({head, head, true}, data);
    // Sample 9 loses all its labels; the rest of the batch must not notice.
    Dataset without = data;
    for (Task& task : without.tasks)
      for (std::size_t c = 0; c < task.columns; ++c) task.labels[9 * task.columns + c] = toy::missing;
    const auto statistics = standardise(data, config.model);
    const auto learner = make_learner(config.model, config.train, without, statistics);
    learner->bind(learner->initial(5));
    const StepBatch with_row = toy::batch(without, config.model, {1, 4, 5, 9});
    const StepBatch without_row = toy::batch(without, config.model, {1, 4, 5});
    CHECK(with_row.label_counts == without_row.label_counts);
    // Zeros in the sums may change -0 to 0, no other bit; the comparison of doubles takes them as equal.
    CHECK(toy::step(*learner, with_row) == toy::step(*learner, without_row));

    // A task without labels in the batch has no loss and leaves its own parameters alone.
    Dataset silent = data;
    for (std::size_t i = 0; i < 20; ++i) silent.tasks[3].labels[i] = toy::missing;
    const auto quiet = make_learner(config.model, config.train, silent, statistics);
    quiet->bind(quiet->initial(5));
    const std::vector<double> sum = toy::step(*quiet, toy::batch(silent, config.model, toy::range(0, 20)));
    CHECK(sum.back() == 0.0);
    const ParamInfo& variance = quiet->params().back();
    REQUIRE(variance.name == "task_log_variance");
    CHECK(sum[variance.offset + 3] == 0.0);
    CHECK(sum[variance.offset + 2] != 0.0);
  }
}

namespace {

/// Trains by the plain serial loop and returns the validation scores.
std::vector<double> train(Config config, const Dataset& data, TrainState& state) {
  const auto learner = learner_of(config, data);
  const std::vector<std::size_t> rows = training_rows(data, config.model);
  const std::int64_t per_epoch = steps_per_epoch(rows.size(), config.train.batch);
  state.params = learner->initial(config.train.seed);
  for (state.epoch = 0; state.epoch < config.train.epochs; ++state.epoch) {
    const std::vector<std::size_t> order = epoch_order(rows, config.train.seed, state.epoch);
    for (int s = 0; s < per_epoch; ++s) {
      learner->bind(state.params);
      const StepBatch batch = Batches(data, config.model, config.train).make(order, s, state.step);
      std::vector<double> sum = toy::step(*learner, batch);
      sum.resize(state.params.size());
      const double rate = learning_rate(config.train, state.step, per_epoch * config.train.epochs);
      optimiser_step(config.train, learner->params(), rate, sum, state);
    }
  }
  learner->bind(state.params);
  const std::vector<std::size_t> validation = data.rows(Split::validation);
  std::vector<float> logits(validation.size() * static_cast<std::size_t>(learner->outputs()));
  learner->predict(validation, logits);
  return evaluate(data, config.model, validation, logits);
}

}  // namespace

TEST_CASE("every head learns a separable problem of all task kinds", "[train]") {
  const Dataset data = toy::dataset(300);
  for (const char* head : heads) {
    INFO(head);
    Config config = toy::config(head, data);
    config.model.precision = "float";
    config.model.backbone.trunk[0].width = 24;
    config.train.epochs = 40;
    config.train.learning_rate = 2e-2;
    TrainState state, again;
    const std::vector<double> scores = train(config, data, state);
    CAPTURE(scores);
    // Labels are functions of the inputs without noise, so a fitted model is right but for the borders; the
    // height has a deviation of 2.2 in its own unit.
    CHECK(scores[0] >= 0.9);
    CHECK(scores[1] > 0.8);
    CHECK(scores[2] > 0.95);
    CHECK(scores[3] < 0.7);
    train(config, data, again);
    CHECK(run_hash(again) == run_hash(state));
  }
}

TEST_CASE("predictions of a row do not depend on the other rows", "[train]") {
  const Dataset data = toy::dataset(60);
  for (const char* head : heads) {
    INFO(head);
    Config config = toy::config(head, data);
    config.model.precision = "float";
    const auto learner = learner_of(config, data);
    learner->bind(shaken(learner->initial(1)));
    const auto width = static_cast<std::size_t>(learner->outputs());
    std::vector<float> all(60 * width), one(width);
    const std::vector<std::size_t> rows = toy::range(0, 60);
    learner->predict(rows, all);
    for (std::size_t i : {0u, 17u, 59u}) {
      const std::vector<std::size_t> row{i};
      learner->predict(row, one);
      for (std::size_t c = 0; c < width; ++c) CHECK(one[c] == all[i * width + c]);
    }
  }
}

TEST_CASE("the validation loss is the training loss of the same rows", "[train]") {
  const Dataset data = toy::dataset(60);
  const Config config = config_of({"", "qmtl"}, data);
  const auto statistics = standardise(data, config.model);
  const auto learner = make_learner(config.model, config.train, data, statistics);
  learner->bind(learner->initial(5));
  const std::vector<std::size_t> rows = toy::range(10, 35);
  std::vector<float> logits(rows.size() * static_cast<std::size_t>(learner->outputs()));
  learner->predict(rows, logits);
  const double expected = total_loss(*learner, toy::step(*learner, toy::batch(data, config.model, rows)));
  // Predictions are rounded to float: 6e-8 of logits up to ten.
  CHECK(validation_loss(data, config.model, statistics, rows, logits) == Approx(expected).epsilon(1e-6));
}

TEST_CASE("every tensor knows the part it belongs to", "[train]") {
  const Dataset data = toy::dataset(30);
  for (const char* head : {"linear", "qmtl"}) {
    const Config config = config_of({head, head, true}, data);
    const auto learner = learner_of(config, data);
    for (const ParamInfo& info : learner->params()) {
      INFO(head << ": " << info.name);
      ParamPart expected = info.name.starts_with("head.") ? ParamPart::readout : ParamPart::backbone;
      if (info.name == "head.shared") expected = ParamPart::shared;
      if (info.name == "head.block") expected = ParamPart::blocks;
      if (info.name == "task_log_variance") expected = ParamPart::task_weights;
      CHECK(name(info.part) == name(expected));
      CHECK(info.head == info.name.starts_with("head."));
    }
  }
}
