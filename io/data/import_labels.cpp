// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "io/data/import_table.h"
#include "io/data/split.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/model/metrics.h"

namespace qmtl {
namespace {

constexpr float no_label = std::numeric_limits<float>::quiet_NaN();

bool is_missing(std::string_view cell, const std::vector<std::string>& missing) {
  return std::find(missing.begin(), missing.end(), cell) != missing.end();
}

/// Position of a cell among the listed values. Throws Error (data) with the values otherwise.
std::size_t value_index(const CsvTable& table, std::size_t row, std::size_t column,
                        const std::vector<std::string>& values) {
  const std::string_view cell = table.cell(row, column);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (same_value(cell, values[i])) return i;
  std::string listed;
  for (std::size_t i = 0; i < std::min<std::size_t>(values.size(), 12); ++i)
    listed += (i ? ", " : "") + values[i];
  if (values.size() > 12) listed += ", ...";
  throw data_error(table.where(row, column) + ": expected one of " + listed + ", found \"" +
                   std::string(cell) + "\"; list texts that mean \"no label\" under missing");
}

std::vector<float> binary_labels(const CsvTable& table, std::size_t column,
                                 const std::vector<std::string>& positive,
                                 const std::vector<std::string>& classes,
                                 const std::vector<std::string>& missing) {
  std::vector<float> labels(table.rows(), no_label);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string_view cell = table.cell(row, column);
    if (is_missing(cell, missing)) continue;
    if (positive.empty())
      labels[row] = static_cast<float>(value_index(table, row, column, classes));
    else
      labels[row] =
          std::any_of(positive.begin(), positive.end(), [&](const auto& v) { return same_value(cell, v); });
  }
  return labels;
}

}  // namespace

Task import_task(const std::string& task_name, TableReader& reader, const CsvTable& table,
                 const Columns& columns) {
  Task task;
  task.name = task_name;
  const std::string at = where(reader.need("kind"), reader.file()) + ": " + reader.full("column");
  try {
    task.kind = parse_task_kind(reader.string("kind"));
  } catch (const Error& error) {
    throw usage_error(where(reader.need("kind"), reader.file()) + ": " + reader.full("kind") + ": " +
                      error.what());
  }
  // Before any cell is looked at: a misspelt key should not show as a puzzling value.
  if (task.kind == TaskKind::multilabel)
    reader.expect_only({"columns", "metric", "missing"});
  else if (task.kind == TaskKind::regression)
    reader.expect_only({"column", "metric", "missing"});
  else if (task.kind == TaskKind::multiclass)
    reader.expect_only({"column", "classes", "metric", "missing"});
  else
    reader.expect_only({"column", "classes", "positive", "metric", "missing"});
  task.metric = reader.string("metric", std::string(default_metric(task.kind)));
  const std::vector<std::string> missing =
      reader.find("missing") ? reader.texts("missing") : std::vector<std::string>{""};

  if (task.kind == TaskKind::multilabel) {
    reader.need("columns");
    const std::vector<std::size_t> members = columns.many(reader.texts("columns"), at);
    task.columns = members.size();
    for (std::size_t row = 0; row < table.rows(); ++row)
      for (std::size_t column : members)
        task.labels.push_back(is_missing(table.cell(row, column), missing)
                                  ? no_label
                                  : static_cast<float>(value_index(table, row, column, {"0", "1"})));
    return task;
  }

  const toml::node& column_node = reader.need("column");
  const std::string column_text =
      column_node.is_integer() ? std::to_string(column_node.as_integer()->get()) : reader.string("column");
  const std::size_t column =
      columns.one(column_text, where(column_node, reader.file()) + ": " + reader.full("column"));
  if (task.kind == TaskKind::regression) {
    for (std::size_t row = 0; row < table.rows(); ++row)
      task.labels.push_back(is_missing(table.cell(row, column), missing) ? no_label
                                                                         : number_at(table, row, column));
    return task;
  }

  std::vector<std::string> classes = reader.texts("classes");
  if (task.kind == TaskKind::binary) {
    const std::vector<std::string> positive = reader.texts("positive");
    if (classes.empty()) classes = {"0", "1"};
    if (classes.size() != 2)
      wrong_value(*reader.find("classes"), reader.file(), reader.full("classes"),
                  "two values: negative, positive");
    task.labels = binary_labels(table, column, positive, classes, missing);
    return task;
  }
  if (classes.empty()) classes = distinct_values(table, column, missing);
  if (classes.size() < 2 || classes.size() > 100000)
    throw data_error(
        table.file + ": column " + table.column_name(column) + " has " + std::to_string(classes.size()) +
        " different values; a multiclass task needs 2 to 100000 (did you mean kind = \"regression\"?)");
  task.classes = static_cast<int>(classes.size());
  std::map<std::string, float, std::less<>> seen;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string_view cell = table.cell(row, column);
    if (is_missing(cell, missing)) {
      task.labels.push_back(no_label);
      continue;
    }
    auto found = seen.find(cell);
    if (found == seen.end())
      found = seen.emplace(cell, static_cast<float>(value_index(table, row, column, classes))).first;
    task.labels.push_back(found->second);
  }
  return task;
}

