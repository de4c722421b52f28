// SPDX-License-Identifier: Apache-2.0
#include <tbb/global_control.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/train/frozen.h"
#include "runtime/train/loop/trainer.h"
#include "runtime/train/sampler.h"
#include "runtime/train/task_weighting.h"
#include "tests/model/differences.h"
#include "tests/train/toy.h"
#include "tests/train/weighting_oracle.h"

using namespace qmtl;
using toy::dot;
using toy::gradient_surgery;
using toy::NormBalance;
using toy::Vector;

namespace {

constexpr const char* weighed_heads[] = {"qmtl",     "hybrid", "separate", "linear",
                                         "low-rank", "mlp",    "local",    "local-tanh"};

/// The toy model with dropout and labels that are missing in every task.
Config weighed_config(const std::string& head, TaskWeighting weighting, const Dataset& data, int groups = 1) {
  Config config = toy::config(head, data);
  config.model.backbone.trunk.push_back({LayerKind::dropout, 0, Activation::none, 0.2});
  config.model.tasks[0].class_weights = {6.0, 8.0};
  config.train.optimiser = OptimiserKind::sgd;
  config.train.learning_rate = 0.05;
  config.train.epochs = 2;
  config.train.task_groups = groups;
  config.train.task_weighting = weighting;
  resolve(config, data);
  return config;
}

std::unique_ptr<Learner> weighed_learner(const Config& config, const Dataset& data) {
  return make_learner(config.model, config.train, data, standardise(data, config.model));
}

/// Each task's gradient of all parameters and its loss, by learners that give no other task a weight.
struct TaskStep {
  std::vector<Vector> gradients;
  Vector losses;
};
TaskStep task_by_task(const Config& config, const Dataset& data, const StepBatch& batch,
                      const Vector& params) {
  TaskStep step;
  for (std::size_t t = 0; t < config.model.tasks.size(); ++t) {
    Config one = config;
    one.train.task_weighting = TaskWeighting::none;
    for (std::size_t other = 0; other < one.model.tasks.size(); ++other)
      one.model.tasks[other].weight = other == t ? 1.0 : 0.0;
    const auto learner = weighed_learner(one, data);
    learner->bind(params);
    Vector sum = toy::step(*learner, batch);
    step.losses.push_back(sum[params.size() + t]);
    sum.resize(params.size());
    step.gradients.push_back(std::move(sum));
  }
  return step;
}

std::vector<bool> read_by_all(const Config& config, const Learner& learner) {
  std::vector<bool> marked(learner.initial(1).size());
  for (const SharedParams::Piece& piece : shared_params(config.train.task_weighting, learner.params()).pieces)
    for (std::size_t i = 0; i < piece.size; ++i) marked[piece.begin + i] = true;
  return marked;
}

TrainState weighed_run(const Config& config, const Dataset& data, const TrainHooks& hooks = {},
                       TrainState state = {}) {
  const auto statistics = standardise(data, config.model);
  const auto learner = weighed_learner(config, data);
  if (state.params.empty()) state = fresh_state(*learner, config.train.seed);
  train(OneRank(), *learner, config, data, statistics, state, hooks);
  return state;
}

}  // namespace

TEST_CASE("each task's gradient of what tasks share is that of its loss alone, for every head", "[train]") {
  const Dataset data = toy::dataset(60);
  for (const char* head : weighed_heads)
    for (const int groups : {1, 2})
      for (const TaskWeighting weighting : {TaskWeighting::pcgrad, TaskWeighting::gradnorm}) {
        INFO(head << ", " << groups << " task groups, " << name(weighting));
        const Config config = weighed_config(head, weighting, data, groups);
        const auto learner = weighed_learner(config, data);
        const Vector params = learner->initial(5);
        const StepBatch batch = toy::batch(data, config.model, toy::range(4, 41));
        learner->bind(params);
        const Vector sum = toy::step(*learner, batch);
        const TaskStep expected = task_by_task(config, data, batch, params);
        const SharedParams shared = shared_params(weighting, learner->params());
        const std::vector<bool> common = read_by_all(config, *learner);
        const std::size_t tasks = expected.losses.size();
        double worst = 0;
        for (std::size_t t = 0; t < tasks; ++t) {
          worst = std::max(worst, std::abs(sum[params.size() + t] - expected.losses[t]));
          const double* own = sum.data() + params.size() + tasks + t * shared.size;
          for (const SharedParams::Piece& piece : shared.pieces)
            for (std::size_t i = 0; i < piece.size; ++i)
              worst = std::max(worst, std::abs(own[piece.at + i] - expected.gradients[t][piece.begin + i]));
        }
        bool private_to_one = true;
        for (std::size_t i = 0; i < params.size(); ++i) {
          double all = 0;
          int of_tasks = 0;
          for (const Vector& gradient : expected.gradients) all += gradient[i], of_tasks += gradient[i] != 0;
          const bool projected = weighting == TaskWeighting::pcgrad && common[i];
          worst = std::max(worst, std::abs(sum[i] - (projected ? 0 : all)));
          private_to_one =
              private_to_one && (weighting == TaskWeighting::gradnorm || common[i] || of_tasks < 2);
        }
        // Sums of 37 terms of order 10 in double, in another order.
        CHECK(worst < 1e-12);
        CHECK(private_to_one);
      }
}

