// SPDX-License-Identifier: Apache-2.0
#include <tbb/global_control.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "../model/differences.h"
#include "runtime/noise/noisy.h"
#include "runtime/noise/noisy_plan.h"
#include "runtime/train/loop/evaluate.h"
#include "runtime/train/loop/trainer.h"
#include "runtime/train/schedule.h"
#include "tests/train/toy.h"

using namespace qmtl;

namespace {

const OneRank alone;

/// Damping behind rotations, depolarising noise behind CZ, readings with errors.
NoiseModel device() {
  NoiseModel model;
  model.gates.push_back({Gate::ry, {}, {{amplitude_damping(0.04), -1}}});
  model.gates.push_back({Gate::cz, {}, {{depolarising(0.1, 2), -1}, {phase_damping(0.05), 0}}});
  model.readout = {0.02, 0.07};
  model.readout_of[2] = {0.1, 0.0};
  return model;
}

struct NoisyRun {
  Dataset data = toy::dataset(60);
  Config config;
  Statistics statistics;
  std::unique_ptr<Learner> learner;
  TrainState state;

  explicit NoisyRun(const std::string& head, int shots = 0, int groups = 1, int warmup = 0,
                    NoisyTraining method = NoisyTraining::automatic) {
    config = toy::config(head, data);
    // Density matrices of at most 5 qubits: ThreadSanitizer sees every access to them.
    config.model.head.ansatz.qubits = 5;
    config.model.head.ansatz.register_size = 2;
    config.model.head.width = 0;  // the circuit's
    resolve(config, data);
    config.train.epochs = 2;
    config.train.batch = 20;
    config.train.patience = 0;
    config.train.shots = shots;
    config.train.task_groups = groups;
    config.train.noise_warmup = warmup;
    config.train.noise = "some device";  // what a learner is made with is not read again
    statistics = standardise(data, config.model);
    learner = make_learner(config.model, config.train, data, statistics, SimdTarget::best,
                           noisy_training(device(), method, 3));
    state = fresh_state(*learner, config.train.seed);
  }
  TrainResult run(const TrainHooks& hooks = {}) {
    return train(alone, *learner, config, data, statistics, state, hooks);
  }
};

double total_loss(const Learner& learner, const std::vector<double>& accumulated) {
  double sum = 0.0;
  for (std::size_t t = 0; t < learner.spec().tasks.size(); ++t)
    sum += accumulated[accumulated.size() - learner.spec().tasks.size() + t];
  return sum;
}

}  // namespace

TEST_CASE("a step on a noisy device has the slopes of its loss there", "[train][noise]") {
  for (const auto& [head, groups] : {std::pair("qmtl", 2), std::pair("hybrid", 1)}) {
    CAPTURE(head, groups);
    NoisyRun one(head, 0, groups);
    REQUIRE(one.learner->on_device());
    const StepBatch batch = toy::batch(one.data, one.config.model, toy::range(0, 4));
    std::vector<double> params = one.state.params;
    const auto loss = [&](const std::vector<double>& at) {
      one.learner->bind(at);
      return total_loss(*one.learner, toy::step(*one.learner, batch));
    };
    one.learner->bind(params);
    const std::vector<double> found = toy::step(*one.learner, batch);
    const std::vector<double> expected = differences(loss, params);
    for (std::size_t i = 0; i < params.size(); ++i) {
      CAPTURE(i);
      CHECK(found[i] == Approx(expected[i]).margin(difference_tolerance));
    }
  }
}

