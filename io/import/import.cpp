// SPDX-License-Identifier: Apache-2.0
#include "io/import/import.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "io/data/dataset.h"
#include "io/files/atomic_file.h"
#include "io/import/import_files.h"
#include "io/import/import_keys.h"
#include "io/import/import_plan.h"
#include "io/import/import_table.h"
#include "io/import/input_values.h"
#include "io/import/values.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// Calls `read(name, reader)` for each table in [section.<name>], in file order, and checks its keys.
template <class Read>
void for_each_table(TableReader& root, const std::string& section, Read read) {
  const toml::table* tables = root.table(section);
  if (!tables) return;
  for (const Entry& entry : in_file_order(*tables)) {
    const std::string name(entry.key->str());
    const std::string full = section + "." + written_key(name);
    if (!entry.node->is_table()) wrong_value(*entry.node, root.file(), full, "a table [" + full + "]");
    TableReader reader(*entry.node->as_table(), root.file(), full);
    read(name, reader);
    reader.finish();
  }
}

/// The table of the key `file`, if there is one; else no rows.
CsvTable read_table(TableReader& root, const toml::table& description, std::optional<SampleCount>& count,
                    ImportReport& report) {
  if (!root.find("file")) return empty_table(root.file(), 0);
  const CsvDialect dialect = dialect_of(root);
  const std::string path = path_beside(root.file(), root.string("file"));
  CsvTable table = read_csv(path, dialect, report, plan_columns(description));
  count = SampleCount{table.rows(), path};
  return table;
}

/// Columns from other files than the table: a folder of pictures per class, then arrays.
std::vector<AddedColumn> other_columns(TableReader& root, std::optional<SampleCount>& count,
                                       ImportReport& report) {
  std::vector<AddedColumn> added;
  if (const toml::table* inputs = root.table("input"); inputs && !count)
    for (const Entry& entry : in_file_order(*inputs)) {
      const toml::table* input = entry.node->as_table();
      const auto folder = input ? (*input)["images"].value<std::string>() : std::nullopt;
      if (!folder || input->contains("column")) continue;
      if (count)
        throw usage_error(
            where(*entry.key, root.file()) + ": input." + std::string(entry.key->str()) +
            ": expected one input with a folder per class, found a second; name its files in a " + "column");
      added = list_class_folders(path_beside(root.file(), *folder), report);
      count = SampleCount{added[0].cells.size(), added[0].source};
    }
  for_each_table(root, "column", [&](const std::string& name, TableReader& reader) {
    reader.need("file");
    for (AddedColumn& column : import_columns(name, reader, count, report))
      added.push_back(std::move(column));
  });
  return added;
}

void check_new_names(const CsvTable& table, const std::vector<AddedColumn>& added, const std::string& file) {
  std::set<std::string> names(table.header.begin(), table.header.end());
  for (const AddedColumn& column : added)
    if (!names.insert(column.name).second)
      throw usage_error(file + ": two columns are named \"" + column.name + "\"; one is of " + column.source);
}

/// One task for each of several columns, all of one kind: the keys of a task with `columns` and `prefix`.
std::vector<Task> import_each(const toml::table& keys, const CsvTable& table, const Columns& columns,
                              const std::string& file, ImportReport& report) {
  TableReader each(keys, file, "tasks.each");
  const std::string at = where(each.need("columns"), file) + ": " + each.full("columns");
  const std::string prefix = each.string("prefix", "");
  std::vector<Task> tasks;
  for (std::size_t column : columns.many(each.texts("columns"), at)) {
    toml::table one = keys;
    one.erase("columns");
    one.erase("prefix");
    one.insert_or_assign("column", table.column_name(column));
    TableReader reader(one, file, "tasks.each");
    tasks.push_back(import_task(prefix + table.column_name(column), reader, table, columns, report));
  }
  return tasks;
}

void count_missing(const CsvTable& table, ImportReport& report) {
  report.rows = table.rows();
  for (std::size_t column = 0; column < table.columns; ++column)
    report.columns.push_back({table.column_name(column), table.missing(column)});
}

/// A column that is an input and the label of a task would be copied, not learnt.
void check_leaks(const std::vector<std::size_t>& inputs, const CsvTable& table, const std::string& file,
                 const ImportReport& report) {
  const std::set<std::size_t> used(inputs.begin(), inputs.end());
  for (const ImportReport::TaskLabels& task : report.tasks)
    for (std::size_t column : task.columns)
      if (used.contains(column))
        throw usage_error(file + ": column " + table.column_name(column) +
                          " is an input and the label of task " + shown(task.task) +
                          " at once, so that a model would only copy it; take it out of one of them");
}

