// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "runtime/train/subsets.h"
#include "toy.h"

using namespace qmtl;

namespace {

/// One multiclass task of `classes` classes, sample i of class i mod classes.
Dataset classed(int classes, std::size_t samples) {
  Dataset data = toy::dataset(samples);
  Task task{"class", TaskKind::multiclass, classes, "accuracy", 1, {}};
  for (std::size_t i = 0; i < samples; ++i)
    task.labels.push_back(static_cast<float>(i % static_cast<std::size_t>(classes)));
  data.tasks = {task};
  return data;
}

}  // namespace

TEST_CASE("ten classes make 511 distinct subset tasks, none constant, none another's complement",
          "[subsets]") {
  REQUIRE(subset_tasks(10) == 511);
  const Dataset data = class_subsets(classed(10, 40), 511, 1);
  REQUIRE(data.tasks.size() == 511);
  std::set<unsigned> seen;
  for (const Task& task : data.tasks) {
    unsigned subset = 0;
    for (unsigned c = 0; c < 10; ++c) subset |= static_cast<unsigned>(task.labels[c]) << c;
    for (std::size_t i = 0; i < 40; ++i)
      REQUIRE(task.labels[i] == static_cast<float>(subset >> (i % 10) & 1));
    CHECK((subset != 0 && subset != 1023));
    CHECK(seen.insert(std::min(subset, 1023 - subset)).second);
  }
}

TEST_CASE("one-vs-rest tasks give the same subsets as the multiclass task", "[subsets]") {
  const Dataset multiclass = classed(5, 30);
  Dataset binary = multiclass;
  binary.tasks.clear();
  for (int c = 0; c < 5; ++c) {
    Task task{"is" + std::to_string(c), TaskKind::binary, 2, "f1", 1, {}};
    for (const float label : multiclass.tasks[0].labels)
      task.labels.push_back(label == static_cast<float>(c));
    binary.tasks.push_back(task);
  }
  const Dataset a = class_subsets(multiclass, 20, 3), b = class_subsets(binary, 20, 3);
  for (std::size_t t = 0; t < 20; ++t) CHECK(a.tasks[t].labels == b.tasks[t].labels);
  // 2^4 - 1 = 15 are distinct, then they begin again; another seed gives another order.
  CHECK(a.tasks[15].labels == a.tasks[0].labels);
  const Dataset other = class_subsets(multiclass, 15, 4);
  bool different = false;
  for (std::size_t t = 0; t < 15; ++t) different = different || other.tasks[t].labels != a.tasks[t].labels;
  CHECK(different);
}

TEST_CASE("data without classes are refused", "[subsets]") {
  Dataset data = toy::dataset(20);
  CHECK_THROWS_WITH(class_subsets(data, 4, 1), Catch::Contains("no label for sample"));
  data = classed(5, 30);
  data.tasks[0].kind = TaskKind::regression;
  CHECK_THROWS_WITH(class_subsets(data, 4, 1), Catch::Contains("one multiclass task"));
}
