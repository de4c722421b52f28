// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "io/import/import_table.h"
#include "io/import/input_values.h"
#include "io/import/values.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"
#include "runtime/model/metrics.h"

namespace qmtl {
namespace {

constexpr float no_label = std::numeric_limits<float>::quiet_NaN();

std::string key_place(TableReader& reader, const std::string& key) {
  return where(reader.find(key) ? *reader.find(key) : reader.need("column"), reader.file()) + ": " +
         reader.full(key);
}

/// A column of labels that are classes, and what the description says of it.
struct LabelColumn {
  const CsvTable& table;
  std::size_t column;
  ColumnValues values;
  bool absent;  ///< may listed values be missing from the table?
};

/// One label for each row from a class for each text.
std::vector<float> labels_of(const LabelColumn& from, const std::vector<int>& match) {
  std::vector<float> labels;
  labels.reserve(from.values.of_row.size());
  for (std::int32_t text : from.values.of_row)
    labels.push_back(text < 0 ? no_label : static_cast<float>(match[static_cast<std::size_t>(text)]));
  return labels;
}

/// How often each class occurs.
std::vector<ImportReport::Class> count_classes(const std::vector<std::string>& names,
                                               const std::vector<float>& labels) {
  std::vector<ImportReport::Class> classes;
  for (const std::string& name : names) classes.push_back({name, 0});
  for (float label : labels)
    if (!std::isnan(label)) ++classes[static_cast<std::size_t>(label)].count;
  return classes;
}

/// 0 and 1, or false and true where the column says so in any case.
std::vector<Listed> customary_pair(const ColumnValues& values) {
  const auto is = [](const std::string& text, std::string_view word) {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                      [](unsigned char a, char b) { return std::tolower(a) == b; });
  };
  std::vector<Listed> pair{{"0", true}, {"1", true}};
  for (const std::string& text : values.texts) {
    const bool no = is(text, "false");
    if (!no && !is(text, "true")) return {{"0", true}, {"1", true}};
    Listed& entry = pair[no ? 0 : 1];
    // "True" and "TRUE" in one column are not one value.
    if (!entry.number && entry.text != text) return {{"0", true}, {"1", true}};
    entry = {text, false};
  }
  return values.texts.empty() ? std::vector<Listed>{{"0", true}, {"1", true}} : pair;
}

std::vector<std::string> texts_of(const std::vector<Listed>& listed) {
  std::vector<std::string> texts;
  for (const Listed& value : listed) texts.push_back(value.text);
  return texts;
}

/// The one text of `match` that is `value`, or `otherwise` where there are several or none.
std::string only_text(const LabelColumn& from, const std::vector<int>& match, int value,
                      const std::string& otherwise) {
  if (std::count(match.begin(), match.end(), value) != 1) return otherwise;
  return from.values
      .texts[static_cast<std::size_t>(std::find(match.begin(), match.end(), value) - match.begin())];
}

/// Classes of a binary task: 1 for the texts of `positive`, 0 for those of `negative` or, without any, all
/// others.
std::vector<int> positive_or_not(const LabelColumn& from, const std::vector<Listed>& positive,
                                 const std::vector<Listed>& negative, const std::string& positive_at,
                                 const std::string& negative_at, ImportReport& report) {
  std::vector<int> match = match_values(from.values, positive, from.absent, positive_at, report);
  if (negative.empty()) {
    doubt_values(from.values, match, "negative", report);
    for (int& value : match) value = value >= 0;
    return match;
  }
  const std::vector<int> other = match_values(from.values, negative, from.absent, negative_at, report);
  std::vector<Listed> all = negative;
  all.insert(all.end(), positive.begin(), positive.end());
  for (std::size_t i = 0; i < match.size(); ++i) {
    if (match[i] >= 0 && other[i] >= 0)
      throw usage_error(negative_at + ": expected values that are not positive, found \"" +
                        shown(from.values.texts[i]) + "\", which is both");
    match[i] = match[i] >= 0 ? 1 : other[i] >= 0 ? 0 : -1;
  }
  refuse_unknown(from.values, match, all, from.table, from.column);
  return match;
}

void check_positives(const Task& task, const LabelColumn& from, const std::string& at, ImportReport& report) {
  std::size_t labels = 0, positives = 0;
  for (float label : task.labels) {
    labels += !std::isnan(label);
    positives += label == 1;
  }
  if (labels > 0 && positives == 0 && !from.absent)
    throw data_error(at + ": none of the " + std::to_string(labels) + " labels of task " + task.name +
                     " is positive; " + from.values.place + " has " + found_values(from.values) +
                     (labels == task.labels.size() ? "" : ", the rest is missing") +
                     "; check positive or classes (allow_absent = true takes a table without positives)");
  if (labels > 0 && positives == labels && !from.absent)
    report.guess(at, "all " + std::to_string(labels) + " labels of task " + task.name + " are positive",
                 "allow_absent = true if the table has no negatives");
}

Task binary_task(TableReader& reader, Task task, LabelColumn from, const std::string& at,
                 ImportReport& report) {
  const std::vector<Listed> positive = listed_values(reader, "positive"),
                            negative = listed_values(reader, "negative");
  std::vector<Listed> classes = listed_values(reader, "classes");
  if (reader.find("positive") && reader.find("classes"))
    wrong_value(*reader.find("classes"), reader.file(), reader.full("classes"),
                "positive or classes, not both");
  if (reader.find("negative") && positive.empty())
    wrong_value(*reader.find("negative"), reader.file(), reader.full("negative"), "positive beside it");
  if (reader.find("classes") && classes.size() != 2)
    wrong_value(*reader.find("classes"), reader.file(), reader.full("classes"),
                "two values: negative, positive");
  std::vector<int> match;
  if (!positive.empty()) {
    match = positive_or_not(from, positive, negative, key_place(reader, "positive"),
                            key_place(reader, "negative"), report);
    std::string names;
    for (const Listed& value : positive) names += (names.empty() ? "" : "|") + value.text;
    task.class_names = {only_text(from, match, 0, "not " + names), names};
  } else {
    const bool said = !classes.empty();
    if (!said) classes = customary_pair(from.values);
    match = match_values(from.values, classes, from.absent || !said, said ? key_place(reader, "classes") : at,
                         report);
    refuse_unknown(from.values, match, classes, from.table, from.column);
    task.class_names = texts_of(classes);
  }
  task.labels = labels_of(from, match);
  check_positives(task, from, at, report);
  report.tasks.back().classes = count_classes(task.class_names, task.labels);
  return task;
}

/// Classes that the table decides, and what is doubtful about them.
std::vector<std::string> found_classes(const LabelColumn& from, ImportReport& report) {
  const std::vector<std::string> classes = sorted_values(from.values, from.table, from.column);
  doubt_values(from.values, std::vector<int>(from.values.texts.size(), -1), "classes", report);
  constexpr std::size_t many = 20;
  if (classes.size() <= many) return classes;
  const bool numbers = are_numbers(from.values, from.table, from.column);
  const std::string count = std::to_string(classes.size()) + " different " + (numbers ? "numbers" : "texts");
  if (2 * classes.size() > from.table.rows() - from.values.missing) {
    if (numbers)
      throw data_error(from.values.place + ": expected classes, found " + count + " in " +
                       std::to_string(from.table.rows() - from.values.missing) +
                       " rows; say kind = \"regression\", or list them under classes if they are meant");
    report.guess(from.values.place,
                 count + " in " + std::to_string(from.table.rows()) + " rows are taken as classes",
                 "another column, or all of them under classes");
  } else if (numbers) {
    report.guess(from.values.place, count + " are taken as classes",
                 "kind = \"regression\" if they are quantities, else list them under classes");
  }
  return classes;
}

Task multiclass_task(TableReader& reader, Task task, const LabelColumn& from, ImportReport& report) {
  std::vector<Listed> classes = listed_values(reader, "classes");
  const bool said = !classes.empty();
  if (!said)
    for (const std::string& text : found_classes(from, report)) classes.push_back({text, false});
  if (classes.size() < 2 || classes.size() > 100000)
    throw data_error(from.table.file + ": column " + from.table.column_name(from.column) + " has " +
                     found_values(from.values) +
                     "; a multiclass task needs 2 to 100000 (did you mean kind = \"regression\"?)");
  const std::vector<int> match =
      match_values(from.values, classes, from.absent, key_place(reader, said ? "classes" : "column"), report);
  refuse_unknown(from.values, match, classes, from.table, from.column);
  task.class_names = texts_of(classes);
  task.classes = static_cast<int>(classes.size());
  task.labels = labels_of(from, match);
  report.tasks.back().classes = count_classes(task.class_names, task.labels);
  return task;
}

Task multilabel_task(TableReader& reader, Task task, const CsvTable& table, const Columns& columns,
                     const std::vector<std::string>& missing, ImportReport& report) {
  const std::string at = where(reader.need("columns"), reader.file()) + ": " + reader.full("columns");
  const bool absent = reader.boolean("allow_absent", false);
  const std::vector<std::size_t> members = columns.many(reader.texts("columns"), at);
  task.columns = members.size();
  task.labels.assign(table.rows() * members.size(), no_label);
  ImportReport::TaskLabels& found = report.tasks.back();
  found.columns = members;
  std::size_t positives = 0, labels = 0;
  for (std::size_t m = 0; m < members.size(); ++m) {
    const LabelColumn from{table, members[m], column_values(table, members[m], missing), absent};
    const std::vector<Listed> pair = customary_pair(from.values);
    const std::vector<int> match = match_values(from.values, pair, true, at, report);
    refuse_unknown(from.values, match, pair, table, members[m]);
    const std::vector<float> column = labels_of(from, match);
    std::size_t ones = 0;
    for (std::size_t row = 0; row < column.size(); ++row) {
      task.labels[row * members.size() + m] = column[row];
      ones += column[row] == 1;
      labels += !std::isnan(column[row]);
    }
    task.class_names.push_back(table.column_name(members[m]));
    found.classes.push_back({task.class_names.back(), ones});
    found.missing += from.values.missing;
    positives += ones;
    if (ones == 0 && !absent)
      report.guess(at, "no row is 1 in column " + task.class_names.back(),
                   "leave the column out, or allow_absent = true");
  }
  if (labels > 0 && positives == 0 && !absent)
    throw data_error(at + ": none of the " + std::to_string(labels) + " labels of task " + task.name +
                     " is positive (allow_absent = true takes such a table)");
  return task;
}

Task regression_task(Task task, const CsvTable& table, std::size_t column,
                     const std::vector<std::string>& missing, ImportReport& report) {
  ImportReport::TaskLabels& found = report.tasks.back();
  std::vector<double> numbers;
  found.least = std::numeric_limits<double>::infinity();
  found.most = -found.least;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.is_missing(row, column) ||
        (table.is_text(row, column) &&
         std::find(missing.begin(), missing.end(), table.cell(row, column)) != missing.end())) {
      task.labels.push_back(no_label);
      continue;
    }
    double ignored = 0;
    if (!table.number(row, column, ignored))
      throw data_error(table.where(row, column) + ": expected a number, found \"" +
                       shown(table.cell(row, column)) +
                       "\"; list texts that mean \"no label\" under missing");
    task.labels.push_back(float_at(table, row, column));
    numbers.push_back(number_at(table, row, column));
    found.least = std::min(found.least, numbers.back());
    found.most = std::max(found.most, numbers.back());
  }
  if (const std::size_t merged = merged_numbers(numbers); merged > 0)
    report.guess(column_place(table, column),
                 std::to_string(merged) + " of its different numbers become one in single precision",
                 "a column with an offset taken away, or of smaller numbers");
  return task;
}

