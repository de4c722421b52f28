// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "reference_metrics.h"
#include "runtime/model/metrics.h"
#include "runtime/model/threshold.h"

using namespace qmtl;

namespace {

constexpr float missing = std::numeric_limits<float>::quiet_NaN();

struct Case {
  std::string what;
  std::vector<float> labels, logits;
};

std::vector<Case> cases() {
  std::vector<float> gaps = binary_labels, coarse = binary_logits;
  gaps[3] = gaps[17] = missing;
  for (float& logit : coarse) logit = std::round(logit);  // many ties, some of them at 0
  std::vector<float> shifted = binary_logits;
  for (float& logit : shifted) logit -= 5.0f;  // all are taken for class 0 at first
  return {{"plain", binary_labels, binary_logits},  {"missing labels", gaps, binary_logits},
          {"ties", binary_labels, coarse},          {"all below one half", binary_labels, shifted},
          {"one class", {1, 1, 1}, {-1, 0, 2}},     {"two rows", {0, 1}, {0.25f, 0.5f}},
          {"perfect", {0, 0, 1, 1}, {-2, -1, 1, 3}}};
}

Task task_of(const std::vector<float>& labels) {
  Task task;
  task.name = "t";
  task.labels = labels;
  return task;
}

double score_at(const Task& task, std::string_view metric, std::vector<float> logits, double threshold) {
  for (float& logit : logits) logit = static_cast<float>(static_cast<double>(logit) - threshold);
  std::vector<std::size_t> rows(task.labels.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return score(task, metric, rows, logits, 1, 0);
}

/// As the interface says it, with every threshold's score computed from scratch.
double slow_threshold(const Task& task, std::string_view metric, const std::vector<float>& logits) {
  std::vector<double> present{-1e9, 1e9}, tried{0.0};
  for (std::size_t i = 0; i < logits.size(); ++i)
    if (!std::isnan(task.labels[i])) present.push_back(logits[i]);
  std::sort(present.begin(), present.end());
  present.front() = present[1] - 2.0;
  present.back() = present[present.size() - 2] + 2.0;
  for (std::size_t i = 0; i + 1 < present.size(); ++i)
    if (present[i] < present[i + 1]) tried.push_back(0.5 * (present[i] + present[i + 1]));
  double best = 0.0, most = std::numeric_limits<double>::quiet_NaN();
  for (double one : tried) {
    const double value = score_at(task, metric, logits, one);
    if (std::isnan(value)) continue;
    if (std::isnan(most) || value > most || (value == most && std::abs(one) < std::abs(best))) {
      most = value;
      best = one;
    }
  }
  return best;
}

}  // namespace

TEST_CASE("the threshold is the best of all that tell the rows apart, of equals the closest to one half",
          "[model]") {
  for (const Case& c : cases())
    for (const std::string& metric : metrics_with_threshold()) {
      INFO(c.what << ", " << metric);
      const Task task = task_of(c.labels);
      std::vector<std::size_t> rows(c.labels.size());
      std::iota(rows.begin(), rows.end(), std::size_t{0});
      const std::vector<Threshold> found = choose_thresholds(task, metric, rows, c.logits, 1, 0);
      REQUIRE(found.size() == 1);
      const double slow = slow_threshold(task, metric, c.logits);
      CHECK(found[0].logit == slow);
      CHECK(found[0].probability() == Approx(1 / (1 + std::exp(-slow))).epsilon(1e-14));
      const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
      CHECK(same(found[0].score, score_at(task, metric, c.logits, slow)));
      CHECK(same(found[0].score_at_zero, score_at(task, metric, c.logits, 0.0)));
    }
}

TEST_CASE("every column of a multilabel task has a threshold of its own", "[model]") {
  Task task = task_of({0, 1, 1, 1, 1, 0});
  task.kind = TaskKind::multilabel;
  task.columns = 2;
  const std::vector<std::size_t> rows{0, 1, 2};
  // A task of one output stands in front of it.
  const std::vector<float> logits{7, -3, 1, 7, -2, 2, 7, -1, -1};
  const std::vector<Threshold> found = choose_thresholds(task, "accuracy", rows, logits, 3, 1);
  REQUIRE(found.size() == 2);
  CHECK(found[0].logit == -2.5);
  CHECK(found[0].score == 1.0);
  CHECK(found[1].logit == 0.0);
}

TEST_CASE("what has no threshold is an error that says what has one", "[model]") {
  Task task = task_of({0, 1});
  const std::vector<std::size_t> rows{0, 1};
  const std::vector<float> logits{-1, 1};
  CHECK_THROWS_WITH(choose_thresholds(task, "auc", rows, logits, 1, 0),
                    Catch::Contains("does not depend on a threshold") && Catch::Contains("macro_f1"));
  task.kind = TaskKind::regression;
  CHECK_THROWS_WITH(choose_thresholds(task, "accuracy", rows, logits, 1, 0), Catch::Contains("regression"));
  task.kind = TaskKind::binary;
  task.labels = {missing, missing};
  CHECK(choose_thresholds(task, "accuracy", rows, logits, 1, 0)[0].logit == 0.0);
}
