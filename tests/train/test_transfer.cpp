// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "runtime/base/error.h"
#include "runtime/model/heads/head.h"
#include "runtime/train/frozen.h"
#include "runtime/train/optimiser.h"
#include "runtime/train/sampler.h"
#include "runtime/train/transfer.h"
#include "runtime/train/validation.h"
#include "toy.h"

using namespace qmtl;

namespace {

struct Model {
  Config config;
  Statistics statistics;
  std::unique_ptr<Learner> learner;
  std::vector<double> values;

  TrainedModel trained() const {
    return {config.model, config.train.shots, learner->params(), values, statistics};
  }
};

struct TransferCase {
  std::string name, head, plan, precision;
  int qubits, layers;
  Entangler block_entangler = Entangler::none;
  bool by_hand = false, learn_weights = false, global = false;
  int shots = 0;
};

const std::vector<TransferCase> transfers{
    {"linear", "linear", "auto", "float", 7, 1},
    {"linear in double with learned task weights", "linear", "auto", "double", 7, 1, Entangler::none, false,
     true},
    {"low-rank", "low-rank", "auto", "float", 7, 1},
    {"mlp", "mlp", "auto", "float", 7, 1},
    {"hybrid", "hybrid", "auto", "float", 7, 1},
    {"separate state", "separate", "state", "float", 5, 2},
    {"separate in double", "separate", "auto", "double", 6, 1},
    {"small state", "qmtl", "state", "float", 7, 2},
    {"small state with global blocks", "qmtl", "state", "float", 5, 2, Entangler::cz_ring, false, false,
     true},
    {"small operators", "qmtl", "operators", "float", 7, 2, Entangler::cz_ring},
    {"operators on registers by hand", "qmtl", "operators", "double", 7, 2, Entangler::cx_ring, true},
    {"wide cones", "qmtl", "cones", "float", 18, 1, Entangler::cz_line},
    {"wide cones, learned task weights", "qmtl", "cones", "float", 18, 2, Entangler::cz_line, false, true},
    {"wide Pauli expansion", "qmtl", "pauli", "float", 18, 1},
    {"wide Pauli expansion in double", "qmtl", "pauli", "double", 18, 2},
    {"Pauli expansion with shot noise", "qmtl", "pauli", "float", 18, 1, Entangler::none, false, false, false,
     50},
    {"mixed", "qmtl", "mixed", "float", 18, 2, Entangler::cz_line},
    {"what the planner takes", "qmtl", "auto", "float", 18, 1},
};

Model make(Config config, Statistics statistics, const Dataset& data) {
  Model model{std::move(config), std::move(statistics), nullptr, {}};
  model.learner = make_learner(model.config.model, model.config.train, data, model.statistics);
  model.values = model.learner->initial(model.config.train.seed);
  return model;
}

/// Three of the toy's tasks, with parameters as if trained.
Model three_tasks(const TransferCase& c, const Dataset& data) {
  Config config = toy::config(c.head, data);
  config.data_tasks = {"sign", "sector", "height"};
  config.model.tasks.clear();
  config.model.plan = c.plan;
  config.model.precision = c.precision;
  config.model.learn_task_weights = c.learn_weights;
  config.train.shots = c.shots;
  AnsatzSpec& ansatz = config.model.head.ansatz;
  ansatz.qubits = c.qubits;
  ansatz.layers = c.layers;
  ansatz.block_entangler = c.block_entangler;
  ansatz.stride = 2;
  if (c.global) ansatz.placement = Placement::global;
  if (c.by_hand) ansatz.registers = {{4, 0, 2}, {1, 2, 3}, {6, 5, 4}, {1, 2, 3}, {0, 1, 6}};
  config.model.head.width = head_kind(c.head).angles ? 0 : 5;
  resolve(config, data);
  Model model = make(config, standardise(data, config.model), data);
  for (std::size_t i = 0; i < model.values.size(); ++i)
    model.values[i] += 0.2 * std::sin(1.0 + 2.0 * static_cast<double>(i));
  return model;
}

Model add_tags(const Model& before, Dataset& data, const std::vector<std::vector<int>>& registers = {},
               const std::string& task = "tags") {
  complete_tasks(data, before.config.model.tasks);
  Config given;
  given.train.batch = 16;
  const Config config = with_task(before.config, given, task, registers, data);
  Model now = make(config, carried_statistics(before.trained(), config, data), data);
  now.config.train.frozen = frozen_by(before.learner->params(), now.learner->params());
  carry(before.trained(), now.learner->params(), now.values);
  return now;
}

std::vector<float> logits(const Model& model) {
  model.learner->bind(model.values);
  const auto rows = toy::range(0, 90);
  std::vector<float> values(rows.size() * static_cast<std::size_t>(model.learner->outputs()));
  model.learner->predict(rows, values);
  return values;
}

/// Whether the first model's columns are the second's first ones, to the bit.
bool same_bits(const Model& before, const Model& now) {
  const std::vector<float> a = logits(before), b = logits(now);
  const auto columns = static_cast<std::size_t>(before.learner->outputs());
  const auto stride = static_cast<std::size_t>(now.learner->outputs());
  for (std::size_t row = 0; row < 90; ++row)
    if (std::memcmp(a.data() + row * columns, b.data() + row * stride, columns * sizeof(float)) != 0)
      return false;
  return true;
}

/// Some optimiser steps on the newest task; what all of it does to the state.
TrainState train_some(Model& model, const Dataset& data, int steps) {
  const auto pieces = trained_params(model.learner->params(), model.config.train.frozen);
  TrainSpec train = model.config.train;
  train.optimiser = OptimiserKind::adamw;
  train.weight_decay = 0.05;
  TrainState state;
  state.params = model.values;
  const auto order = training_rows(data, model.config.model);
  for (int step = 0; step < steps; ++step) {
    model.learner->bind(state.params);
    const StepBatch batch = Batches(data, model.config.model, train).make(order, step, step);
    std::vector<double> sum = toy::step(*model.learner, batch);
    optimiser_step(train, pieces, 0.05, std::span(sum).first(state.params.size()), state);
  }
  model.values = state.params;
  return state;
}

/// The toy without its other tasks.
Dataset only(Dataset data, const std::string& task) {
  std::erase_if(data.tasks, [&](const Task& other) { return other.name != task; });
  return data;
}

}  // namespace