TEST_CASE("gradients are projected as the paper's algorithm says", "[train]") {
  SharedParams two{{{1, 0, 2}}, 2};
  Vector gradient(4, 7.0);
  project_gradients(two, 1, 0, Vector{1, 0, -1, 1}, gradient);
  // (1, 0) loses its part along (-1, 1), which is -1/2 of it, and (-1, 1) all of its own along (1, 0).
  CHECK(gradient == Vector{7, 0.5, 1.5, 7});

  const RandomStream random(9, Purpose::initial);
  for (std::uint32_t trial = 0; trial < 40; ++trial) {
    const std::size_t tasks = 2 + trial % 6, size = 1 + trial % 23;
    std::vector<Vector> gradients(tasks, Vector(size));
    Vector by_task;
    for (std::size_t t = 0; t < tasks; ++t)
      for (std::size_t i = 0; i < size; ++i) {
        // Some tasks have no labels in the batch.
        gradients[t][i] =
            t == 1 && trial % 3 == 0
                ? 0.0
                : random.normal({trial, static_cast<std::uint32_t>(t), 0, static_cast<std::uint32_t>(i)});
        by_task.push_back(gradients[t][i]);
      }
    Vector found(size, 0.0);
    project_gradients({{{0, 0, size}}, size}, 5, trial, by_task, found);
    INFO(tasks << " tasks, " << size << " parameters");
    // At most 7 projections, by factors of up to the ratio of two norms.
    CHECK(largest_deviation(found, gradient_surgery(gradients, 5, trial)) < 1e-10);
  }
}

TEST_CASE("the order of projections is another one for every step and task", "[train]") {
  const RandomStream random(3, Purpose::projection_order);
  CHECK(random.permutation(9, 4, 0) != random.permutation(9, 4, 1));
  CHECK(random.permutation(9, 4, 1) != random.permutation(9, 5, 1));
  CHECK(random.permutation(9, 4, 1) == random.permutation(9, 4, 1));
}

TEST_CASE("GradNorm's weights are a descent of the paper's loss, without the tasks that have no labels",
          "[train]") {
  const RandomStream random(10, Purpose::initial);
  for (const double alpha : {0.0, 0.5, 1.5}) {
    TrainSpec spec;
    spec.gradnorm_alpha = alpha;
    const std::size_t tasks = 4;
    TrainState state;
    state.task_weights.assign(tasks, 1.0);
    state.first_losses.assign(tasks, -1.0);
    NormBalance expected{state.task_weights, state.first_losses, alpha, spec.gradnorm_rate};
    for (std::uint32_t step = 0; step < 60; ++step) {
      Vector norms, losses, weighted_norms, weighted_losses, counts;
      std::vector<bool> present;
      for (std::uint32_t t = 0; t < tasks; ++t) {
        present.push_back(random.uniform({step, t, 0, 0}) < 0.7);
        const double some = present.back() ? 1.0 : 0.0;
        norms.push_back(some * std::exp(random.normal({step, t, 0, 1})));
        losses.push_back(some * std::exp(random.normal({step, t, 0, 2}) - 0.02 * step));
        weighted_norms.push_back(state.task_weights[t] * norms.back());
        weighted_losses.push_back(state.task_weights[t] * losses.back());
        counts.push_back(some * 5);
      }
      gradnorm_step(spec, weighted_norms, weighted_losses, counts, state);
      if (std::count(present.begin(), present.end(), true) > 0) expected.step(norms, losses, present);
      INFO("alpha " << alpha << ", step " << step);
      // The central difference of |x| with h = 1e-6 errs by 1e-10 of its slope, and steps add up.
      CHECK(largest_deviation(state.task_weights, expected.weights) < 1e-7);
      CHECK(state.first_losses[0] == Approx(expected.first[0]).epsilon(1e-12));
      double sum = 0;
      for (const double weight : state.task_weights) sum += weight;
      CHECK(sum == Approx(4.0).epsilon(1e-12));
    }
  }
}