TEST_CASE("predictions on the device are those of the noisy simulator", "[train][noise]") {
  for (const char* head : {"qmtl", "hybrid", "separate"}) {
    CAPTURE(head);
    NoisyRun one(head);
    one.learner->bind(one.state.params);
    const std::vector<std::size_t> rows = toy::range(0, 12);
    NoisySimulator simulator(*one.learner->circuit(), device(), {});
    simulator.bind(one.learner->circuit_params());
    std::vector<double> values(rows.size() * static_cast<std::size_t>(one.learner->circuit()->outputs()));
    simulator.values(std::vector<std::uint32_t>(rows.begin(), rows.end()), one.learner->circuit_angles(rows),
                     values);
    const std::vector<float> expected = one.learner->logits_of(values),
                             found = predict_rows_on_device(alone, *one.learner, rows),
                             exact = predict_rows(alone, *one.learner, rows);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      CHECK(found[i] == Approx(expected[i]).margin(1e-5));  // double, but for the logits' own rounding
    CHECK(found != exact);
  }
}

TEST_CASE("training on a device gives the same bits on any threads and when resumed", "[train][noise]") {
  struct Kind {
    const char* name;
    int shots, groups, warmup;
    NoisyTraining method;
  };
  for (const Kind& kind : {Kind{"expansions", 0, 1, 0, NoisyTraining::expansion},
                           Kind{"operators, shots in two task groups", 50, 2, 0, NoisyTraining::operators},
                           Kind{"density matrices, rising noise", 0, 1, 2, NoisyTraining::density},
                           Kind{"trajectories", 0, 1, 0, NoisyTraining::trajectories}}) {
    INFO(kind.name);
    const auto make = [&] { return NoisyRun("qmtl", kind.shots, kind.groups, kind.warmup, kind.method); };
    NoisyRun whole = make();
    {
      const tbb::global_control one_thread(tbb::global_control::max_allowed_parallelism, 1);
      whole.run();
    }
    NoisyRun again = make();
    again.run();
    CHECK(run_hash(again.state) == run_hash(whole.state));
    CHECK(again.state == whole.state);
    // 40 training rows are two steps of an epoch: stopped within the second.
    NoisyRun part = make(), rest = make();
    TrainHooks hooks;
    hooks.stop_requested = [&] { return part.state.step + 1 == 3; };
    hooks.save = [&](const TrainState& state, SaveRequest) {
      rest.state = state;
      return true;
    };
    part.run(hooks);
    REQUIRE(rest.state.step == 3);
    rest.run();
    CHECK(rest.state == whole.state);
  }
}

TEST_CASE("noise rises over the first epochs, and is all there behind them", "[train][noise]") {
  TrainSpec train;
  CHECK(noise_strength(train, 0) == 1.0);
  train.noise_warmup = 4;
  for (const auto& [epoch, strength] :
       {std::pair(0, 0.0), std::pair(1, 0.25), std::pair(4, 1.0), std::pair(9, 1.0)})
    CHECK(noise_strength(train, epoch) == strength);
  NoisyRun one("qmtl");
  const StepBatch batch = toy::batch(one.data, one.config.model, toy::range(0, 4));
  const auto loss = [&](double strength) {
    one.learner->set_noise_strength(strength);
    one.learner->bind(one.state.params);
    return total_loss(*one.learner, toy::step(*one.learner, batch));
  };
  NoisyRun exact("qmtl");
  exact.learner = make_learner(exact.config.model, exact.config.train, exact.data, exact.statistics);
  exact.learner->bind(one.state.params);
  CHECK(loss(0.0) == Approx(total_loss(*exact.learner, toy::step(*exact.learner, batch))).margin(1e-10));
  const double all = loss(1.0);
  CHECK(std::abs(all - loss(0.0)) > 1e-4);
  CHECK(loss(1.0) == all);
}

TEST_CASE("a device and what cannot run on it are refused before any step", "[train][noise]") {
  NoisyRun one("qmtl");
  one.learner = make_learner(one.config.model, one.config.train, one.data, one.statistics);
  CHECK_THROWS_WITH(one.run(), Catch::Contains("train.noise"));
  Config linear = toy::config("linear", one.data);
  CHECK_THROWS_WITH(make_learner(linear.model, linear.train, one.data, one.statistics, SimdTarget::best,
                                 noisy_training(device())),
                    Catch::Contains("train.noise") && Catch::Contains("linear"));
}
