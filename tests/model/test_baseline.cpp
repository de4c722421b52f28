// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "reference_metrics.h"
#include "runtime/base/philox.h"
#include "runtime/model/baseline.h"
#include "runtime/model/metrics.h"

using namespace qmtl;

namespace {

constexpr float missing = std::numeric_limits<float>::quiet_NaN();

Task make_task(TaskKind kind, std::vector<float> labels, std::size_t columns = 1, int classes = 2) {
  Task task;
  task.name = "t";
  task.kind = kind;
  task.classes = classes;
  task.columns = columns;
  task.labels = std::move(labels);
  return task;
}

std::vector<std::size_t> all_rows(const Task& task) {
  std::vector<std::size_t> rows(task.labels.size() / task.columns);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

double of_answer(const Task& task, std::string_view metric) {
  return score_constant(task, metric, all_rows(task), constant_answer(task, metric, all_rows(task)));
}

std::vector<Task> sample_tasks() {
  std::vector<float> rare(60, 0.0f), gaps = binary_labels;
  for (std::size_t i = 0; i < 7; ++i) rare[8 * i] = 1.0f;
  gaps[2] = gaps[11] = missing;
  std::vector<float> skewed = regression_labels;
  skewed[5] = 90.0f;
  return {make_task(TaskKind::binary, binary_labels),
          make_task(TaskKind::binary, rare),
          make_task(TaskKind::binary, gaps),
          make_task(TaskKind::multiclass, multiclass_labels, 1, 4),
          make_task(TaskKind::multilabel, multilabel_labels, 3),
          make_task(TaskKind::regression, regression_labels),
          make_task(TaskKind::regression, skewed)};
}

/// Many constants, drawn over the range in which any good one must lie.
std::vector<std::vector<float>> other_answers(const Task& task) {
  const RandomStream stream(7, Purpose::initial);
  const auto outputs = static_cast<std::size_t>(task.outputs());
  std::vector<std::vector<float>> answers;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    std::vector<float>& answer = answers.emplace_back();
    for (std::uint32_t c = 0; c < outputs; ++c) {
      const double u = stream.uniform({i, c, 0, 0});
      answer.push_back(static_cast<float>(task.kind == TaskKind::regression ? 100 * u : 8 * u - 4));
    }
  }
  return answers;
}

}  // namespace

TEST_CASE("no other constant scores better on the labels that the answer was learnt from", "[model]") {
  for (const Task& task : sample_tasks())
    for (const MetricInfo& metric : metric_table()) {
      if (!metric.suits(task.kind)) continue;
      const double learnt = of_answer(task, metric.name);
      REQUIRE(std::isfinite(learnt));
      for (const std::vector<float>& answer : other_answers(task)) {
        const double other = score_constant(task, metric.name, all_rows(task), answer);
        // The best constant is rounded to float, where the score is flat: the square of 2^-24 of a label
        // of 90.
        const double slack = 1e-9;
        INFO(name(task.kind) << " " << metric.name << ": " << learnt << " against " << other);
        CHECK((metric.higher_is_better ? other <= learnt + slack : other >= learnt - slack));
      }
    }
}

TEST_CASE("constant answers of small tasks are those found by hand", "[model]") {
  const Task three_of_ten = make_task(TaskKind::binary, {1, 0, 0, 1, 0, 0, 0, 0, 1, 0});
  const struct {
    Task task;
    std::string_view metric;
    double value;
  } cases[] = {
      {three_of_ten, "accuracy", 0.7},
      {three_of_ten, "balanced_accuracy", 0.5},
      {three_of_ten, "f1", 2 * 0.3 / 1.3},          // always 1
      {three_of_ten, "macro_f1", 0.5 * 1.4 / 1.7},  // always 0
      {three_of_ten, "mcc", 0.0},
      {three_of_ten, "auc", 0.5},
      {three_of_ten, "log_loss", -0.3 * std::log(0.3) - 0.7 * std::log(0.7)},
      {make_task(TaskKind::regression, {0, 0, 0, 8}), "rmse", std::sqrt((3 * 4.0 + 36.0) / 4)},
      {make_task(TaskKind::regression, {0, 0, 0, 8}), "mae", 2.0},
      {make_task(TaskKind::regression, {0, 0, 0, 8}), "r2", 0.0},
      {make_task(TaskKind::regression, {0, 0, 0, 8}), "pearson", 0.0},
      // A class that never occurs counts as half a label: 3 log(4/3) + log(4) over four labels.
      {make_task(TaskKind::multiclass, {0, 0, 2, 0}, 1, 3), "log_loss",
       (std::log(1 + 0.125) + 0.75 * std::log(4.0 / 3) + 0.25 * std::log(4.0))},
      {make_task(TaskKind::multiclass, {0, 0, 2, 0}, 1, 3), "accuracy", 0.75},
      // Columns with one and with three of four: each has its own answer.
      {make_task(TaskKind::multilabel, {1, 1, 0, 1, 0, 1, 0, 0}, 2), "accuracy", 0.75},
  };
  for (const auto& c : cases) {
    INFO(name(c.task.kind) << " " << c.metric);
    // Logits of the shares are rounded to float.
    CHECK(of_answer(c.task, c.metric) == Approx(c.value).epsilon(1e-7).margin(1e-12));
  }
}

TEST_CASE("a constant answer is learnt from the rows it is given and scored on others", "[model]") {
  const Task task = make_task(TaskKind::binary, {1, 1, 0, 0, 0, 0, missing});
  const std::vector<std::size_t> training{0, 1, 2}, test{3, 4, 5, 6};
  const std::vector<float> answer = constant_answer(task, "accuracy", training);
  CHECK(score_constant(task, "accuracy", test, answer) == 0.0);
  CHECK(score_constant(task, "accuracy", training, answer) == Approx(2.0 / 3));
  CHECK(constant_answer(task, "accuracy", std::vector<std::size_t>{6}).empty());
  CHECK(std::isnan(score_constant(task, "accuracy", test, {})));
}

TEST_CASE("of one-vs-rest tasks the constant answer is the most frequent one", "[model]") {
  Dataset data;
  data.samples = 6;
  ModelSpec spec;
  const std::vector<std::vector<float>> labels{{1, 0, 0, 0, 0, 1}, {0, 1, 1, 1, 0, 0}, {0, 0, 0, 0, 1, 0}};
  for (std::size_t t = 0; t < 3; ++t) {
    data.tasks.push_back(make_task(TaskKind::binary, labels[t]));
    data.tasks.back().name = "class" + std::to_string(t);
    TaskSpec& wanted = spec.tasks.emplace_back();
    wanted.name = data.tasks.back().name;
    wanted.kind = "binary";
    wanted.metric = "accuracy";
  }
  const std::vector<std::size_t> training{0, 1, 2, 3}, test{3, 4, 5};
  CHECK(constant_argmax_accuracy(data, training, data, test, spec) == Approx(1.0 / 3));
  CHECK(constant_argmax_accuracy(data, test, data, training, spec).has_value());
  data.tasks[1].kind = TaskKind::regression;
  spec.tasks[1].kind = "regression";
  CHECK_FALSE(constant_argmax_accuracy(data, training, data, test, spec).has_value());
}
