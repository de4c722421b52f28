// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/model/data.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// What the numbers of an input mean. Each list has an entry for each number of a sample, or none.
struct InputMeaning {
  std::string input;
  std::vector<std::string> columns;  ///< what they are called
  std::vector<std::string> units;    ///< what they are measured in; "": in nothing that is known
  std::vector<double> shift;         ///< what was taken off before they became float (Input::shift)
  bool operator==(const InputMeaning&) const = default;
};

/// What the numbers of a task mean.
struct TaskMeaning {
  std::string task;
  std::vector<std::string> classes;  ///< as Task::class_names
  std::string unit;                  ///< as Task::unit
  bool operator==(const TaskMeaning&) const = default;
};

/// What the numbers of a data set and of the models trained on it mean to people. Nothing here decides what a
/// model computes.
struct Meaning {
  std::vector<InputMeaning> inputs;  ///< those of which something is known, by name
  std::vector<TaskMeaning> tasks;    ///< likewise
  std::string description = {};      ///< as Dataset::description
  bool empty() const { return inputs.empty() && tasks.empty() && description.empty(); }
  /// What is known of one of them; without an entry an empty one.
  const InputMeaning& input(const std::string& name) const;
  const TaskMeaning& task(const std::string& name) const;
  bool operator==(const Meaning&) const = default;
};

/// What the data set says of the inputs and tasks of a model.
Meaning meaning_of(const Dataset& data, const ModelSpec& spec);

/// "bird" for class 1 of a task whose classes have names, else "1".
std::string class_name(const TaskMeaning& task, std::size_t index);

/// The columns of a task in a CSV file of predictions; `classes` are the names of its classes, or empty.
std::vector<std::string> prediction_columns(const std::string& task, TaskKind kind, std::size_t outputs,
                                            const std::vector<std::string>& classes);

}  // namespace qmtl
