// SPDX-License-Identifier: Apache-2.0
// What a model takes from its data: statistics of inputs and labels, weights of classes; and data that it
// refuses.
#include <catch2/catch.hpp>
#include <cmath>

#include "resolve_case.h"
#include "runtime/base/error.h"
#include "runtime/train/learner.h"
#include "runtime/train/validation.h"
#include "toy.h"

using namespace qmtl;

TEST_CASE("data that does not fit the model is an error that names the place", "[train]") {
  const Dataset good = toy::dataset(30);
  const Config config = toy::config("linear", good);
  const auto message = [&](auto change, Config used) {
    Dataset data = good;
    change(data);
    try {
      make_learner(used.model, used.train, data, standardise(good, config.model));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const auto nothing = [](Dataset&) {};
  CHECK(message(nothing, config) == "no error");
  CHECK_THAT(message([](Dataset& d) { d.inputs[0].values[3 * 7 + 2] = NAN; }, config),
             Catch::Contains("input 'a', sample 7, column 2"));
  CHECK_THAT(message([](Dataset& d) { d.inputs[1].values[0] = INFINITY; }, config),
             Catch::Contains("input 'b'"));
  CHECK_THAT(message([](Dataset& d) { d.inputs.pop_back(); }, config), Catch::Contains("no such input"));
  CHECK_THAT(message([](Dataset& d) { d.inputs[0].width = 4; }, config), Catch::Contains("expects 3"));
  CHECK_THAT(message([](Dataset& d) { d.tasks[1].labels[2] = 3; }, config),
             Catch::Contains("task 'sector', sample 2") && Catch::Contains("0 .. 2"));
  CHECK_THAT(message([](Dataset& d) { d.tasks[0].labels[2] = 0.5f; }, config),
             Catch::Contains("task 'sign'"));
  CHECK_THAT(message([](Dataset& d) { d.tasks[3].labels[2] = INFINITY; }, config),
             Catch::Contains("infinite"));
  CHECK_THAT(
      message([](Dataset& d) { std::fill(d.tasks[3].labels.begin(), d.tasks[3].labels.end(), NAN); }, config),
      Catch::Contains("'height'") && Catch::Contains("no labelled training sample"));
  CHECK_THAT(message([](Dataset& d) { d.tasks[1].classes = 4; }, config), Catch::Contains("'sector'"));
  CHECK(message([](Dataset& d) { d.tasks.clear(); }, config) == "no error");  // inputs alone can be predicted
  Config odd = config;
  odd.train.shard = 24;
  CHECK_THAT(message(nothing, odd), Catch::Contains("distributed.shard") && Catch::Contains("16"));
  odd = config;
  odd.train.task_groups = 5;
  CHECK_THAT(message(nothing, odd), Catch::Contains("distributed.task_groups") && Catch::Contains("1 .. 4"));
  odd = config;
  odd.model.precision = "half";
  CHECK_THAT(message(nothing, odd), Catch::Contains("precision") && Catch::Contains("half"));
}

TEST_CASE("standardisation uses the training split and leaves constants alone", "[train]") {
  Dataset data = toy::dataset(30);
  const Config config = toy::config("linear", data);
  for (std::size_t i = 0; i < 30; ++i) data.inputs[1].values[2 * i] = 0.1f;
  double sum = 0, count = 0, squares = 0;
  for (std::size_t row : data.rows(Split::train)) sum += data.inputs[0].values[row * 3 + 1], count += 1;
  for (std::size_t row : data.rows(Split::train))
    squares += std::pow(data.inputs[0].values[row * 3 + 1] - sum / count, 2);
  const auto statistics = standardise(data, config.model);
  REQUIRE(statistics.inputs.size() == 2);
  CHECK(statistics.inputs[0].input == "a");
  CHECK(statistics.inputs[0].mean[1] == Approx(sum / count).epsilon(1e-14));
  CHECK(statistics.inputs[0].deviation[1] == Approx(std::sqrt(squares / count)).epsilon(1e-14));
  CHECK(statistics.inputs[1].deviation[0] == 1.0);
  REQUIRE(statistics.labels.size() == 1);
  CHECK(statistics.labels[0].task == "height");
}

TEST_CASE("a bounded regression predicts between its bounds, in the unit of its labels", "[train]") {
  const Dataset data = toy::dataset(48);
  TaskSpec height;
  height.name = "height";
  height.output.form = OutputForm::tanh;
  height.output.range = {-20.0, 30.0};
  const auto made = [&](const std::string& head) {
    Config config = toy::config(head, data);
    config.model.tasks = {height};
    resolve(config, data);
    return config;
  };
  const auto labels = [&](const Config& config) {
    const std::vector<LabelStatistics> all = standardise(data, config.model).labels;
    REQUIRE(all.size() == 1);
    return all.front();
  };
  const Config config = made("qmtl");
  CHECK(labels(config).mean == 0.0);
  CHECK(labels(config).deviation == 1.0);
  // Heads without output maps take none, and standardise as ever.
  CHECK(labels(made("linear")).deviation > 1.0);
  const auto learner = make_learner(config.model, config.train, data, standardise(data, config.model));
  std::vector<double> params = learner->initial(3);
  for (double& param : params) param *= 50.0;  // logits far beyond the bounds, if these were not there
  learner->bind(params);
  std::vector<float> logits(static_cast<std::size_t>(learner->outputs()));
  const std::size_t column = task_columns(config.model)[3];
  for (std::size_t row = 0; row < data.samples; ++row) {
    learner->predict(std::vector<std::size_t>{row}, logits);
    CHECK((logits[column] >= -20.0f && logits[column] <= 30.0f));
  }
  height.output.range = {0.0, 1.0};
  CHECK_THROWS_WITH(make_learner(made("qmtl").model, config.train, data, {}),
                    Catch::Contains("task.height.range: the output stays between 0 and 1, but sample ") &&
                        Catch::Contains("widen the range"));
  height.output.form = OutputForm::raw;
  CHECK_THROWS_WITH(made("qmtl"), Catch::Contains("task.height.range: belongs to output = \"tanh\""));
}

TEST_CASE("the pixels of an image's channel share their statistics", "[train]") {
  Dataset data = binary_tasks(1);
  Config config = blank();
  resolve(config, data);
  for (std::size_t i = 0; i < data.inputs[0].values.size(); ++i)
    data.inputs[0].values[i] = static_cast<float>(i % 64 < 32 ? i % 5 : 100 + i % 3);
  struct Row {
    std::vector<std::size_t> shape;
    bool channels_agree, pixels_agree;
  };
  for (const Row& row : {Row{{64}, false, false}, Row{{2, 4, 8}, false, true}, Row{{8, 8}, true, true}}) {
    data.inputs[0].shape = row.shape;
    const Standardisation found = standardise(data, config.model).inputs[0];
    INFO(row.shape.size() << " dimensions");
    REQUIRE(found.mean.size() == 64);
    CHECK((found.mean[0] == found.mean[1]) == row.pixels_agree);
    CHECK((found.deviation[40] == found.deviation[41]) == row.pixels_agree);
    CHECK((found.mean[31] == found.mean[32]) == row.channels_agree);
  }
}

TEST_CASE("balanced class weights make every class weigh the same in the training split", "[train]") {
  const Dataset data = toy::dataset(90);
  Config config = blank();
  for (const char* name : {"sign", "sector", "tags"}) {
    config.model.tasks.emplace_back().name = name;
    config.model.tasks.back().balance_classes = true;
  }
  resolve(config, data);
  for (std::size_t t = 0; t < 3; ++t) {
    const Task& task = data.tasks[t];
    const TaskSpec& spec = config.model.tasks[t];
    INFO(task.name);
    CHECK_FALSE(spec.balance_classes);
    REQUIRE(spec.class_weights.size() == (t == 1 ? 3u : 2u));
    std::vector<double> total(spec.class_weights.size(), 0.0);
    double labels = 0;
    for (std::size_t row : data.rows(Split::train))
      for (std::size_t c = 0; c < task.columns; ++c) {
        const float label = task.labels[row * task.columns + c];
        if (std::isnan(label)) continue;
        total[static_cast<std::size_t>(label)] += spec.class_weights[static_cast<std::size_t>(label)];
        labels += 1;
      }
    for (double weight : total)
      CHECK(weight == Approx(labels / static_cast<double>(total.size())).epsilon(1e-13));
  }
  Config again = config;
  resolve(again, data);
  CHECK(again.model == config.model);

  Dataset lopsided = data;
  for (float& label : lopsided.tasks[1].labels)
    if (label == 2.0f) label = 0.0f;
  config.model.tasks[1].balance_classes = true;
  resolve(config, lopsided);
  CHECK(config.model.tasks[1].class_weights[2] == 1.0);  // no label of it, so no say
  config.model.tasks[3].balance_classes = true;
  CHECK_THROWS_WITH(resolve(config, data), Catch::Contains("task.height.class_weights"));
}
