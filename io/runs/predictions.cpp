// SPDX-License-Identifier: Apache-2.0
#include "io/runs/predictions.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "io/files/atomic_file.h"
#include "io/hdf5/hdf5.h"
#include "io/sources/csv.h"
#include "runtime/base/error.h"
#include "runtime/model/data.h"

namespace qmtl {
namespace {

std::size_t outputs_of(const ModelSpec& spec) {
  std::size_t outputs = 0;
  for (const TaskSpec& task : spec.tasks) outputs += static_cast<std::size_t>(task.outputs);
  return outputs;
}

float sigmoid(float logit) { return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(logit)))); }

/// In place, shifted by the largest logit so that nothing overflows.
void softmax(std::span<float> values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (float value : values) sum += std::exp(value - largest);
  for (float& value : values) value = static_cast<float>(std::exp(value - largest) / sum);
}

std::string number(float value) {
  char buffer[32];
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

std::string csv_header(const ModelSpec& spec, const Meaning& meaning) {
  std::string text = "id";
  for (const TaskSpec& task : spec.tasks)
    for (const std::string& column :
         prediction_columns(task.name, parse_task_kind(task.kind), static_cast<std::size_t>(task.outputs),
                            meaning.task(task.name).classes))
      text.append(1, ',').append(csv_cell(column));
  return text + "\n";
}

std::string csv_text(const ModelSpec& spec, const Meaning& meaning, const std::vector<std::string>& ids,
                     std::size_t rows, std::span<const float> values,
                     std::span<const std::uint32_t> classes) {
  std::string text = csv_header(spec, meaning);
  std::vector<const TaskMeaning*> named;
  for (const TaskSpec& task : spec.tasks) named.push_back(&meaning.task(task.name));
  const std::size_t outputs = outputs_of(spec);
  for (std::size_t row = 0; row < rows; ++row) {
    text += ids.empty() ? std::to_string(row) : csv_cell(ids[row]);
    std::size_t column = row * outputs;
    for (std::size_t t = 0; t < spec.tasks.size(); ++t) {
      const TaskSpec& task = spec.tasks[t];
      const TaskKind kind = parse_task_kind(task.kind);
      const auto part = values.subspan(column, static_cast<std::size_t>(task.outputs));
      if (kind == TaskKind::binary || kind == TaskKind::multiclass)
        text.append(1, ',').append(csv_cell(class_name(*named[t], classes[row * spec.tasks.size() + t])));
      for (float value : part) text.append(1, ',').append(number(value));
      column += part.size();
    }
    text += "\n";
  }
  return text;
}

std::vector<std::byte> hdf5_image(const std::string& path, const ModelSpec& spec, const Meaning& meaning,
                                  const std::vector<std::string>& ids, std::size_t rows,
                                  std::span<const float> values) {
  hdf5::File file = hdf5::File::build(path);
  file.set_attribute("/", "format", std::string_view("qmtl-predictions"));
  file.set_attribute("/", "version", std::int64_t{1});
  if (!ids.empty()) file.write_strings("/ids", ids);
  file.make_group("/predictions");
  const std::size_t outputs = outputs_of(spec);
  std::size_t first = 0;
  for (const TaskSpec& task : spec.tasks) {
    const auto width = static_cast<std::size_t>(task.outputs);
    std::vector<float> part;
    for (std::size_t row = 0; row < rows; ++row) {
      const auto source = values.subspan(row * outputs + first, width);
      part.insert(part.end(), source.begin(), source.end());
    }
    const std::string object = "/predictions/" + task.name;
    file.write<float>(object, {rows, width}, part);
    file.set_attribute(object, "kind", task.kind);
    const TaskMeaning& named = meaning.task(task.name);
    if (!named.classes.empty()) file.write_strings("/classes/" + task.name, named.classes);
    if (!named.unit.empty()) file.set_attribute(object, "unit", named.unit);
    first += width;
  }
  return file.image();
}

}  // namespace

std::size_t predicted_class(TaskKind kind, std::span<const float> values) {
  if (kind == TaskKind::binary) return values[0] > 0.5f ? 1 : 0;
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

std::vector<float> probabilities(const ModelSpec& spec, std::size_t rows, std::span<const float> logits) {
  const std::size_t outputs = outputs_of(spec);
  if (logits.size() != rows * outputs)
    throw data_error("expected " + std::to_string(rows) + " x " + std::to_string(outputs) +
                     " logits, found " + std::to_string(logits.size()));
  std::vector<float> values(logits.begin(), logits.end());
  std::size_t first = 0;
  for (const TaskSpec& task : spec.tasks) {
    const TaskKind kind = parse_task_kind(task.kind);
    const auto width = static_cast<std::size_t>(task.outputs);
    for (std::size_t row = 0; row < rows; ++row) {
      const auto part = std::span(values).subspan(row * outputs + first, width);
      if (kind == TaskKind::multiclass) softmax(part);
      if (kind == TaskKind::binary || kind == TaskKind::multilabel)
        for (float& value : part) value = sigmoid(value);
    }
    first += width;
  }
  return values;
}

std::vector<std::uint32_t> predicted_classes(const ModelSpec& spec, std::size_t rows,
                                             std::span<const float> values, std::span<const float> logits,
                                             const DecisionThresholds& thresholds) {
  const std::size_t outputs = outputs_of(spec);
  std::vector<std::uint32_t> classes(rows * spec.tasks.size(), 0);
  std::size_t column = 0;
  for (std::size_t t = 0; t < spec.tasks.size(); ++t) {
    const TaskSpec& task = spec.tasks[t];
    const TaskKind kind = parse_task_kind(task.kind);
    const auto width = static_cast<std::size_t>(task.outputs);
    const auto chosen = thresholds.find(task.name);
    const bool decided = kind == TaskKind::binary && chosen != thresholds.end();
    for (std::size_t row = 0; row < rows && (kind == TaskKind::binary || kind == TaskKind::multiclass);
         ++row) {
      const std::size_t at = row * outputs + column;
      classes[row * spec.tasks.size() + t] = static_cast<std::uint32_t>(
          decided ? logits[at] > chosen->second.front() : predicted_class(kind, values.subspan(at, width)));
    }
    column += width;
  }
  return classes;
}

void write_predictions(const std::string& path, const ModelSpec& spec, const Meaning& meaning,
                       const std::vector<std::string>& ids, std::size_t rows, std::span<const float> values,
                       std::span<const std::uint32_t> classes) {
  if (!ids.empty() && ids.size() != rows)
    throw data_error(path + ": expected " + std::to_string(rows) + " ids, found " +
                     std::to_string(ids.size()));
  if (values.size() != rows * outputs_of(spec))
    throw data_error(path + ": expected " + std::to_string(rows) + " x " + std::to_string(outputs_of(spec)) +
                     " values, found " + std::to_string(values.size()));
  std::vector<std::uint32_t> found;
  if (classes.empty()) classes = found = predicted_classes(spec, rows, values);
  if (path.ends_with(".csv"))
    write_file(path, csv_text(spec, meaning, ids, rows, values, classes));
  else if (path.ends_with(".h5") || path.ends_with(".hdf5"))
    write_file(path, hdf5_image(path, spec, meaning, ids, rows, values));
  else
    throw usage_error(path + ": expected a name that ends in .csv, .h5 or .hdf5; the ending picks the form");
}

}  // namespace qmtl