TEST_CASE("a run's steps are those of the papers", "[train]") {
  const Dataset data = toy::dataset(60);
  for (const char* head : {"qmtl", "linear", "low-rank"})
    for (const TaskWeighting weighting : {TaskWeighting::pcgrad, TaskWeighting::gradnorm}) {
      INFO(head << ", " << name(weighting));
      const Config config = weighed_config(head, weighting, data, 2);
      const auto learner = weighed_learner(config, data);
      const std::vector<bool> common = read_by_all(config, *learner);
      const std::size_t tasks = config.model.tasks.size();
      const Batches batches(data, config.model, config.train);
      Vector params = learner->initial(config.train.seed);
      NormBalance balance{Vector(tasks, 1.0), Vector(tasks, -1.0), config.train.gradnorm_alpha,
                          config.train.gradnorm_rate};
      std::int64_t steps = 0;
      const auto rows = training_rows(data, config.model);
      for (int epoch = 0; epoch < config.train.epochs; ++epoch)
        for (int step = 0; step < steps_per_epoch(rows.size(), config.train.batch); ++step) {
          const StepBatch batch = batches.make(epoch_order(rows, config.train.seed, epoch), step, steps);
          const TaskStep found = task_by_task(config, data, batch, params);
          std::vector<Vector> shared(tasks);
          std::vector<bool> present;
          Vector total(params.size(), 0.0), norms;
          for (std::size_t t = 0; t < tasks; ++t) {
            present.push_back(batch.label_counts[t] > 0);
            for (std::size_t i = 0; i < params.size(); ++i) {
              const double weight = weighting == TaskWeighting::gradnorm ? balance.weights[t] : 1.0;
              total[i] += weight * found.gradients[t][i];
              if (common[i]) shared[t].push_back(found.gradients[t][i]);
            }
            norms.push_back(std::sqrt(dot(shared[t], shared[t])));
          }
          if (weighting == TaskWeighting::gradnorm) {
            balance.step(norms, found.losses, present);
          } else {
            const Vector projected = gradient_surgery(shared, config.train.seed, steps);
            std::size_t next = 0;
            for (std::size_t i = 0; i < params.size(); ++i)
              if (common[i]) total[i] = projected[next++];
          }
          for (std::size_t i = 0; i < params.size(); ++i) params[i] -= config.train.learning_rate * total[i];
          ++steps;
        }
      const TrainState state = weighed_run(config, data);
      CHECK(state.step == steps);
      // Roundings of sums, and the numerical derivative of the weights.
      CHECK(largest_deviation(state.params, params) < 1e-8);
      if (weighting == TaskWeighting::gradnorm) {
        CHECK(largest_deviation(state.task_weights, balance.weights) < 1e-7);
        // The first task's labels weigh 6 and 8 times.
        CHECK(state.task_weights[0] ==
              *std::min_element(state.task_weights.begin(), state.task_weights.end()));
      }
    }
}

TEST_CASE("weighed by gradients, a run has the same bits with any threads, stopped anywhere and resumed",
          "[train]") {
  const Dataset data = toy::dataset(60);
  for (const TaskWeighting weighting : {TaskWeighting::pcgrad, TaskWeighting::gradnorm}) {
    Config config = weighed_config("qmtl", weighting, data, 2);
    config.train.optimiser = OptimiserKind::adam;
    config.model.precision = "float";
    const TrainState whole = weighed_run(config, data);
    CHECK(whole.task_weights.empty() == (weighting == TaskWeighting::pcgrad));
    for (const std::size_t threads : {1, 2}) {
      tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
      INFO(name(weighting) << ", " << threads << " threads");
      CHECK(run_hash(weighed_run(config, data)) == run_hash(whole));
    }
    for (std::int64_t stop = 1; stop < whole.step; ++stop) {
      INFO(name(weighting) << ", stopped after step " << stop);
      TrainState saved;
      std::int64_t steps = 0;
      TrainHooks hooks;
      hooks.stop_requested = [&] { return ++steps == stop; };
      hooks.save = [&](const TrainState& state, SaveRequest) {
        saved = state;
        return true;
      };
      weighed_run(config, data, hooks);
      REQUIRE(saved.step == stop);
      CHECK(run_hash(weighed_run(config, data, {}, saved)) == run_hash(whole));
    }
  }
}

