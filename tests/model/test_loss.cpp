// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "differences.h"
#include "runtime/base/error.h"
#include "runtime/model/loss.h"

using namespace qmtl;

namespace {

constexpr float missing = std::numeric_limits<float>::quiet_NaN();

TaskSpec task(const std::string& kind, int outputs, std::vector<double> class_weights = {}) {
  TaskSpec spec;
  spec.name = "t";
  spec.kind = kind;
  spec.outputs = outputs;
  spec.classes = kind == "multiclass" ? outputs : 2;
  spec.class_weights = std::move(class_weights);
  return spec;
}

struct Case {
  std::string name;
  TaskSpec spec;
  LabelScale scale;
  std::vector<float> labels;
  std::vector<double> logits;
  double expected;  ///< by hand
};

double log1pexp(double x) { return std::log1p(std::exp(x)); }

const std::vector<Case> cases{
    {"binary, positive", task("binary", 1), {}, {1}, {0.7}, log1pexp(-0.7)},
    {"binary, negative", task("binary", 1), {}, {0}, {0.7}, log1pexp(0.7)},
    {"binary, weighted", task("binary", 1, {0.5, 3}), {}, {1}, {-2.0}, 3 * log1pexp(2.0)},
    {"multilabel with a gap",
     task("multilabel", 3),
     {},
     {1, missing, 0},
     {0.3, 5, -1},
     log1pexp(-0.3) + log1pexp(-1)},
    {"multiclass",
     task("multiclass", 3),
     {},
     {2},
     {0.1, 0.4, -0.2},
     std::log(std::exp(0.3) + std::exp(0.6) + 1)},
    {"multiclass, weighted",
     task("multiclass", 3, {1, 2, 5}),
     {},
     {1},
     {0.1, 0.4, -0.2},
     2 * std::log(std::exp(-0.3) + 1 + std::exp(-0.6))},
    {"regression", task("regression", 1), {3, 2}, {8}, {1.25}, 1.5625},
    {"missing", task("binary", 1), {}, {missing}, {0.7}, 0},
    {"missing class", task("multiclass", 3), {}, {missing}, {0.1, 0.4, -0.2}, 0},
    {"missing value", task("regression", 1), {}, {missing}, {4}, 0},
};

}  // namespace

TEST_CASE("logistic losses side by side are those of each task", "[model]") {
  const std::vector<TaskSpec> tasks{task("binary", 1), task("binary", 1, {0.5, 3}), task("binary", 1)};
  const std::vector<float> labels{1, 0, missing, 0, 1, 1, missing, missing, 0, 1, 1, 0};
  std::vector<double> logits;
  for (int i = 0; i < 12; ++i) logits.push_back(3.0 * std::sin(1.3 * i));
  const auto all = LogisticTasks::of(tasks);
  REQUIRE(all);
  std::vector<double> gradient(12), sums(3);
  (*all)(labels, logits, gradient, sums);
  for (std::size_t t = 0; t < 3; ++t) {
    std::vector<float> own_labels;
    std::vector<double> own_logits, own_gradient(4), found;
    for (std::size_t i = t; i < 12; i += 3) {
      own_labels.push_back(labels[i]);
      own_logits.push_back(logits[i]);
      found.push_back(gradient[i]);
    }
    CHECK((*make_loss(tasks[t]))(own_labels, own_logits, own_gradient) == sums[t]);
    CHECK(own_gradient == found);
  }
  CHECK_FALSE(LogisticTasks::of(std::vector<TaskSpec>{task("binary", 1), task("multilabel", 3)}));
  CHECK_FALSE(LogisticTasks::of(std::vector<TaskSpec>{task("binary", 1), task("regression", 1)}));
}

