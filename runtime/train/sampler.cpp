// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/sampler.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/base/philox.h"
#include "runtime/model/heads/bind_tasks.h"

namespace qmtl {
namespace {

double count_of(const Task& task, std::span<const std::size_t> rows) {
  double count = 0;
  for (std::size_t row : rows)
    for (std::size_t c = 0; c < task.columns; ++c) count += !std::isnan(task.labels[row * task.columns + c]);
  return count;
}

}  // namespace

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
  for (const Task* task : bind_tasks(data, spec)) counts.push_back(count_of(*task, rows));
  return counts;
}

Batches::Batches(const Dataset& data, const ModelSpec& spec, const TrainSpec& train)
    : tasks_(bind_tasks(data, spec)), seed_(train.seed), size_(static_cast<std::size_t>(train.batch)) {
  for (const Task* task : tasks_)
    whole_.push_back(std::none_of(task->labels.begin(), task->labels.end(),
                                  [](float label) { return std::isnan(label); }));
}

StepBatch Batches::make(std::span<const std::size_t> order, int step_in_epoch, std::int64_t step) const {
  const std::size_t first = std::min(order.size(), static_cast<std::size_t>(step_in_epoch) * size_);
  return of(order.subspan(first, std::min(size_, order.size() - first)), step);
}

StepBatch Batches::of(std::span<const std::size_t> rows, std::int64_t step) const {
  StepBatch batch{seed_, step, {rows.begin(), rows.end()}, {}};
  for (std::size_t t = 0; t < tasks_.size(); ++t)
    batch.label_counts.push_back(whole_[t] ? static_cast<double>(rows.size() * tasks_[t]->columns)
                                           : count_of(*tasks_[t], rows));
  return batch;
}

}  // namespace qmtl
