// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/epoch.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "runtime/base/error.h"
#include "runtime/base/philox.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/train/sampler.h"

namespace qmtl {
namespace {

bool labelled(const Task& task, std::size_t row) {
  const float* labels = task.labels.data() + row * task.columns;
  return std::any_of(labels, labels + task.columns, [](float label) { return !std::isnan(label); });
}

/// The number of the task that each row has labels of.
std::vector<std::size_t> only_tasks(std::span<const std::size_t> rows, const std::vector<const Task*>& tasks,
                                    std::size_t newest) {
  std::vector<std::size_t> of;
  for (const std::size_t row : rows) {
    std::size_t found = tasks.size();
    for (std::size_t t = newest; t < tasks.size(); ++t) {
      if (!labelled(*tasks[t], row)) continue;
      if (found < tasks.size())
        throw data_error(
            "train.batches = \"task\": expected samples with labels of one task each, found row " +
            std::to_string(row) + " with labels of " + tasks[found]->name + " and " + tasks[t]->name +
            "; use train.batches = \"mixed\"");
      found = t;
    }
    of.push_back(found);
  }
  return of;
}

}  // namespace

Epochs::Epochs(std::span<const std::size_t> rows, const Dataset& data, const ModelSpec& spec,
               const TrainSpec& train)
    : rows_(rows.begin(), rows.end()), seed_(train.seed), size_(static_cast<std::size_t>(train.batch)) {
  if (train.batches == BatchKind::mixed) {
    steps_ = steps_per_epoch(rows_.size(), train.batch);
    return;
  }
  const std::vector<const Task*> tasks = bind_tasks(data, spec);
  tasks_ = tasks.size();
  task_of_ = only_tasks(rows, tasks, newest_tasks(spec));
  for (std::size_t t = 0; t < tasks_; ++t)
    steps_ += steps_per_epoch(static_cast<std::size_t>(std::count(task_of_.begin(), task_of_.end(), t)),
                              train.batch);
}

EpochRows Epochs::rows_of(int epoch) const {
  EpochRows result;
  const RandomStream random(seed_, Purpose::permutation);
  const auto key = static_cast<std::uint32_t>(epoch);
  if (task_of_.empty()) {
    result.rows = epoch_order(rows_, seed_, epoch);
    for (std::size_t first = 0; first < rows_.size(); first += size_) result.begin.push_back(first);
    result.begin.push_back(rows_.size());
    return result;
  }
  std::vector<std::vector<std::size_t>> of_task(tasks_);
  for (const std::size_t place : random.permutation(rows_.size(), key))
    of_task[task_of_[place]].push_back(rows_[place]);
  std::vector<std::span<const std::size_t>> batches;
  for (const std::vector<std::size_t>& list : of_task)
    for (std::size_t first = 0; first < list.size(); first += size_)
      batches.push_back(std::span(list).subspan(first, std::min(size_, list.size() - first)));
  for (const std::size_t number :
       RandomStream(seed_, Purpose::batch_order).permutation(batches.size(), key)) {
    result.begin.push_back(result.rows.size());
    result.rows.insert(result.rows.end(), batches[number].begin(), batches[number].end());
  }
  result.begin.push_back(result.rows.size());
  return result;
}

}  // namespace qmtl
