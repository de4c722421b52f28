// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "runtime/base/error.h"
#include "runtime/train/epoch.h"
#include "runtime/train/sampler.h"
#include "toy.h"

using namespace qmtl;

namespace {

/// Row r keeps the labels of task r * r mod tasks alone: tasks of different sizes.
Dataset one_label_each(std::size_t samples) {
  Dataset data = toy::dataset(samples);
  for (std::size_t t = 0; t < data.tasks.size(); ++t)
    for (std::size_t row = 0; row < samples; ++row)
      if (row * row % data.tasks.size() != t)
        for (std::size_t c = 0; c < data.tasks[t].columns; ++c)
          data.tasks[t].labels[row * data.tasks[t].columns + c] = toy::missing;
  return data;
}

}  // namespace

TEST_CASE("batches of one task visit every row once and are shuffled together", "[train]") {
  const Dataset data = one_label_each(240);
  const Config config = toy::config("linear", data);
  const std::vector<std::size_t> rows = training_rows(data, config.model);
  TrainSpec train;
  train.batch = 8;
  train.batches = BatchKind::task;
  const Epochs epochs(rows, data, config.model, train);
  const EpochRows first = epochs.rows_of(0), second = epochs.rows_of(1);
  REQUIRE(first.begin.size() == static_cast<std::size_t>(epochs.steps()) + 1);
  CHECK(first.rows == epochs.rows_of(0).rows);
  CHECK(first.rows != second.rows);
  std::vector<std::size_t> seen = first.rows;
  std::sort(seen.begin(), seen.end());
  CHECK(seen == rows);
  std::vector<std::size_t> order;
  for (std::int64_t step = 0; step < epochs.steps(); ++step) {
    std::set<std::size_t> tasks;
    for (const std::size_t row : first.batch(step)) tasks.insert(row * row % data.tasks.size());
    CHECK(tasks.size() == 1);
    CHECK(first.batch(step).size() <= 8);
    order.push_back(*tasks.begin());
  }
  CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("mixed batches are the epoch's order, cut", "[train]") {
  const Dataset data = toy::dataset(100);
  const Config config = toy::config("linear", data);
  const std::vector<std::size_t> rows = training_rows(data, config.model);
  TrainSpec train;
  train.batch = 16;
  const Epochs epochs(rows, data, config.model, train);
  CHECK(epochs.steps() == steps_per_epoch(rows.size(), 16));
  CHECK(epochs.rows_of(3).rows == epoch_order(rows, train.seed, 3));
  CHECK(epochs.rows_of(3).batch(0).size() == 16);
}

TEST_CASE("batches of one task need samples of one task", "[train]") {
  const Dataset data = toy::dataset(30);
  const Config config = toy::config("linear", data);
  TrainSpec train;
  train.batches = BatchKind::task;
  CHECK_THROWS_WITH(Epochs(training_rows(data, config.model), data, config.model, train),
                    Catch::Contains("labels of one task each"));
}