/// Rows without any label teach and test nothing: where fractions decide the split, they get no place in it
/// and are left out, unless `keep_unlabelled` is true; where a column decides, they stay as it says.
void place_unlabelled(TableReader& split, CsvTable& table, std::vector<Task>& tasks, ImportReport& report) {
  std::vector<bool> labelled(table.rows(), false);
  for (const Task& task : tasks)
    for (std::size_t i = 0; i < task.labels.size(); ++i)
      if (!std::isnan(task.labels[i])) labelled[i / task.columns] = true;
  const auto without = static_cast<std::size_t>(std::count(labelled.begin(), labelled.end(), false));
  const bool keep = split.find("column") || split.boolean("keep_unlabelled", false);
  if (without == 0 || tasks.empty()) return;
  const std::string count =
      std::to_string(without) + " of " + std::to_string(table.rows()) + " rows have no label for any task";
  if (keep && 2 * without > table.rows() && !split.find("keep_unlabelled"))
    report.guess(split.full("column"), count + ", but take places in training, validation and test",
                 "fractions, which leave them out, or drop them with [rows]");
  else
    report.notes.push_back(count +
                           (keep ? "" : " and are left out; split.keep_unlabelled = true keeps them"));
  if (keep) return;
  if (without == table.rows())
    throw data_error(split.file() + ": expected rows with a label, found none: " + count);
  table.keep_rows(labelled);
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    Task& task = tasks[t];
    std::vector<float> kept;
    kept.reserve(table.rows() * task.columns);
    for (std::size_t i = 0; i < task.labels.size(); ++i)
      if (labelled[i / task.columns]) kept.push_back(task.labels[i]);
    report.tasks[t].missing -= task.labels.size() - kept.size();
    task.labels = std::move(kept);
  }
}

}  // namespace

Imported import_with_report(const std::string& toml_path, const ImportProgress& progress) {
  const toml::table description = parse_toml(read_file(toml_path, most_text_bytes), toml_path);
  TableReader root(description, toml_path, "");
  Imported imported;
  Dataset& data = imported.data;
  ImportReport& report = imported.report;
  report.progress = progress;
  data.title = root.string("title", "");
  data.source = root.string("source", "");
  data.licence = root.string("licence", "");
  std::optional<SampleCount> count;
  CsvTable table = read_table(root, description, count, report);
  const bool header = !table.header.empty();
  Columns columns(table, root.texts("columns"), toml_path);
  const std::vector<AddedColumn> added = other_columns(root, count, report);
  if (!count)
    throw usage_error(toml_path +
                      ": expected a table (file = ...), a table [column.<name>] or an input with images, " +
                      "found nothing that could hold the labels");
  if (table.rows() == 0) table = empty_table(toml_path, count->samples);
  check_new_names(table, added, toml_path);
  add_columns(table, added);
  columns.added();
  for_each_table(root, "join", [&](const std::string&, TableReader& reader) {
    const std::vector<AddedColumn> joined = import_join(reader, table, columns, report);
    check_new_names(table, joined, toml_path);
    add_columns(table, joined);
    columns.added();
  });

  if (const toml::table* rows = root.table("rows")) {
    TableReader reader(*rows, toml_path, "rows");
    filter_rows(reader, table, columns, report);
    reader.finish();
  }
  for_each_table(root, "task", [&](const std::string& name, TableReader& reader) {
    data.tasks.push_back(import_task(name, reader, table, columns, report));
  });
  if (const toml::table* generated = root.table("tasks")) {
    TableReader tasks(*generated, toml_path, "tasks");
    if (const toml::table* one_vs_rest = tasks.table("one_vs_rest")) {
      TableReader reader(*one_vs_rest, toml_path, "tasks.one_vs_rest");
      for (Task& task : import_one_vs_rest(reader, table, columns, report))
        data.tasks.push_back(std::move(task));
      reader.finish();
    }
    if (const toml::table* each = tasks.table("each"))
      for (Task& task : import_each(*each, table, columns, toml_path, report))
        data.tasks.push_back(std::move(task));
    tasks.finish();
  }
  const toml::table* split = root.table("split");
  if (!split)
    throw usage_error(toml_path + ": expected a table [split] with column or fractions, found none");
  TableReader split_reader(*split, toml_path, "split");
  place_unlabelled(split_reader, table, data.tasks, report);
  data.samples = table.rows();
  count_missing(table, report);
  if (root.find("groups")) data.groups = number_groups(table, named_column(root, columns, "groups"));
  data.split = import_split(split_reader, table, columns, data.groups, report);
  split_reader.finish();

  std::vector<std::size_t> used;
  toml::table resolved = description;
  for_each_table(root, "input", [&](const std::string& name, TableReader& reader) {
    toml::table* keys = resolved["input"][name].as_table();
    data.inputs.push_back(
        import_input(name, reader, {table, columns, data.split, used, report, keys}, *count));
  });
  if (root.find("id")) {
    const std::size_t id = columns.one(root.string("id"), toml_path + ": id");
    for (std::size_t row = 0; row < table.rows(); ++row) data.ids.emplace_back(table.cell(row, id));
    if (const std::set<std::string> distinct(data.ids.begin(), data.ids.end());
        distinct.size() < data.ids.size())
      report.notes.push_back(std::to_string(data.ids.size() - distinct.size()) + " ids have come before");
  }
  root.finish();

  check_leaks(used, table, toml_path, report);
  data.description = resolved_description(std::move(resolved), header, data);
  check_dataset(data, toml_path);
  data.hash = dataset_hash(data);
  return imported;
}

Dataset import_description(const std::string& toml_path) { return import_with_report(toml_path).data; }

}  // namespace qmtl
