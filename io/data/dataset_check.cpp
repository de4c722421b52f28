// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <set>

#include "io/data/dataset.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"
#include "runtime/model/meaning.h"

namespace qmtl {
namespace {

std::string count(std::size_t number, const std::string& noun) { return std::to_string(number) + " " + noun; }

template <class T>
void require_length(const std::vector<T>& values, std::size_t samples, const std::string& what,
                    const std::string& where) {
  if (!values.empty() && values.size() != samples)
    throw data_error(where + ": expected " + count(samples, "values in ") + what + ", found " +
                     std::to_string(values.size()));
}

}  // namespace

void check_numbers(const Input& input, std::size_t first, std::span<const float> numbers,
                   const std::string& where) {
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (!std::isfinite(numbers[i]))
      throw data_error(
          where + ": input " + input.name + ", sample " + std::to_string(first + i / input.width) +
          ", column " + std::to_string(i % input.width) + ": expected a finite number, found " +
          (std::isnan(numbers[i]) ? "NaN" : "infinity") +
          "; inputs have no missing values: drop the sample or fill the column before importing");
}

namespace {

void check_input(const Input& input, std::size_t samples, const std::string& where) {
  const std::string object = where + ": input " + input.name;
  std::size_t width = 1;
  for (std::size_t extent : input.shape) width *= extent;
  if (input.width == 0 || width != input.width)
    throw data_error(object +
                     ": expected a width of at least 1 that is the product of the sample's shape, found " +
                     std::to_string(input.width));
  if (!input.rows && input.values.size() != samples * input.width)
    throw data_error(object + ": expected " + count(samples * input.width, "values, found ") +
                     std::to_string(input.values.size()));
  check_numbers(input, 0, input.values, where);
  for (const auto* texts : {&input.column_names, &input.units}) {
    require_length(*texts, input.width, "the names or units of columns", object);
    for (const std::string& text : *texts) require_utf8(text, object + ": a column");
  }
}

/// Names of classes stand for them where others look for them.
void check_classes(const Task& task, const std::string& where) {
  const std::string object = where + ": task " + task.name;
  require_length(task.class_names, class_names_of(task.kind, task.outputs()), "the names of classes", object);
  std::set<std::string> seen;
  for (const std::string& name : task.class_names) {
    require_utf8(name, where + ": a class of task " + task.name);
    if (!seen.insert(name).second)
      throw data_error(object + ": two classes are called \"" + shown(name) + "\"; expected a name for each");
  }
  require_utf8(task.unit, object + ": the unit");
}

void check_task(const Task& task, std::size_t samples, const std::string& where) {
  const std::string object = where + ": task " + task.name;
  if (task.columns == 0 || (task.kind != TaskKind::multilabel && task.columns != 1))
    throw data_error(object + ": a " + std::string(name(task.kind)) + " task cannot have " +
                     count(task.columns, "label columns"));
  if (task.kind == TaskKind::multiclass && task.classes < 2)
    throw data_error(object + ": expected at least 2 classes, found " + std::to_string(task.classes));
  if (task.labels.size() != samples * task.columns)
    throw data_error(object + ": expected " + count(samples * task.columns, "labels, found ") +
                     std::to_string(task.labels.size()));
  const bool discrete = task.kind != TaskKind::regression;
  const int classes = task.kind == TaskKind::multiclass ? task.classes : 2;
  for (std::size_t i = 0; i < task.labels.size(); ++i) {
    const float label = task.labels[i];
    if (std::isnan(label)) continue;
    const bool whole = label >= 0 && label < static_cast<float>(classes) && label == std::floor(label);
    if (discrete ? whole : std::isfinite(label)) continue;
    throw data_error(
        object + ", sample " + std::to_string(i / task.columns) +
        (task.kind == TaskKind::multilabel ? ", column " + std::to_string(i % task.columns) : "") +
        ": expected " +
        (discrete ? "a class 0 to " + std::to_string(classes - 1) : std::string("a finite number")) +
        " or NaN for a missing label, found " + std::to_string(label));
  }
}

/// Names that predictions and exports would give twice: columns of a CSV file, inputs and outputs of a graph.
void check_output_names(const Dataset& data, const std::string& where) {
  std::map<std::string, std::string> columns{{"id", "the column of ids"}};
  for (const Task& task : data.tasks)
    for (const std::string& column : prediction_columns(
             task.name, task.kind, static_cast<std::size_t>(task.outputs()), task.class_names)) {
      const auto [other, fresh] = columns.emplace(column, "task " + task.name);
      if (!fresh)
        throw data_error(where + ": task " + task.name + ": predictions would have two columns named \"" +
                         column + "\", the other of " + other->second + "; give the task another name");
    }
  std::set<std::string> ends;
  for (const Input& input : data.inputs) ends.insert(input.name);
  std::set<std::string> outputs;
  for (const Task& task : data.tasks)
    if (const std::string output = task.name + (ends.contains(task.name) ? "_output" : "");
        !outputs.insert(output).second || (output != task.name && ends.contains(output)))
      throw data_error(where + ": task " + task.name + ": exported graphs would have two ends named \"" +
                       output + "\"; give the task another name");
}

}  // namespace

void check_name(const std::string& name, const std::string& what, const std::string& where) {
  bool good = !name.empty() && name.size() <= 200 && name != "." && name != "..";
  for (char c : name) good = good && c != '/' && static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  if (!good)
    throw data_error(where + ": the name \"" + shown(name) + "\" cannot name " + what +
                     "; expected 1 to 200 bytes without '/' and control characters");
  require_utf8(name, where + ": a name of " + what);
}

void check_dataset(const Dataset& data, const std::string& where) {
  if (data.samples == 0) throw data_error(where + ": expected at least one sample, found none");
  if (data.inputs.empty())
    throw data_error(where + ": expected at least one input under /inputs, found none");
  if (data.tasks.empty()) throw data_error(where + ": expected at least one task under /tasks, found none");
  if (data.split.size() != data.samples)
    throw data_error(where + ": expected " + count(data.samples, "values in split, found ") +
                     std::to_string(data.split.size()));
  for (std::size_t i = 0; i < data.samples; ++i)
    if (data.split[i] > 2)
      throw data_error(where + ": split, sample " + std::to_string(i) +
                       ": expected 0 (train), 1 (validation) or 2 (test), found " +
                       std::to_string(data.split[i]));
  require_length(data.fold, data.samples, "fold", where);
  require_length(data.groups, data.samples, "groups", where);
  require_length(data.ids, data.samples, "ids", where);

  for (std::size_t i = 0; i < data.ids.size(); ++i)
    require_utf8(data.ids[i], where + ": id of sample " + std::to_string(i));

  std::set<std::string> seen;
  for (const Input& input : data.inputs) {
    check_name(input.name, "an input", where);
    if (!seen.insert(input.name).second) throw data_error(where + ": two inputs are named " + input.name);
    check_input(input, data.samples, where);
  }
  seen.clear();
  for (const Task& task : data.tasks) {
    check_name(task.name, "a task", where);
    if (!seen.insert(task.name).second) throw data_error(where + ": two tasks are named " + task.name);
    check_task(task, data.samples, where);
    check_classes(task, where);
  }
  require_utf8(data.description, where + ": the description");
  check_output_names(data, where);
}

}  // namespace qmtl