TEST_CASE("uncertainty weighting is the same run by either of its names", "[train]") {
  const Dataset data = toy::dataset(60);
  Config older = weighed_config("linear", TaskWeighting::none, data);
  older.model.learn_task_weights = true;
  const Config word = weighed_config("linear", TaskWeighting::uncertainty, data);
  CHECK(word.model.learn_task_weights);
  CHECK(run_hash(weighed_run(word, data)) == run_hash(weighed_run(older, data)));
  CHECK(run_hash(weighed_run(word, data)) !=
        run_hash(weighed_run(weighed_config("linear", TaskWeighting::none, data), data)));
}

TEST_CASE("a weighting without meaning is refused with key and cure", "[train]") {
  const Dataset data = toy::dataset(60);
  const struct {
    const char* what;
    TaskWeighting weighting;
    void (*change)(Config& config);
    std::vector<std::string> words;
  } cases[] = {
      {"one task",
       TaskWeighting::pcgrad,
       [](Config& config) {
         config.model.tasks.resize(1);
         config.train.task_groups = 1;
       },
       {"train.task_weighting = \"pcgrad\"", "at least 2 tasks, found 1", "leave"}},
      {"batches of one task",
       TaskWeighting::gradnorm,
       [](Config& config) { config.train.batches = BatchKind::task; },
       {"train.task_weighting = \"gradnorm\"", "train.batches = \"task\"", "\"mixed\""}},
      {"two weightings",
       TaskWeighting::pcgrad,
       [](Config& config) { config.model.learn_task_weights = true; },
       {"train.task_weighting = \"pcgrad\"", "train.learn_task_weights", "leave one"}},
      {"a weight that GradNorm would undo",
       TaskWeighting::gradnorm,
       [](Config& config) { config.model.tasks[2].weight = 2.0; },
       {"task.tags.weight", "expected 1", "found 2", "leave the weight out"}},
      {"an earlier generation",
       TaskWeighting::pcgrad,
       [](Config& config) {
         config.model.generations = {3, 1};
       },
       {"head.generations", "leave train.task_weighting out"}},
      {"a frozen backbone",
       TaskWeighting::pcgrad,
       [](Config& config) {
         config.train.frozen = {"branch", "trunk", "representation"};
       },
       {"train.frozen", "train.task_weighting = \"pcgrad\"", "train a part of the backbone"}},
      {"a frozen layer to the representation",
       TaskWeighting::gradnorm,
       [](Config& config) { config.train.frozen = {"representation"}; },
       {"train.frozen", "train.task_weighting = \"gradnorm\"", "train \"representation\""}},
  };
  for (const auto& [what, weighting, change, words] : cases) {
    INFO(what);
    Config config = weighed_config("linear", weighting, data);
    change(config);
    try {
      weighed_run(config, data);
      FAIL_CHECK("nothing was refused");
    } catch (const Error& error) {
      CHECK(error.code() == Exit::usage);
      for (const std::string& word : words) CHECK_THAT(error.what(), Catch::Contains(word));
    }
  }
}

TEST_CASE("what is frozen in part stays as it starts, and has no part in projections", "[train]") {
  const Dataset data = toy::dataset(60);
  Config config = weighed_config("linear", TaskWeighting::pcgrad, data);
  config.train.frozen = {"trunk"};
  const auto learner = weighed_learner(config, data);
  const Vector start = learner->initial(config.train.seed);
  const TrainState state = weighed_run(config, data);
  for (const ParamInfo& param : learner->params()) {
    const bool moved =
        !std::equal(state.params.begin() + static_cast<std::ptrdiff_t>(param.offset),
                    state.params.begin() + static_cast<std::ptrdiff_t>(param.offset + param.size),
                    start.begin() + static_cast<std::ptrdiff_t>(param.offset));
    INFO(param.name);
    CHECK(moved != param.name.starts_with("trunk"));
  }
  const SharedParams all = shared_params(TaskWeighting::pcgrad, learner->params());
  std::size_t left = 0;
  for (const auto& piece : trained_part(all, trained_params(learner->params(), config.train.frozen)).pieces) {
    left += piece.size;
    CHECK(all.pieces.front().begin + piece.at == piece.begin);  // a linear head's are the backbone's numbers
  }
  CHECK(left < all.size);
  CHECK(left > 0);
}
