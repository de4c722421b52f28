// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/train/sampler.h"
#include "toy.h"

using namespace qmtl;

TEST_CASE("an epoch visits every labelled training row once", "[train]") {
  Dataset data = toy::dataset(60);
  const Config config = toy::config("linear", data);
  for (Task& task : data.tasks)
    for (std::size_t c = 0; c < task.columns; ++c) task.labels[4 * task.columns + c] = toy::missing;
  const std::vector<std::size_t> rows = training_rows(data, config.model);
  CHECK(rows.size() == 39);  // 60 less a third, less row 4
  CHECK(std::find(rows.begin(), rows.end(), 4u) == rows.end());
  CHECK(std::find(rows.begin(), rows.end(), 3u) == rows.end());

  TrainSpec train;
  train.batch = 16;
  train.seed = 8;
  const std::vector<std::size_t> order = epoch_order(rows, train.seed, 0);
  CHECK(order == epoch_order(rows, 8, 0));
  CHECK(order != epoch_order(rows, 8, 1));
  CHECK(order != epoch_order(rows, 9, 0));
  REQUIRE(steps_per_epoch(rows.size(), train.batch) == 3);
  std::vector<std::size_t> seen;
  for (int s = 0; s < 3; ++s) {
    const StepBatch batch = Batches(data, config.model, train).make(order, s, 100 + s);
    CHECK(batch.step == 100 + s);
    CHECK(batch.seed == 8);
    CHECK(batch.rows.size() == (s < 2 ? 16 : 7));
    CHECK(batch.label_counts == toy::batch(data, config.model, batch.rows).label_counts);
    seen.insert(seen.end(), batch.rows.begin(), batch.rows.end());
  }
  std::sort(seen.begin(), seen.end());
  CHECK(seen == rows);
}

TEST_CASE("a training split without labels is an error", "[train]") {
  Dataset data = toy::dataset(30);
  const Config config = toy::config("linear", data);
  for (Task& task : data.tasks) std::fill(task.labels.begin(), task.labels.end(), toy::missing);
  CHECK_THROWS_WITH(training_rows(data, config.model), Catch::Contains("no sample with a label"));
}