TEST_CASE("an added task learns, and the logits of the tasks before it keep every bit", "[train]") {
  const Dataset all = toy::dataset(90);
  for (const TransferCase& c : transfers) {
    INFO(c.name);
    const Model before = three_tasks(c, all);
    Dataset data = only(all, "tags");
    Model now = add_tags(
        before, data, c.by_hand ? std::vector<std::vector<int>>{{1, 5, 3}} : std::vector<std::vector<int>>{});
    CHECK(now.config.model.plan == before.config.model.plan);
    CHECK(now.config.model.generations == std::vector<int>{3, 1});
    CHECK(now.learner->outputs() == before.learner->outputs() + 2);
    CHECK_NOTHROW(check_same_outputs(before.trained(), now.trained(), data, SimdTarget::best));
    CHECK(same_bits(before, now));
    const std::vector<double> start = now.values;
    const TrainState state = train_some(now, data, 3);
    CHECK(same_bits(before, now));
    // Exactly what is new has moved and has moments.
    std::vector<bool> trains(start.size(), false);
    for (const ParamInfo& piece : trained_params(now.learner->params(), now.config.train.frozen))
      for (std::size_t i = 0; i < piece.size; ++i) trains[piece.offset + i] = true;
    const auto added = static_cast<std::size_t>(std::count(trains.begin(), trains.end(), true));
    CHECK(added == start.size() - before.values.size());
    std::size_t moved = 0;
    for (std::size_t i = 0; i < start.size(); ++i) {
      if (!trains[i]) CHECK((now.values[i] == start[i] && state.moment1[i] == 0.0));
      moved += now.values[i] != start[i];
    }
    CHECK(moved > added / 2);  // some angles of a block can be dead
  }
}

TEST_CASE("tasks can be added one after another", "[train]") {
  const Dataset all = toy::dataset(90);
  for (const char* plan : {"operators", "pauli"}) {
    INFO(plan);
    const Model first = three_tasks({"", "qmtl", plan, "float", 10, 1}, all);
    Dataset data = only(all, "tags");
    Model second = add_tags(first, data);
    train_some(second, data, 2);
    Dataset other = toy::dataset(90);
    other.tasks[0].name = "again";
    other.tasks.erase(other.tasks.begin() + 1, other.tasks.end());
    Model third = add_tags(second, other, {}, "again");
    CHECK(third.config.model.generations == std::vector<int>{3, 1, 1});
    train_some(third, other, 2);
    CHECK(same_bits(second, third));
    CHECK(same_bits(first, third));
  }
}

TEST_CASE("an added regression task brings statistics of its labels", "[train]") {
  const Dataset all = toy::dataset(90);
  Model before = three_tasks({"", "qmtl", "auto", "double", 8, 1}, all);
  Dataset data = only(all, "height");
  data.tasks[0].name = "depth";
  for (float& label : data.tasks[0].labels) label = 3.0f * label + 7.0f;
  const Model now = add_tags(before, data, {}, "depth");
  CHECK(now.statistics.inputs == before.statistics.inputs);
  REQUIRE(now.statistics.labels.size() == 2);
  CHECK(now.statistics.labels[0] == before.statistics.labels[0]);
  CHECK(now.statistics.labels[1].task == "depth");
  CHECK(now.statistics.labels[1].mean ==
        Approx(3 * before.statistics.labels[0].mean + 7).epsilon(1e-6));  // labels are float
  CHECK(same_bits(before, now));
}

