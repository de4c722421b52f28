// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/check_data.h"

#include <cmath>
#include <string>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/engine/engine.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/train/label_scale.h"
#include "runtime/train/task_weighting.h"

namespace qmtl {
namespace {

/// What does not lie in memory was checked when it was read.
void check_input(const Input& input, std::size_t first) {
  for (std::size_t i = 0; i < input.values.size(); ++i)
    if (!std::isfinite(input.values[i]))
      throw data_error("input '" + input.name + "', sample " + std::to_string(first + i / input.width) +
                       ", column " + std::to_string(i % input.width) + ": expected a finite number, found " +
                       std::to_string(input.values[i]) + "; remove the sample or fill the value in");
}

/// Number of classes, or 0 where labels are real numbers.
int classes_of(const Task& task) {
  switch (task.kind) {
    case TaskKind::multiclass:
      return task.classes;
    case TaskKind::regression:
      return 0;
    default:
      return 2;
  }
}

void check_labels(const Task& task) {
  const int classes = classes_of(task);
  for (std::size_t i = 0; i < task.labels.size(); ++i) {
    const float label = task.labels[i];
    if (std::isnan(label)) continue;
    const std::string where = "task '" + task.name + "', sample " + std::to_string(i / task.columns);
    if (std::isinf(label)) throw data_error(where + ": a label is infinite; use NaN for a missing label");
    if (classes > 0 && !(label >= 0.0f && label < static_cast<float>(classes) && label == std::floor(label)))
      throw data_error(where + ": expected a class 0 .. " + std::to_string(classes - 1) +
                       " or NaN, found label " + std::to_string(label));
  }
}

/// A label outside could never be learned.
void check_bounds(const Task& task, const OutputMap& map, const std::vector<std::size_t>& training) {
  for (std::size_t row : training) {
    const auto label = static_cast<double>(task.labels[row]);
    if (std::isnan(label) || (label >= map.low() && label <= map.high())) continue;
    throw usage_error("task." + task.name + ".range: the output stays between " + shortest(map.low()) +
                      " and " + shortest(map.high()) + ", but sample " + std::to_string(row) +
                      " of the training split has label " + shortest(label) +
                      "; widen the range, or scale the labels");
  }
}

bool has_label(const Task& task, std::size_t row) {
  for (std::size_t c = 0; c < task.columns; ++c)
    if (!std::isnan(task.labels[row * task.columns + c])) return true;
  return false;
}

}  // namespace

void check_data(const Dataset& data, const ModelSpec& spec, std::size_t first) {
  for (const Input* input : bind_inputs(data, spec)) check_input(*input, first);
  if (data.tasks.empty()) return;
  const std::vector<std::size_t> training = data.rows(Split::train);
  const std::vector<const Task*> tasks = bind_tasks(data, spec);
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Task* task = tasks[t];
    check_labels(*task);
    if (bounds_labels(spec, t)) check_bounds(*task, spec.tasks[t].output, training);
    if (training.empty() || t < newest_tasks(spec)) continue;
    bool found = false;
    for (std::size_t row : training) found = found || has_label(*task, row);
    if (!found)
      throw data_error("task '" + task->name +
                       "' has no labelled training sample: label some samples of split 0 or "
                       "remove the task");
  }
}

void check_model(const ModelSpec& spec, const TrainSpec& train) {
  if (spec.inputs.empty() || spec.inputs.size() != spec.input_widths.size())
    throw usage_error("the model has no inputs: complete its configuration from the data set first");
  if (spec.tasks.empty()) throw usage_error("the model has no tasks: the data set needs at least one");
  for (const TaskSpec& task : spec.tasks)
    if (!(task.weight >= 0.0) || std::isinf(task.weight))
      throw usage_error("task." + task.name + ".weight: expected a finite number >= 0, found " +
                        std::to_string(task.weight));
  std::int64_t in_generations = 0;
  for (int tasks : spec.generations) in_generations += tasks;
  if (!spec.generations.empty() && in_generations != static_cast<std::int64_t>(spec.tasks.size()))
    throw usage_error("head.generations: expected numbers of tasks that add up to " +
                      std::to_string(spec.tasks.size()) + ", found " + std::to_string(in_generations));
  if (train.shard < 0 || train.shard % static_cast<int>(tile_samples) != 0)
    throw usage_error("distributed.shard: expected 0 (chosen by the model) or a multiple of " +
                      std::to_string(tile_samples) + " samples, found " + std::to_string(train.shard));
  if (train.shots < 0)
    throw usage_error("train.shots: expected 0 (exact) or a number of shots, found " +
                      std::to_string(train.shots));
  check_task_weighting(spec, train);
}

}  // namespace qmtl
