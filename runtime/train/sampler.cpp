// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/sampler.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/base/philox.h"
#include "runtime/model/heads/bind_tasks.h"

namespace qmtl {

std::vector<std::size_t> training_rows(const Dataset& data, const ModelSpec& spec) {
  std::vector<const Task*> tasks = bind_tasks(data, spec);
  tasks.erase(tasks.begin(), tasks.begin() + static_cast<std::ptrdiff_t>(newest_tasks(spec)));
  std::vector<std::size_t> rows;
  for (std::size_t row : data.rows(Split::train)) {
    const bool labelled = std::any_of(tasks.begin(), tasks.end(), [&](const Task* task) {
      const float* labels = task->labels.data() + row * task->columns;
      return std::any_of(labels, labels + task->columns, [](float label) { return !std::isnan(label); });
    });
    if (labelled) rows.push_back(row);
  }
  if (rows.empty())
    throw data_error(
        "the training split has no sample with a label for any of the model's tasks; mark samples with "
        "split = 0 (train) and give them labels");
  return rows;
}

std::vector<std::size_t> epoch_order(std::span<const std::size_t> rows, std::uint64_t seed, int epoch) {
  std::vector<std::size_t> order =
      RandomStream(seed, Purpose::permutation).permutation(rows.size(), static_cast<std::uint32_t>(epoch));
  for (std::size_t& position : order) position = rows[position];
  return order;
}

std::int64_t steps_per_epoch(std::size_t rows, int batch) {
  const auto size = static_cast<std::size_t>(batch);
  return static_cast<std::int64_t>((rows + size - 1) / size);
}

std::vector<double> count_labels(const Dataset& data, const ModelSpec& spec,
                                 std::span<const std::size_t> rows) {
  std::vector<double> counts;
  for (const Task* task : bind_tasks(data, spec)) {
    double count = 0;
    for (std::size_t row : rows)
      for (std::size_t c = 0; c < task->columns; ++c)
        count += !std::isnan(task->labels[row * task->columns + c]);
    counts.push_back(count);
  }
  return counts;
}

StepBatch make_batch(const Dataset& data, const ModelSpec& spec, const TrainSpec& train,
                     std::span<const std::size_t> order, int step_in_epoch, std::int64_t step) {
  const std::size_t first = static_cast<std::size_t>(step_in_epoch) * static_cast<std::size_t>(train.batch);
  const std::size_t last = std::min(order.size(), first + static_cast<std::size_t>(train.batch));
  StepBatch batch;
  batch.seed = train.seed;
  batch.step = step;
  batch.rows.assign(order.begin() + static_cast<std::ptrdiff_t>(std::min(first, last)),
                    order.begin() + static_cast<std::ptrdiff_t>(last));
  batch.label_counts = count_labels(data, spec, batch.rows);
  return batch;
}

}  // namespace qmtl