TEST_CASE("new blocks take the stride's next register, or the next that no block has", "[train]") {
  const Dataset all = toy::dataset(90);
  const auto last_register = [&](int qubits, const std::vector<std::vector<int>>& given = {}) {
    const Model before = three_tasks({"", "qmtl", "auto", "float", qubits, 1}, all);
    Dataset data = only(all, "tags");
    const Model now = add_tags(before, data, given);
    const auto blocks = build(now.config.model.head.ansatz).blocks;
    const auto old = build(before.config.model.head.ansatz).blocks;
    REQUIRE(blocks.size() == 7);
    for (std::size_t b = 0; b < old.size(); ++b)
      CHECK((blocks[b].qubits == old[b].qubits && blocks[b].ops == old[b].ops));
    return std::vector<std::vector<int>>{blocks[5].qubits, blocks[6].qubits};
  };
  using Registers = std::vector<std::vector<int>>;
  // Five blocks of three qubits stand at 0, 2, 4, 6, 8.
  CHECK(last_register(18) == Registers{{10, 11, 12}, {12, 13, 14}});
  CHECK(last_register(10) == Registers{{1, 2, 3}, {3, 4, 5}});  // 10 = 0 and 12 = 2 are taken
  CHECK(last_register(10, {{9, 4}}) == Registers{{9, 4}, {9, 4}});
  CHECK(last_register(10, {{9, 4}, {0, 1, 2, 3}}) == Registers{{9, 4}, {0, 1, 2, 3}});
  CHECK_THROWS_WITH(last_register(10, {{1}, {2}, {3}}),
                    Catch::Contains("--register") && Catch::Contains("2"));
  CHECK_THROWS_WITH(last_register(10, {{4, 4}}), Catch::Contains("occurs twice"));
}

TEST_CASE("what cannot be added is refused", "[train]") {
  Dataset all = toy::dataset(90);
  const Model before = three_tasks({"", "qmtl", "auto", "float", 8, 1}, all);
  const auto message = [&](const Model& model, const std::string& task,
                           const std::vector<std::vector<int>>& registers) {
    Dataset data = all;
    try {
      add_tags(model, data, registers, task);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK_THAT(message(before, "sign", {}), Catch::Contains("has this task already"));
  CHECK_THAT(message(before, "colour", {}), Catch::Contains("no task 'colour'") && Catch::Contains("tags"));
  const Model linear = three_tasks({"", "linear", "auto", "float", 8, 1}, all);
  CHECK_THAT(message(linear, "tags", {{0, 1}}), Catch::Contains("--register"));
  const Model local = three_tasks({"", "local", "auto", "float", 8, 1}, all);
  CHECK_THAT(message(local, "tags", {}), Catch::Contains("head.weight"));
  Dataset unlabelled = all;
  std::fill(unlabelled.tasks[2].labels.begin(), unlabelled.tasks[2].labels.end(), toy::missing);
  CHECK_THROWS_WITH(add_tags(before, unlabelled), Catch::Contains("'tags' has no labelled training sample"));

  // A head whose outputs a new task changes: told by its bits.
  Dataset data = all;
  Model now = add_tags(before, data);
  now.values[0] += 1e-3;
  CHECK_THROWS_WITH(check_same_outputs(before.trained(), now.trained(), data, SimdTarget::best),
                    Catch::Contains("cannot take on a task"));
  CHECK_THROWS_WITH(frozen_by({{"head.other", {2}, 0, 2, true, true}}, now.learner->params()),
                    Catch::Contains("head.other"));
  CHECK_THROWS_WITH(frozen_by({{"head.bias", {2, 2}, 0, 4, true, true}}, now.learner->params()),
                    Catch::Contains("head.bias"));
}

TEST_CASE("generations must add up to the tasks, and only the newest needs labels", "[train]") {
  const Dataset all = toy::dataset(90);
  Config config = toy::config("linear", all);
  config.model.generations = {2, 1};
  CHECK_THROWS_WITH(make_learner(config.model, config.train, all, standardise(all, config.model)),
                    Catch::Contains("head.generations") && Catch::Contains("4"));
  config.model.generations = {3, 1};
  Dataset data = all;
  std::fill(data.tasks[0].labels.begin(), data.tasks[0].labels.end(), toy::missing);
  CHECK_NOTHROW(make_learner(config.model, config.train, data, standardise(all, config.model)));
  for (std::size_t row : training_rows(data, config.model))
    CHECK_FALSE(std::isnan(data.tasks[3].labels[row]));
}