std::vector<std::string> missing_texts(TableReader& reader) {
  return reader.find("missing") ? reader.texts("missing") : std::vector<std::string>{};
}

/// The table's metrics, all where there are several.
void read_metrics(TableReader& reader, TaskKind kind, const std::string& name, Task& task) {
  const std::string metric = reader.string("metric", "");
  const std::vector<std::string> several =
      reader.find("metrics") ? reader.texts("metrics") : std::vector<std::string>{};
  try {
    task.metrics = choose_metrics(name, kind, metric, several);
  } catch (const Error& error) {
    const std::string key = reader.find("metrics") ? "metrics" : "metric";
    throw usage_error(where(reader.need(key), reader.file()) + ": " + reader.full(key) + ": " + error.what());
  }
  task.metric = task.metrics.front();
  if (task.metrics.size() == 1) task.metrics.clear();
}

void count_labels(const Task& task, ImportReport::TaskLabels& found) {
  for (float label : task.labels) (std::isnan(label) ? found.missing : found.labels) += 1;
}

}  // namespace

Task import_task(const std::string& task_name, TableReader& reader, const CsvTable& table,
                 const Columns& columns, ImportReport& report) {
  Task task;
  task.name = task_name;
  try {
    task.kind = parse_task_kind(reader.string("kind"));
  } catch (const Error& error) {
    throw usage_error(where(reader.need("kind"), reader.file()) + ": " + reader.full("kind") + ": " +
                      error.what());
  }
  // Before any cell is looked at: a misspelt key should not show as a puzzling value.
  if (task.kind == TaskKind::multilabel)
    reader.expect_only({"columns", "metric", "metrics", "missing", "allow_absent"});
  else if (task.kind == TaskKind::regression)
    reader.expect_only({"column", "metric", "metrics", "missing", "unit"});
  else if (task.kind == TaskKind::multiclass)
    reader.expect_only({"column", "classes", "metric", "metrics", "missing", "allow_absent"});
  else
    reader.expect_only(
        {"column", "classes", "positive", "negative", "metric", "metrics", "missing", "allow_absent"});
  read_metrics(reader, task.kind, task_name, task);
  const std::vector<std::string> missing = missing_texts(reader);
  report.tasks.push_back({task_name, {}, 0, 0, {}, 0, 0});
  if (task.kind == TaskKind::multilabel) {
    task = multilabel_task(reader, std::move(task), table, columns, missing, report);
  } else {
    const std::size_t column = named_column(reader, columns);
    report.tasks.back().columns = {column};
    const std::string at = key_place(reader, "column");
    const bool absent = task.kind != TaskKind::regression && reader.boolean("allow_absent", false);
    if (task.kind == TaskKind::regression) {
      task.unit = reader.string("unit", "");
      task = regression_task(std::move(task), table, column, missing, report);
    } else if (task.kind == TaskKind::multiclass) {
      task = multiclass_task(reader, std::move(task),
                             {table, column, column_values(table, column, missing), absent}, report);
    } else {
      task = binary_task(reader, std::move(task),
                         {table, column, column_values(table, column, missing), absent}, at, report);
    }
  }
  report.tasks.back().missing = 0;
  count_labels(task, report.tasks.back());
  return task;
}