std::vector<Task> import_one_vs_rest(TableReader& reader, const CsvTable& table, const Columns& columns) {
  const toml::node& node = reader.need("column");
  const std::string column_text =
      node.is_integer() ? std::to_string(node.as_integer()->get()) : reader.string("column");
  const std::size_t column =
      columns.one(column_text, where(node, reader.file()) + ": " + reader.full("column"));
  const std::string prefix = reader.string("prefix", column_text);
  const std::string metric = reader.string("metric", std::string(default_metric(TaskKind::binary)));
  const std::vector<std::string> missing =
      reader.find("missing") ? reader.texts("missing") : std::vector<std::string>{""};
  const std::vector<std::string> values = distinct_values(table, column, missing);
  if (values.size() < 2 || values.size() > 10000)
    throw data_error(table.file + ": column " + table.column_name(column) + " has " +
                     std::to_string(values.size()) + " different values; one task for each needs 2 to 10000");
  std::vector<Task> tasks;
  for (const std::string& value : values) {
    Task task;
    task.name = prefix + value;
    task.kind = TaskKind::binary;
    task.metric = metric;
    task.labels = binary_labels(table, column, {value}, {}, missing);
    tasks.push_back(std::move(task));
  }
  return tasks;
}

std::vector<std::uint8_t> import_split(TableReader& reader, const CsvTable& table, const Columns& columns) {
  std::vector<std::uint8_t> split(table.rows(), 0);
  if (const toml::node* node = reader.find("column")) {
    const std::size_t column =
        columns.one(reader.string("column"), where(*node, reader.file()) + ": " + reader.full("column"));
    static const std::vector<std::string> texts{"train", "validation", "test", "0", "1", "2"};
    for (std::size_t row = 0; row < table.rows(); ++row)
      split[row] = static_cast<std::uint8_t>(value_index(table, row, column, texts) % 3);
    return split;
  }

  const toml::node& node = reader.need("fractions");
  const std::vector<double> fractions = reader.numbers("fractions");
  const std::int64_t seed = reader.integer("seed", 1);

  std::map<std::string, std::vector<std::size_t>, std::less<>> strata;
  const toml::node* stratify = reader.find("stratify");
  const std::size_t label = stratify
                                ? columns.one(reader.string("stratify"), where(*stratify, reader.file()) +
                                                                             ": " + reader.full("stratify"))
                                : 0;
  for (std::size_t row = 0; row < table.rows(); ++row)
    strata[stratify ? std::string(table.cell(row, label)) : ""].push_back(row);

  for (const auto& [value, rows] : strata)
    split_rows(rows, fractions, seed, where(node, reader.file()) + ": " + reader.full("fractions"), split);
  return split;
}

}  // namespace qmtl
