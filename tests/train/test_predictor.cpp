// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstring>

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
  for (const char* head : {"qmtl", "hybrid", "separate", "linear", "mlp", "local"})
    for (const char* precision : {"float", "double"})
      for (int shots : {0, 100}) {
        INFO(head << ", " << precision << ", " << shots << " shots");
        const Trained trained(head, precision, shots);
        const auto predictor = make_predictor(trained.model);
        const std::size_t first = 5, rows = 71, columns = predictor->outputs();
        std::vector<float> expected(rows * columns), found(rows * columns);
        trained.learner->predict(toy::range(first, first + rows), expected.data());
        predictor->predict(rows, trained.inputs(first, rows), found.data());
        CHECK(std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) == 0);
      }
}

TEST_CASE("a predictor refuses tensors and inputs that are not the model's", "[train]") {
  const Trained trained("qmtl");
  const auto predictor = make_predictor(trained.model);
  std::vector<float> logits(10 * predictor->outputs());
  auto inputs = trained.inputs(0, 10);
  CHECK_THROWS_WITH(predictor->predict(9, inputs, logits.data()),
                    Catch::Contains("input 'a'") && Catch::Contains("9 rows"));
  inputs.pop_back();
  CHECK_THROWS_WITH(predictor->predict(10, inputs, logits.data()), Catch::Contains("found 1"));
  TrainedModel other = trained.model;
  other.tensors.back().name = "head.other";
  CHECK_THROWS_WITH(make_predictor(other), Catch::Contains("another program version"));
  CHECK_THROWS_WITH(other.tensor("head.bias.no"), Catch::Contains("no tensor 'head.bias.no'"));
}
