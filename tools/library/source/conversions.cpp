// SPDX-License-Identifier: Apache-2.0
#include "tools/library/source/conversions.h"

#include <numeric>

#include "io/data/dataset.h"
#include "io/data/split.h"
#include "runtime/base/error.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/metrics.h"

namespace qmtl {

std::vector<TaskSpec> task_specs(const std::vector<LabelledTask>& tasks) {
  if (tasks.empty()) throw usage_error("tasks: expected at least one, found none");
  std::vector<TaskSpec> specs;
  for (const LabelledTask& task : tasks) {
    TaskSpec spec;
    spec.name = task.name;
    spec.kind = task.kind;
    spec.outputs = task.outputs;
    const TaskKind kind = parse_task_kind(task.kind);
    if (kind == TaskKind::multiclass) spec.classes = task.outputs;
    const int least = kind == TaskKind::multiclass ? 2 : 1;
    const bool one = kind == TaskKind::binary || kind == TaskKind::regression;
    if (task.outputs < least || (one && task.outputs != 1))
      throw usage_error("task '" + task.name + "', outputs: expected " +
                        (one ? "1" : "at least " + std::to_string(least)) + " for a task of kind " +
                        task.kind + ", found " + std::to_string(task.outputs));
    spec.metric = task.metric.empty() ? std::string(default_metric(kind)) : task.metric;
    check_metric(spec.name, kind, spec.metric);
    specs.push_back(std::move(spec));
  }
  return specs;
}

std::vector<LabelledTask> labelled_tasks(const std::vector<TaskSpec>& specs) {
  std::vector<LabelledTask> tasks;
  for (const TaskSpec& spec : specs) tasks.push_back({spec.name, spec.kind, spec.outputs, spec.metric});
  return tasks;
}

std::vector<Tensor> tensors_of(const std::vector<ParamInfo>& params) {
  std::vector<Tensor> tensors;
  for (const ParamInfo& info : params) tensors.push_back({info.name, info.shape, info.offset, info.size});
  return tensors;
}

Dataset inputs_of(Rows x, const ModelSpec& spec) {
  Dataset data;
  data.samples = x.count();
  std::size_t first = 0;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    Input input{spec.inputs[i], {spec.input_widths[i]}, spec.input_widths[i], {}};
    if (i < spec.input_shapes.size() && !spec.input_shapes[i].empty()) input.shape = spec.input_shapes[i];
    if (first + input.width <= x.columns)
      for (std::size_t row = 0; row < data.samples; ++row) {
        const auto values = x.values.subspan(row * x.columns + first, input.width);
        input.values.insert(input.values.end(), values.begin(), values.end());
      }
    first += input.width;
    data.inputs.push_back(std::move(input));
  }
  if (first != x.columns)
    throw usage_error("x: expected " + std::to_string(first) +
                      " columns, those of the model's inputs, found " + std::to_string(x.columns));
  return data;
}

namespace {

/// A task's labels, from the columns of y that begin with `first`.
Task labels_of(const TaskSpec& spec, Rows y, std::size_t rows, std::size_t first) {
  Task task = task_of(spec);
  if (first + task.columns > y.columns) return task;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto labels = y.values.subspan(row * y.columns + first, task.columns);
    task.labels.insert(task.labels.end(), labels.begin(), labels.end());
  }
  return task;
}

void append_labels(Dataset& data, const std::vector<TaskSpec>& tasks, Rows y) {
  if (const std::size_t rows = y.count(); rows != data.samples)
    throw data_error("y: expected " + std::to_string(data.samples) + " rows as x has, found " +
                     std::to_string(rows));
  std::size_t columns = 0;
  for (const TaskSpec& spec : tasks) {
    data.tasks.push_back(labels_of(spec, y, data.samples, columns));
    columns += data.tasks.back().columns;
  }
  if (columns != y.columns)
    throw data_error("y: expected " + std::to_string(columns) + " columns, those of the tasks, found " +
                     std::to_string(y.columns));
}

/// A name for each of `count`, or none.
void require_names(const std::vector<std::string>& names, std::size_t count, const std::string& what) {
  if (!names.empty() && names.size() != count)
    throw usage_error(what + ": expected " + std::to_string(count) + " names or none, found " +
                      std::to_string(names.size()));
}

std::vector<std::uint8_t> split_of(const Samples& samples, std::size_t rows) {
  if (!samples.split.empty()) return {samples.split.begin(), samples.split.end()};
  std::vector<std::uint8_t> split(rows);
  std::vector<std::size_t> all(rows);
  std::iota(all.begin(), all.end(), std::size_t{0});
  split_rows(all, samples.fractions, samples.split_seed, "fractions", split);
  return split;
}

}  // namespace

Dataset samples_for(const ModelSpec& spec, Rows x, Rows y, std::span<const std::uint8_t> split) {
  Dataset data = inputs_of(x, spec);
  append_labels(data, spec.tasks, y);
  data.split.assign(data.samples, static_cast<std::uint8_t>(Split::test));
  if (!split.empty()) data.split.assign(split.begin(), split.end());
  check_dataset(data, "samples");
  data.hash = dataset_hash(data);
  return data;
}

Dataset dataset_of(const Samples& samples) {
  const Rows x = samples.x, y = samples.y;
  Dataset data;
  data.samples = x.count();
  data.inputs = {{"x",
                  samples.shape.empty() ? std::vector<std::size_t>{x.columns} : samples.shape,
                  x.columns,
                  {x.values.begin(), x.values.end()}}};
  require_names(samples.columns, x.columns, "columns");
  data.inputs.front().column_names = samples.columns;
  append_labels(data, task_specs(samples.tasks), y);
  if (!samples.class_names.empty()) {
    if (samples.class_names.size() != data.tasks.size())
      throw usage_error("class_names: expected a list for each of " + std::to_string(data.tasks.size()) +
                        " tasks, found " + std::to_string(samples.class_names.size()));
    for (std::size_t t = 0; t < data.tasks.size(); ++t) {
      Task& task = data.tasks[t];
      require_names(samples.class_names[t], class_names_of(task.kind, task.outputs()),
                    "class_names of task '" + task.name + "'");
      task.class_names = samples.class_names[t];
    }
  }
  data.split = split_of(samples, data.samples);
  check_dataset(data, "samples");
  data.hash = dataset_hash(data);
  return data;
}

Error without_hardware(const std::string& work) {
  return usage_error("expected a library with the room hardware for " + work +
                     ", found one without; build it with QMTL_HARDWARE=ON");
}

}  // namespace qmtl
