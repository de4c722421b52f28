// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/train/predictor.h"
#include "tests/train/toy.h"

using namespace qmtl;

namespace {

/// A toy model as if trained, and its data set's inputs of some rows.
struct Trained {
  Dataset data = toy::dataset(90);
  Config config;
  TrainedModel model;
  std::unique_ptr<Learner> learner;

  explicit Trained(const std::string& head, const std::string& precision = "float", int shots = 0)
      : config(toy::config(head, data)) {
    config.model.precision = precision;
    config.train.shots = shots;
    const Statistics statistics = standardise(data, config.model);
    learner = make_learner(config.model, config.train, data, statistics);
    model = {config.model, shots, learner->params(), learner->initial(3), statistics};
    for (std::size_t i = 0; i < model.values.size(); ++i) model.values[i] += 0.1 * static_cast<double>(i % 7);
    learner->bind(model.values);
  }

  std::vector<std::span<const float>> inputs(std::size_t first, std::size_t rows) const {
    std::vector<std::span<const float>> all;
    for (const Input& input : data.inputs)
      all.push_back(std::span(input.values).subspan(first * input.width, rows * input.width));
    return all;
  }
};

}  // namespace

TEST_CASE("a predictor gives the bits of a learner on the data set", "[train]") {
  for (const char* head : {"qmtl", "hybrid", "separate", "linear", "low-rank", "mlp", "local", "local-tanh"})
    for (const char* precision : {"float", "double"})
      for (int shots : {0, 100}) {
        INFO(head << ", " << precision << ", " << shots << " shots");
        const Trained trained(head, precision, shots);
        const auto predictor = make_predictor(trained.model);
        const std::size_t first = 5, rows = 71, columns = predictor->outputs();
        std::vector<float> expected(rows * columns), found(rows * columns);
        trained.learner->predict(toy::range(first, first + rows), expected);
        predictor->predict(rows, trained.inputs(first, rows), found);
        CHECK(std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) == 0);
      }
}

TEST_CASE("a predictor refuses tensors and inputs that are not the model's", "[train]") {
  const Trained trained("qmtl");
  const auto predictor = make_predictor(trained.model);
  std::vector<float> logits(10 * predictor->outputs());
  auto inputs = trained.inputs(0, 10);
  CHECK_THROWS_WITH(predictor->predict(9, inputs, logits),
                    Catch::Contains("input 'a'") && Catch::Contains("9 rows"));
  inputs.pop_back();
  CHECK_THROWS_WITH(predictor->predict(10, inputs, logits), Catch::Contains("found 1"));
  TrainedModel other = trained.model;
  other.tensors.back().name = "head.other";
  CHECK_THROWS_WITH(make_predictor(other), Catch::Contains("another program version"));
  CHECK_THROWS_WITH(other.tensor("head.bias.no"), Catch::Contains("no tensor 'head.bias.no'"));
}

TEST_CASE("numbers far from zero are computed relative to their shift", "[train]") {
  // Multiples of 1/64 around 2^31: float32 would make one number of all.
  constexpr double shift = 2147483648.0, step = 64;
  Dataset near = toy::dataset(90);
  for (Input& input : near.inputs)
    for (float& value : input.values)
      value = std::round(value * static_cast<float>(step)) / static_cast<float>(step);
  Dataset far = near;
  for (Input& input : far.inputs) input.shift.assign(input.width, shift);
  const Config config = toy::config("mlp", near);
  const Statistics one = standardise(near, config.model), other = standardise(far, config.model);
  REQUIRE(one.inputs.size() == other.inputs.size());
  for (std::size_t i = 0; i < one.inputs.size(); ++i) {
    CHECK(one.inputs[i].deviation == other.inputs[i].deviation);
    for (std::size_t c = 0; c < one.inputs[i].mean.size(); ++c)
      CHECK(other.inputs[i].mean[c] - shift == Approx(one.inputs[i].mean[c]).margin(1e-6));
  }

  const auto learner = make_learner(config.model, config.train, near, one);
  const auto shifted = make_learner(config.model, config.train, far, other);
  const std::vector<double> params = learner->initial(3);
  learner->bind(params);
  shifted->bind(params);
  const auto predictor = make_predictor({config.model, 0, learner->params(), params, other});
  const auto rows = toy::range(0, 90);
  const std::size_t size = rows.size() * predictor->outputs();
  std::vector<float> expected(size), found(size), predicted(size);
  learner->predict(rows, expected);
  shifted->predict(rows, found);
  std::vector<std::span<const float>> inputs;
  std::vector<std::span<const double>> shifts;
  for (const Input& input : far.inputs) {
    inputs.emplace_back(input.values);
    shifts.emplace_back(input.shift);
  }
  predictor->predict(rows.size(), inputs, predicted, shifts);
  CHECK(std::memcmp(found.data(), predicted.data(), size * sizeof(float)) == 0);
  // A mean near 2^31 has a last digit of 5e-7, beside deviations of about 1.
  for (std::size_t i = 0; i < size; ++i) CHECK(found[i] == Approx(expected[i]).margin(1e-4));
}
