// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/heads/bind_tasks.h"

#include <algorithm>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

template <class Named>
std::string names_of(const std::vector<Named>& items) {
  std::string text;
  for (const Named& item : items) text += (text.empty() ? "" : ", ") + item.name;
  return text.empty() ? "none" : text;
}

template <class Named>
const Named* find(const std::vector<Named>& items, const std::string& wanted) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const Named& item) { return item.name == wanted; });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::vector<const Task*> bind_tasks(const Dataset& data, const ModelSpec& spec) {
  std::vector<const Task*> tasks;
  for (const TaskSpec& wanted : spec.tasks) {
    const Task* task = find(data.tasks, wanted.name);
    if (task == nullptr)
      throw data_error("the model predicts task '" + wanted.name +
                       "', but the data set has no such task (it has: " + names_of(data.tasks) + ")");
    if (name(task->kind) != wanted.kind || task->outputs() != wanted.outputs)
      throw data_error("task '" + wanted.name + "': the model expects kind " + wanted.kind + " with " +
                       std::to_string(wanted.outputs) + " outputs, the data set has kind " +
                       std::string(name(task->kind)) + " with " + std::to_string(task->outputs()) +
                       " outputs");
    if (task->labels.size() != data.samples * task->columns)
      throw data_error("task '" + wanted.name + "': expected " +
                       std::to_string(data.samples * task->columns) + " labels (samples x columns), found " +
                       std::to_string(task->labels.size()));
    tasks.push_back(task);
  }
  return tasks;
}

std::vector<const Input*> bind_inputs(const Dataset& data, const ModelSpec& spec) {
  std::vector<const Input*> inputs;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    const Input* input = find(data.inputs, spec.inputs[i]);
    if (input == nullptr)
      throw data_error("the model reads input '" + spec.inputs[i] +
                       "', but the data set has no such input (it has: " + names_of(data.inputs) + ")");
    if (input->width != spec.input_widths[i])
      throw data_error("input '" + spec.inputs[i] + "': the model expects " +
                       std::to_string(spec.input_widths[i]) + " numbers a sample, the data set has " +
                       std::to_string(input->width));
    if (!input->rows && input->values.size() != data.samples * input->width)
      throw data_error("input '" + spec.inputs[i] + "': expected " +
                       std::to_string(data.samples * input->width) + " values (samples x width), found " +
                       std::to_string(input->values.size()));
    inputs.push_back(input);
  }
  return inputs;
}

std::size_t newest_tasks(const ModelSpec& spec) {
  std::size_t first = 0;
  for (std::size_t g = 0; g + 1 < spec.generations.size(); ++g)
    first += static_cast<std::size_t>(spec.generations[g]);
  if (first > spec.tasks.size())
    throw usage_error("head.generations: expected numbers of tasks that add up to " +
                      std::to_string(spec.tasks.size()) + ", found " + std::to_string(first) +
                      " before the newest");
  return first;
}

Task task_of(const TaskSpec& spec) {
  Task task;
  task.name = spec.name;
  task.kind = parse_task_kind(spec.kind);
  task.classes = spec.classes;
  task.metric = spec.metric;
  task.metrics = spec.metrics;
  task.columns = task.kind == TaskKind::multilabel ? static_cast<std::size_t>(spec.outputs) : 1;
  return task;
}

}  // namespace qmtl
