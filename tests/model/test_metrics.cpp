// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "reference_metrics.h"
#include "runtime/base/error.h"
#include "runtime/model/metrics.h"

using namespace qmtl;

namespace {

constexpr float missing = std::numeric_limits<float>::quiet_NaN();

Task make_task(TaskKind kind, const std::vector<float>& labels, std::size_t columns = 1, int classes = 2) {
  Task task;
  task.name = "t";
  task.kind = kind;
  task.classes = classes;
  task.columns = columns;
  task.labels = labels;
  return task;
}

std::vector<std::size_t> all_rows(const Task& task) {
  std::vector<std::size_t> rows(task.labels.size() / task.columns);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

double score_all(const Task& task, std::string_view metric, const std::vector<float>& logits) {
  const auto outputs = static_cast<std::size_t>(task.outputs());
  return score(task, metric, all_rows(task), logits, outputs, 0);
}

void compare(const Task& task, const std::vector<float>& logits,
             const std::vector<ReferenceScore>& expected) {
  for (const ReferenceScore& row : expected) {
    INFO(name(task.kind) << " " << row.metric);
    // Both sum some fifty terms in double, in different orders: 50 * 2^-53 with room for the functions
    // inside.
    CHECK(score_all(task, row.metric, logits) == Approx(row.value).epsilon(1e-13).margin(1e-14));
  }
}

}  // namespace

TEST_CASE("metrics agree with scikit-learn and scipy", "[model]") {
  compare(make_task(TaskKind::binary, binary_labels), binary_logits, binary_scores);
  compare(make_task(TaskKind::multiclass, multiclass_labels, 1, 4), multiclass_logits, multiclass_scores);
  compare(make_task(TaskKind::regression, regression_labels), regression_outputs, regression_scores);
  compare(make_task(TaskKind::multilabel, multilabel_labels, 3), multilabel_logits, multilabel_scores);
}

TEST_CASE("missing labels leave the score as if their samples were not there", "[model]") {
  for (const MetricInfo& metric : metric_table()) {
    const bool regression = metric.suits(TaskKind::regression);
    std::vector<float> labels = regression ? regression_labels : binary_labels;
    std::vector<float> logits = regression ? regression_outputs : binary_logits;
    const TaskKind kind = regression ? TaskKind::regression : TaskKind::binary;
    const double expected = score_all(make_task(kind, labels), metric.name, logits);
    labels.insert(labels.begin() + 3, missing);
    logits.insert(logits.begin() + 3, 17.0f);
    labels.push_back(missing);
    logits.push_back(-17.0f);
    INFO(metric.name);
    CHECK(score_all(make_task(kind, labels), metric.name, logits) == expected);
  }
}

TEST_CASE("scores read the rows and columns they are given", "[model]") {
  const Task task = make_task(TaskKind::binary, {0, 1, 1, 0});
  const std::vector<std::size_t> rows{3, 1};
  const std::vector<float> logits{9, -1, 9, 9, 2, 9};  // two rows of stride 3, the task's column is 1
  CHECK(score(task, "accuracy", rows, logits, 3, 1) == 1.0);
  CHECK(score(task, "accuracy", rows, logits, 3, 0) == 0.5);
}

TEST_CASE("undefined scores are NaN", "[model]") {
  const std::vector<float> logits{1, -1, 2};
  const Task ones = make_task(TaskKind::binary, {1, 1, 1});
  CHECK(std::isnan(score_all(ones, "auc", logits)));
  CHECK(std::isnan(score_all(ones, "mcc", logits)));
  const Task none = make_task(TaskKind::binary, {missing, missing, missing});
  for (const MetricInfo& metric : metric_table()) {
    INFO(metric.name);
    if (!metric.suits(TaskKind::regression)) CHECK(std::isnan(score_all(none, metric.name, logits)));
  }
  const Task zeros = make_task(TaskKind::binary, {0, 0, 0});
  CHECK(std::isnan(score_all(zeros, "f1", {-1, -1, -1})));
  CHECK(std::isnan(score_all(zeros, "f1", {1, -1, -1})));
  const Task constant = make_task(TaskKind::regression, {2, 2, 2});
  CHECK(std::isnan(score_all(constant, "pearson", logits)));
  CHECK(std::isnan(score_all(constant, "r2", logits)));
  CHECK(std::isnan(score_all(make_task(TaskKind::binary, {0, 1, 0}), "auc", {1, missing, 2})));
}

TEST_CASE("a constant prediction has no correlation with labels of two classes", "[model]") {
  CHECK(score_all(make_task(TaskKind::binary, {0, 1, 1}), "mcc", {1, 1, 1}) == 0.0);
}

TEST_CASE("a metric that does not suit the task is an error that lists the choices", "[model]") {
  const Task task = make_task(TaskKind::regression, {1, 2});
  const std::vector<float> logits{1, 2};
  CHECK_THROWS_WITH(score_all(task, "f1", logits),
                    Catch::Contains("task.t.metric") && Catch::Contains("'f1'") &&
                        Catch::Contains("regression") && Catch::Contains("rmse"));
  CHECK_THROWS_WITH(metric_info("F1"), Catch::Contains("'F1'") && Catch::Contains("macro_f1"));
  for (TaskKind kind : {TaskKind::binary, TaskKind::multiclass, TaskKind::multilabel, TaskKind::regression})
    CHECK_NOTHROW(check_metric("t", kind, default_metric(kind)));
}

namespace {

/// Three one-vs-rest tasks over four samples.
struct OneVsRest {
  Dataset data;
  ModelSpec spec;
  OneVsRest() {
    data.samples = 4;
    const std::vector<std::vector<float>> labels{{1, 0, 0, 0}, {0, 1, 0, 1}, {0, 0, 1, 0}};
    for (std::size_t t = 0; t < 3; ++t) {
      Task task = make_task(TaskKind::binary, labels[t]);
      task.name = "class" + std::to_string(t);
      data.tasks.push_back(task);
      TaskSpec wanted;
      wanted.name = task.name;
      wanted.kind = "binary";
      wanted.metric = "accuracy";
      spec.tasks.push_back(wanted);
    }
  }
};

}  // namespace

TEST_CASE("argmax accuracy counts the rows whose largest logit is the positive task's", "[model]") {
  OneVsRest set;
  const std::vector<std::size_t> rows{0, 1, 3};
  const std::vector<float> logits{-1, -2, -3, 5, 4, 6, 0, 1, -1};
  const auto accuracy = argmax_accuracy(set.data, set.spec, rows, logits);
  REQUIRE(accuracy.has_value());
  CHECK(*accuracy == Approx(2.0 / 3.0).epsilon(1e-15));
  set.data.tasks[0].labels[3] = 1;  // two positives on a row
  CHECK_FALSE(argmax_accuracy(set.data, set.spec, rows, logits).has_value());
  set.data.tasks[0].labels[3] = missing;
  CHECK_FALSE(argmax_accuracy(set.data, set.spec, rows, logits).has_value());
}

TEST_CASE("the mean score negates what is better when lower and leaves undefined scores out", "[model]") {
  OneVsRest set;
  set.spec.tasks[1].metric = "log_loss";
  CHECK(mean_score(set.spec, std::vector<double>{0.5, 0.25, 1.0}) ==
        Approx((0.5 - 0.25 + 1.0) / 3).epsilon(1e-15));
  CHECK(mean_score(set.spec, std::vector<double>{0.5, std::nan(""), 1.0}) == 0.75);
  CHECK(std::isnan(mean_score(set.spec, std::vector<double>(3, std::nan("")))));
  const std::vector<float> logits{1, -1, -1, -1, 1, -1, -1, -1, 1, -1, -1, -1};
  const std::vector<std::size_t> rows{0, 1, 2, 3};
  const std::vector<double> scores = evaluate(set.data, set.spec, rows, logits);
  REQUIRE(scores.size() == 3);
  CHECK(scores[0] == 1.0);
  CHECK(scores[2] == 1.0);
  CHECK(scores[1] ==
        Approx(std::log1p(std::exp(-1.0)) * 0.75 + 0.25 * std::log1p(std::exp(1.0))).epsilon(1e-14));
}
