// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/meaning.h"

#include <algorithm>

namespace qmtl {

const InputMeaning& Meaning::input(const std::string& name) const {
  static const InputMeaning none;
  const auto found = std::find_if(inputs.begin(), inputs.end(),
                                  [&](const InputMeaning& entry) { return entry.input == name; });
  return found == inputs.end() ? none : *found;
}

const TaskMeaning& Meaning::task(const std::string& name) const {
  static const TaskMeaning none;
  const auto found =
      std::find_if(tasks.begin(), tasks.end(), [&](const TaskMeaning& entry) { return entry.task == name; });
  return found == tasks.end() ? none : *found;
}

Meaning meaning_of(const Dataset& data, const ModelSpec& spec) {
  const auto read = [&](const std::string& name) {
    return std::find(spec.inputs.begin(), spec.inputs.end(), name) != spec.inputs.end();
  };
  const auto predicted = [&](const std::string& name) {
    return std::any_of(spec.tasks.begin(), spec.tasks.end(),
                       [&](const TaskSpec& task) { return task.name == name; });
  };
  Meaning meaning;
  for (const Input& input : data.inputs)
    if (read(input.name) && !(input.column_names.empty() && input.units.empty() && input.shift.empty()))
      meaning.inputs.push_back({input.name, input.column_names, input.units, input.shift});
  for (const Task& task : data.tasks)
    if (predicted(task.name) && !(task.class_names.empty() && task.unit.empty()))
      meaning.tasks.push_back({task.name, task.class_names, task.unit});
  std::sort(meaning.inputs.begin(), meaning.inputs.end(),
            [](const auto& a, const auto& b) { return a.input < b.input; });
  std::sort(meaning.tasks.begin(), meaning.tasks.end(),
            [](const auto& a, const auto& b) { return a.task < b.task; });
  meaning.description = data.description;
  return meaning;
}

std::string class_name(const TaskMeaning& task, std::size_t index) {
  return index < task.classes.size() ? task.classes[index] : std::to_string(index);
}

std::vector<std::string> prediction_columns(const std::string& task, TaskKind kind, std::size_t outputs,
                                            const std::vector<std::string>& classes) {
  if (kind == TaskKind::regression) return {task};
  if (kind == TaskKind::binary) return {task + ".class", task + ".probability"};
  std::vector<std::string> columns;
  if (kind == TaskKind::multiclass) columns.push_back(task + ".class");
  for (std::size_t i = 0; i < outputs; ++i)
    columns.push_back(task + ".probability" + (classes.empty() ? std::to_string(i) : "." + classes[i]));
  return columns;
}

}  // namespace qmtl
