// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/train/optimiser.h"
#include "runtime/train/schedule.h"
#include "runtime/train/stopping.h"

using namespace qmtl;

namespace {

std::vector<ParamInfo> two_tensors() {
  return {{"weight", {2}, 0, 2, false, true}, {"bias", {1}, 2, 1, true, false}};
}

TrainSpec train_spec(OptimiserKind kind) {
  TrainSpec train;
  train.optimiser = kind;
  return train;
}

}  // namespace

TEST_CASE("the first Adam step moves each parameter by the rate against its gradient's sign", "[train]") {
  // After bias correction m / sqrt(v) = g / |g|; epsilon 1e-8 against |g| >= 0.1 shortens the step by 1e-7 of
  // it.
  TrainState state;
  state.params = {1.0, -2.0, 0.5};
  std::vector<double> gradient{0.1, -3.0, 20.0};
  const double norm = optimiser_step(train_spec(OptimiserKind::adam), two_tensors(), 0.01, gradient, state);
  CHECK(norm == Approx(std::sqrt(0.01 + 9 + 400)).epsilon(1e-15));
  CHECK(state.params[0] == Approx(0.99).epsilon(1e-8));
  CHECK(state.params[1] == Approx(-1.99).epsilon(1e-8));
  CHECK(state.params[2] == Approx(0.49).epsilon(1e-8));
  CHECK(state.step == 1);
  CHECK(state.moment1.size() == 3);
  CHECK(state.moment2.size() == 3);
}

TEST_CASE("Adam follows its recursion over several steps", "[train]") {
  TrainState state;
  state.params = {0.3, 0.0, 0.0};
  double m = 0, v = 0, p = 0.3;
  for (int t = 1; t <= 5; ++t) {
    const double g = std::sin(t);
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    p -= 0.02 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
    std::vector<double> gradient{g, 0, 0};
    optimiser_step(train_spec(OptimiserKind::adam), two_tensors(), 0.02, gradient, state);
    CHECK(state.params[0] == Approx(p).epsilon(1e-12));  // 1 - 0.999^t loses three digits of sixteen
  }
}

TEST_CASE("a long tensor's steps have the bits of its numbers' own", "[train]") {
  // Alone a number takes the loop's end, one at a time; in a long tensor the lanes of a register.
  constexpr std::size_t size = 203;
  const std::vector<ParamInfo> together{{"all", {size}, 0, size, false, true}};
  std::vector<ParamInfo> apart;
  for (std::size_t i = 0; i < size; ++i) apart.push_back({"t" + std::to_string(i), {1}, i, 1, false, true});
  for (OptimiserKind kind : {OptimiserKind::adam, OptimiserKind::adamw, OptimiserKind::sgd}) {
    INFO(name(kind));
    TrainSpec train = train_spec(kind);
    train.weight_decay = 0.01;
    TrainState one, many;
    for (std::size_t i = 0; i < size; ++i) one.params.push_back(std::sin(double(i)));
    many.params = one.params;
    for (int t = 1; t <= 3; ++t) {
      std::vector<double> gradient;
      for (std::size_t i = 0; i < size; ++i)
        gradient.push_back(std::cos(double(i) * t) * std::exp(double(i % 40) - 30));
      std::vector<double> same = gradient;
      optimiser_step(train, together, 0.02, gradient, one);
      optimiser_step(train, apart, 0.02, same, many);
    }
    CHECK(one.params == many.params);
    CHECK(one.moment1 == many.moment1);
    CHECK(one.moment2 == many.moment2);
  }
}

TEST_CASE("weight decay is decoupled in adamw, part of the gradient elsewhere, and spares biases",
          "[train]") {
  for (OptimiserKind kind : {OptimiserKind::adam, OptimiserKind::adamw, OptimiserKind::sgd}) {
    INFO(name(kind));
    TrainSpec train = train_spec(kind);
    train.weight_decay = 0.1;
    TrainState state;
    state.params = {2.0, -4.0, 5.0};
    std::vector<double> gradient(3, 0.0);
    optimiser_step(train, two_tensors(), 0.01, gradient, state);
    // adamw: p (1 - rate decay); sgd: p - rate decay p; adam: a step of the rate towards 0.
    CHECK(state.params[0] == Approx(kind == OptimiserKind::adam ? 1.99 : 1.998).epsilon(1e-7));
    CHECK(state.params[1] == Approx(kind == OptimiserKind::adam ? -3.99 : -3.996).epsilon(1e-7));
    CHECK(state.params[2] == 5.0);
  }
}