TEST_CASE("losses have their values and the gradients of central differences", "[model]") {
  for (const Case& c : cases) {
    INFO(c.name);
    const auto loss = make_loss(c.spec, c.scale);
    std::vector<double> gradient(c.logits.size(), 99.0);
    // A few roundings on either side.
    CHECK((*loss)(c.labels, c.logits, gradient) == Approx(c.expected).epsilon(4e-15));
    std::vector<double> unused(c.logits.size());
    const auto value = [&](const std::vector<double>& at) { return (*loss)(c.labels, at, unused); };
    CHECK(largest_deviation(gradient, differences(value, c.logits)) < difference_tolerance);
  }
}

TEST_CASE("the loss of several samples is the sum of theirs, and each has its own gradient", "[model]") {
  struct Samples {
    TaskSpec spec;
    std::vector<float> labels;
  };
  const std::vector<Samples> several{
      {task("binary", 1, {0.5, 3}), {1, missing, 0, 1, 0}},
      {task("multilabel", 3), {1, missing, 0, 0, 1, 1, missing, missing, missing, 0, 0, 0, 1, 1, 1}},
      {task("multiclass", 3), {2, 0, missing, 1, 1}},
      {task("regression", 1), {2.5f, missing, -1, 0, 4}},
  };
  for (const Samples& c : several) {
    INFO(c.spec.kind);
    const std::size_t samples = 5, columns = c.labels.size() / samples;
    const auto outputs = static_cast<std::size_t>(c.spec.outputs);
    std::vector<double> logits;
    for (std::size_t i = 0; i < samples * outputs; ++i) logits.push_back(3 * std::sin(1.0 + 2.3 * double(i)));
    const auto loss = make_loss(c.spec);
    std::vector<double> gradient(logits.size(), 99.0), alone(outputs);
    const double together = (*loss)(c.labels, logits, gradient);
    double sum = 0;
    for (std::size_t i = 0; i < samples; ++i) {
      sum += (*loss)(std::span(c.labels).subspan(i * columns, columns),
                     std::span(logits).subspan(i * outputs, outputs), alone);
      for (std::size_t o = 0; o < outputs; ++o) CHECK(gradient[i * outputs + o] == alone[o]);
    }
    CHECK(together == sum);
  }
}

TEST_CASE("losses stay finite for huge logits", "[model]") {
  std::vector<double> gradient(3);
  const std::vector<float> one{1, 1, 1};
  const std::vector<double> huge{-1e4, 1e4, 1e5};
  CHECK((*make_loss(task("multilabel", 3)))(one, huge, gradient) == 1e4);
  for (double g : gradient) CHECK(std::isfinite(g));
  const std::vector<float> second{1};
  CHECK((*make_loss(task("multiclass", 3)))(second, huge, gradient) == 9e4);
  for (double g : gradient) CHECK(std::isfinite(g));
}

TEST_CASE("a task's loss is the one it names, and one that does not suit it is an error", "[model]") {
  for (const LossInfo& row : loss_table())
    for (TaskKind kind : row.kinds) {
      TaskSpec named = task(std::string(name(kind)), kind == TaskKind::multiclass ? 3 : 1);
      named.loss = row.name;
      CHECK(&loss_info(named) == &row);
    }
  TaskSpec wrong = task("binary", 1);
  wrong.loss = "logisti";
  CHECK_THROWS_WITH(make_loss(wrong), Catch::Contains("task.t.loss: 'logisti'") &&
                                          Catch::Contains("one of logistic (the nearest is logistic)"));
  wrong.loss = "squared_error";
  CHECK_THROWS_WITH(make_loss(wrong), Catch::Contains("binary"));
}

TEST_CASE("class weights that do not fit are errors", "[model]") {
  CHECK_THROWS_WITH(make_loss(task("binary", 1, {1, 2, 3})),
                    Catch::Contains("task.t.class_weights") && Catch::Contains("expected 2"));
  CHECK_THROWS_WITH(make_loss(task("multiclass", 3, {1, 2})), Catch::Contains("expected 3"));
  CHECK_THROWS_WITH(make_loss(task("regression", 1, {1})), Catch::Contains("expected 0"));
  CHECK_THROWS_AS(make_loss(task("binary", 1, {1, -2})), Error);
}
