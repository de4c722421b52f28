// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <vector>

#include "runtime/edge/qmtl_edge_tasks.h"

namespace {

struct TaskCase {
  const char* name;
  std::uint32_t kind;
  std::vector<float> logits;
};

const std::vector<TaskCase> task_cases{
    {"binary, negative", QMTL_EDGE_BINARY, {-0.5f}},
    {"binary, positive", QMTL_EDGE_BINARY, {2.0f}},
    {"multilabel", QMTL_EDGE_MULTILABEL, {-3.0f, 0.0f, 5.0f}},
    {"multiclass", QMTL_EDGE_MULTICLASS, {1.0f, -2.0f, 80.0f, 79.0f}},
    {"regression", QMTL_EDGE_REGRESSION, {7.5f, -1.0f}},
};

double expected_probability(const TaskCase& given, std::size_t i) {
  const double logit = static_cast<double>(given.logits[i]);
  if (given.kind == QMTL_EDGE_REGRESSION) return logit;
  if (given.kind != QMTL_EDGE_MULTICLASS) return 1.0 / (1.0 + std::exp(-logit));
  double sum = 0.0;
  for (float other : given.logits) sum += std::exp(static_cast<double>(other) - logit);
  return 1.0 / sum;
}

}  // namespace

// Each array is as long as what is read, so that the address sanitizer sees a step beside it.
TEST_CASE("probabilities are made of a task's own logits alone", "[tasks]") {
  for (const TaskCase& given : task_cases) {
    INFO(given.name);
    const std::size_t count = given.logits.size();
    const std::unique_ptr<float[]> y(new float[count]);
    std::copy(given.logits.begin(), given.logits.end(), y.get());
    const qmtl_edge_item task{"t", given.kind, 0, static_cast<std::uint32_t>(count)};
    const std::uint32_t predicted = qmtl_edge_class(&task, y.get());
    if (given.kind == QMTL_EDGE_BINARY) CHECK(predicted == (given.logits[0] > 0.0f));
    if (given.kind == QMTL_EDGE_MULTICLASS) CHECK(predicted == 2);
    qmtl_edge_probabilities(&task, y.get());
    // A handful of roundings of single precision.
    for (std::size_t i = 0; i < count; ++i) {
      INFO("output " << i);
      CHECK(std::abs(static_cast<double>(y[i]) - expected_probability(given, i)) < 1e-6);
    }
  }
}