std::vector<Task> import_one_vs_rest(TableReader& reader, const CsvTable& table, const Columns& columns,
                                     ImportReport& report) {
  const std::size_t column = named_column(reader, columns);
  const toml::node& node = reader.need("column");
  const std::string prefix = reader.string(
      "prefix", node.is_integer() ? std::to_string(node.as_integer()->get()) : reader.string("column"));
  Task pattern;
  read_metrics(reader, TaskKind::binary, prefix, pattern);
  const LabelColumn from{table, column, column_values(table, column, missing_texts(reader)), false};
  const std::vector<std::string> values = found_classes(from, report);
  if (values.size() < 2 || values.size() > 10000)
    throw data_error(table.file + ": column " + table.column_name(column) + " has " +
                     found_values(from.values) + "; one task for each needs 2 to 10000");
  std::vector<Task> tasks;
  for (const std::string& value : values) {
    Task task = pattern;
    task.name = prefix + value;
    task.kind = TaskKind::binary;
    std::vector<int> match;
    for (const std::string& text : from.values.texts) match.push_back(text == value);
    task.labels = labels_of(from, match);
    task.class_names = {"not " + value, value};
    report.tasks.push_back({task.name, {column}, 0, 0, count_classes(task.class_names, task.labels), 0, 0});
    count_labels(task, report.tasks.back());
    tasks.push_back(std::move(task));
  }
  return tasks;
}

}  // namespace qmtl