TEST_CASE("each part's factor multiplies the rate of its parameters alone", "[train]") {
  const auto tensor = [](std::size_t offset, ParamPart part) {
    ParamInfo info{"t" + std::to_string(offset), {1}, offset, 1, false, true};
    info.part = part;
    return info;
  };
  const std::vector<ParamInfo> params{tensor(0, ParamPart::backbone), tensor(1, ParamPart::shared),
                                      tensor(2, ParamPart::blocks), tensor(3, ParamPart::readout),
                                      tensor(4, ParamPart::task_weights)};
  const std::vector<double> start{1.0, -2.0, 0.5, 3.0, 0.25}, slopes{0.1, -3.0, 20.0, 0.7, -0.4};
  for (OptimiserKind kind : {OptimiserKind::adam, OptimiserKind::adamw, OptimiserKind::sgd}) {
    INFO(name(kind));
    // What one rate for all gives, with factors of 1: the same bits as a step with each part's own rate.
    const auto step = [&](const TrainSpec& train, double rate) {
      TrainState state;
      state.params = start;
      std::vector<double> gradient = slopes;
      optimiser_step(train, params, rate, gradient, state);
      return state.params;
    };
    TrainSpec plain = train_spec(kind);
    plain.weight_decay = 0.1;
    TrainSpec grouped = plain;
    grouped.backbone_rate = 0.0;
    grouped.circuit_rate = 4.0;
    grouped.head_rate = 0.5;
    const std::vector<double> found = step(grouped, 0.25);
    CHECK(found[0] == start[0]);
    CHECK(found[1] == step(plain, 1.0)[1]);
    CHECK(found[2] == step(plain, 1.0)[2]);
    CHECK(found[3] == step(plain, 0.125)[3]);
    CHECK(found[4] == step(plain, 0.25)[4]);
  }
}

TEST_CASE("momentum accumulates and clipping limits the global norm", "[train]") {
  TrainSpec train = train_spec(OptimiserKind::sgd);
  train.momentum = 0.5;
  TrainState state;
  state.params = {0.0, 0.0, 0.0};
  std::vector<double> gradient{1.0, 0.0, 0.0};
  optimiser_step(train, two_tensors(), 1.0, gradient, state);
  gradient = {1.0, 0.0, 0.0};
  optimiser_step(train, two_tensors(), 1.0, gradient, state);
  CHECK(state.params[0] == -2.5);
  CHECK(state.moment2.empty());

  train.clip = 1.0;
  train.momentum = 0.0;
  state = {};
  state.params = {0.0, 0.0, 0.0};
  gradient = {0.0, 3.0, -4.0};
  CHECK(optimiser_step(train, two_tensors(), 1.0, gradient, state) == 5.0);
  CHECK(state.params[1] == Approx(-0.6).epsilon(1e-15));
  CHECK(state.params[2] == Approx(0.8).epsilon(1e-15));
  gradient = {0.0, 0.3, 0.0};
  optimiser_step(train, two_tensors(), 1.0, gradient, state);
  CHECK(state.params[1] == Approx(-0.9).epsilon(1e-15));
}

TEST_CASE("schedules warm up linearly, stay or fall to zero", "[train]") {
  TrainSpec train;
  train.learning_rate = 0.1;
  CHECK(learning_rate(train, 0, 100) == 0.1);
  CHECK(learning_rate(train, 99, 100) == 0.1);
  train.warmup_steps = 4;
  CHECK(learning_rate(train, 0, 100) == 0.025);
  CHECK(learning_rate(train, 3, 100) == 0.1);
  train.schedule = ScheduleKind::cosine;
  CHECK(learning_rate(train, 4, 104) == 0.1);
  CHECK(learning_rate(train, 54, 104) == Approx(0.05).epsilon(1e-14));
  CHECK(learning_rate(train, 104, 104) == Approx(0.0).margin(1e-17));
  CHECK(learning_rate(train, 1000, 104) == Approx(0.0).margin(1e-17));
  CHECK(std::isfinite(learning_rate(train, 4, 4)));
}

TEST_CASE("the best epoch is the latest with the highest validation mean, without one the last", "[train]") {
  TrainState state;
  TrainSpec train;
  train.epochs = 10;
  train.patience = 2;
  const std::vector<double> means{std::nan(""), std::nan(""), 0.5, 0.7, 0.7, std::nan("")};
  const std::vector<bool> expected{true, true, true, true, true, false};
  for (std::size_t i = 0; i < means.size(); ++i) {
    EpochRecord record;
    record.epoch = state.epoch = static_cast<int>(i) + 1;
    record.validation_mean = means[i];
    CHECK(record_epoch(state, record) == expected[i]);
    CHECK(training_finished(state, train) == (i == 5));  // two epochs after the score was first reached
  }
  CHECK(state.best_epoch == 5);
  CHECK(state.best_score == 0.7);
  CHECK(state.history.size() == 6);
  train.patience = 0;
  CHECK_FALSE(training_finished(state, train));
  state.epoch = 10;
  CHECK(training_finished(state, train));
}

TEST_CASE("the run hash changes with every bit that decides what comes next", "[train]") {
  TrainState state;
  state.params = {1.0, 2.0};
  state.moment1 = {0.5, 0.25};
  state.moment2 = {3.0, 4.0};
  state.step = 7;
  const std::string hash = run_hash(state);
  CHECK(hash.size() == 64);
  CHECK(run_hash(state) == hash);
  std::vector<TrainState> changed(8, state);
  changed[0].params[1] = std::nextafter(2.0, 3.0);
  changed[1].moment1[0] = std::nextafter(0.5, 1.0);
  changed[2].moment2[1] = std::nextafter(4.0, 5.0);
  changed[3].step = 8;
  changed[4].epoch = 1;
  changed[5].params = {1.0};
  changed[5].moment1 = {2.0, 0.5, 0.25};
  changed[6].step_in_epoch = 1;
  changed[7].params[0] = -1.0;
  for (std::size_t i = 0; i < changed.size(); ++i) {
    INFO("change " << i);
    CHECK(run_hash(changed[i]) != hash);
  }
}
