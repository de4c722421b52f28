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

std::string csv_header(const ModelSpec& spec, const Meaning& meaning) {
  std::string text = "id";
  for (const TaskSpec& task : spec.tasks)
    for (const std::string& column :
         prediction_columns(task.name, parse_task_kind(task.kind), static_cast<std::size_t>(task.outputs),
                            meaning.task(task.name).classes))
      text.append(1, ',').append(csv_cell(column));
  return text + "\n";
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

/// One way to write them.
class PredictionFile::Form {
 public:
  virtual ~Form() = default;
  virtual void add(const std::vector<std::string>& ids, std::size_t rows, std::span<const float> values,
                   std::span<const std::uint32_t> classes) = 0;
  virtual void finish() = 0;
};

class PredictionFile::Csv final : public Form {
 public:
  Csv(const std::string& path, const ModelSpec& spec, const Meaning& meaning) : spec_(spec), file_(path) {
    for (const TaskSpec& task : spec.tasks) {
      const TaskMeaning& known = meaning.task(task.name);
      const TaskKind kind = parse_task_kind(task.kind);
      std::vector<std::string>& cells = classes_.emplace_back();
      if (kind != TaskKind::binary && kind != TaskKind::multiclass) continue;
      for (std::size_t c = 0; c < class_names_of(kind, task.outputs); ++c)
        cells.push_back(csv_cell(class_name(known, c)));
    }
    write(csv_header(spec, meaning));
  }

  void add(const std::vector<std::string>& ids, std::size_t rows, std::span<const float> values,
           std::span<const std::uint32_t> classes) override {
    std::string text;
    const float* value = values.data();
    for (std::size_t row = 0; row < rows; ++row) {
      text += ids.empty() ? std::to_string(rows_ + row) : csv_cell(ids[row]);
      for (std::size_t t = 0; t < spec_.tasks.size(); ++t) {
        if (!classes_[t].empty())
          text.append(1, ',').append(classes_[t][classes[row * spec_.tasks.size() + t]]);
        for (int c = 0; c < spec_.tasks[t].outputs; ++c) append_number(text, *value++);
      }
      text += "\n";
    }
    rows_ += rows;
    write(text);
  }

  void finish() override { file_.commit(); }

 private:
  static void append_number(std::string& text, float value) {
    char buffer[32];
    text.append(1, ',').append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  }

  void write(const std::string& text) {
    file_.content().write(written_, std::as_bytes(std::span(text)));
    file_.check();
    written_ += text.size();
  }

  const ModelSpec& spec_;
  AtomicFile file_;
  std::vector<std::vector<std::string>>
      classes_;  ///< cells of the classes' names, of tasks that have a class
  std::size_t rows_ = 0;
  std::uint64_t written_ = 0;
};

/// All rows are in memory: how many there are stands before the first in the file.
class PredictionFile::Hdf5 final : public Form {
 public:
  Hdf5(const std::string& path, const ModelSpec& spec, const Meaning& meaning)
      : path_(path), spec_(spec), meaning_(meaning) {}

  void add(const std::vector<std::string>& ids, std::size_t rows, std::span<const float> values,
           std::span<const std::uint32_t>) override {
    ids_.insert(ids_.end(), ids.begin(), ids.end());
    values_.insert(values_.end(), values.begin(), values.end());
    rows_ += rows;
  }
  void finish() override { write_file(path_, hdf5_image(path_, spec_, meaning_, ids_, rows_, values_)); }

 private:
  std::string path_;
  const ModelSpec& spec_;
  const Meaning& meaning_;
  std::vector<std::string> ids_;
  std::vector<float> values_;
  std::size_t rows_ = 0;
};

PredictionFile::PredictionFile(const std::string& path, const ModelSpec& spec, const Meaning& meaning)
    : path_(path), spec_(spec) {
  if (path.ends_with(".csv"))
    form_ = std::make_unique<Csv>(path, spec, meaning);
  else if (path.ends_with(".h5") || path.ends_with(".hdf5"))
    form_ = std::make_unique<Hdf5>(path, spec, meaning);
  else
    throw usage_error(path + ": expected a name that ends in .csv, .h5 or .hdf5; the ending picks the form");
}
PredictionFile::~PredictionFile() = default;

void PredictionFile::add(const std::vector<std::string>& ids, std::size_t rows, std::span<const float> values,
                         std::span<const std::uint32_t> classes) {
  if (!ids.empty() && ids.size() != rows)
    throw data_error(path_ + ": expected " + std::to_string(rows) + " ids, found " +
                     std::to_string(ids.size()));
  if (values.size() != rows * outputs_of(spec_))
    throw data_error(path_ + ": expected " + std::to_string(rows) + " x " +
                     std::to_string(outputs_of(spec_)) + " values, found " + std::to_string(values.size()));
  form_->add(ids, rows, values, classes);
}

void PredictionFile::finish() { form_->finish(); }

void write_predictions(const std::string& path, const ModelSpec& spec, const Meaning& meaning,
                       const std::vector<std::string>& ids, std::size_t rows, std::span<const float> values,
                       std::span<const std::uint32_t> classes) {
  PredictionFile file(path, spec, meaning);
  std::vector<std::uint32_t> found;
  if (classes.empty() && values.size() == rows * outputs_of(spec))
    classes = found = predicted_classes(spec, rows, values);
  file.add(ids, rows, values, classes);
  file.finish();
}

}  // namespace qmtl
