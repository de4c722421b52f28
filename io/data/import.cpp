// SPDX-License-Identifier: Apache-2.0
#include "io/data/import.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "io/data/dataset.h"
#include "io/data/import_files.h"
#include "io/data/import_inputs.h"
#include "io/data/import_plan.h"
#include "io/data/import_table.h"
#include "io/data/input_values.h"
#include "io/data/text_encoding.h"
#include "io/data/values.h"
#include "io/files/atomic_file.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// The keys that say how the table is written.
CsvDialect dialect_of(TableReader& root) {
  CsvDialect dialect;
  const auto wrong = [&](const char* key, const std::string& expected) {
    wrong_value(*root.find(key), root.file(), key, expected);
  };
  const std::string delimiter = root.string("delimiter", ",");
  dialect.whitespace = delimiter == "whitespace";
  if (!dialect.whitespace &&
      (delimiter.size() != 1 || delimiter == "\"" || delimiter == "\n" || delimiter == "\r"))
    wrong("delimiter", "one character, for example \",\" or \"\\t\", or \"whitespace\"");
  dialect.delimiter = delimiter[0];
  NumberFormat& numbers = dialect.numbers;
  const auto sign = [&](const char* key, const std::string& otherwise) {
    const std::string text = root.string(key, otherwise);
    const bool digit = std::any_of(text.begin(), text.end(), [](unsigned char c) {
      return std::isalnum(c) || c == '-' || c == '+' || c == '"' || c == '\n';
    });
    if (text.size() > 4 || digit || (text.empty() && root.find(key)))
      wrong(key, "one character such as \",\" or \".\"");
    return text;
  };
  numbers.decimal = sign("decimal", ".");
  numbers.thousands = sign("thousands", "");
  if (numbers.decimal == numbers.thousands) wrong("thousands", "another character than decimal");
  dialect.comment = root.string("comment", "");
  if (root.find("comment") &&
      (dialect.comment.empty() || dialect.comment[0] == '"' || dialect.comment == delimiter))
    wrong("comment", "the text that begins a comment, such as \"#\"");
  dialect.encoding = root.string("encoding", "");
  dialect.header = !root.find("header")           ? CsvHeader::assumed
                   : root.boolean("header", true) ? CsvHeader::yes
                                                  : CsvHeader::no;
  return dialect;
}

/// The optional key `shape` of an input whose columns are an image: [H, W] or [C, H, W].
void read_shape(TableReader& reader, Input& input) {
  const toml::node* node = reader.find("shape");
  if (!node) return;
  const std::string expected =
      "whole numbers above 0 whose product is the number of columns, " + std::to_string(input.width);
  std::vector<std::size_t> shape;
  double product = 1;
  for (double extent : reader.numbers("shape")) {
    if (!(extent >= 1) || extent > static_cast<double>(input.width) || extent != std::floor(extent))
      wrong_value(*node, reader.file(), reader.full("shape"), expected);
    shape.push_back(static_cast<std::size_t>(extent));
    product *= extent;
  }
  if (product != static_cast<double>(input.width))
    wrong_value(*node, reader.file(), reader.full("shape"), expected);
  input.shape = std::move(shape);
}

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

/// One [input.<name>]: columns of the table, an array or pictures.
Input import_input(const std::string& name, TableReader& reader, InputSource source,
                   const SampleCount& count) {
  // Before any file is looked at: a misspelt key should not show as a puzzling value.
  if (reader.find("images")) {
    reader.expect_only({"images", "column", "size", "grey"});
    return import_images(name, reader, source.table, source.columns, source.report);
  }
  Input input;
  if (reader.find("file")) {
    reader.expect_only({"file", "dataset", "external_folders", "shape"});
    input = import_array(name, reader, count, source.table.origin, source.report);
  } else {
    input = import_column_input(name, reader, source);
  }
  read_shape(reader, input);
  if (input.shape.size() > 1) take_shift_back(input);
  return input;
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

void count_unlabelled(const Dataset& data, ImportReport& report) {
  std::size_t unlabelled = 0;
  for (std::size_t row = 0; row < data.samples; ++row) {
    bool any = false;
    for (const Task& task : data.tasks)
      for (std::size_t c = 0; c < task.columns && !any; ++c)
        any = !std::isnan(task.labels[row * task.columns + c]);
    unlabelled += !any;
  }
  if (2 * unlabelled > data.samples)
    report.guess("split",
                 std::to_string(unlabelled) + " of " + std::to_string(data.samples) +
                     " rows have no label for any task, but take places in training, validation and test",
                 "a table without them");
  else if (unlabelled > 0)
    report.notes.push_back(std::to_string(unlabelled) + " rows have no label for any task");
}

}  // namespace

Imported import_with_report(const std::string& toml_path) {
  const toml::table description = parse_toml(read_file(toml_path, most_text_bytes), toml_path);
  TableReader root(description, toml_path, "");
  Imported imported;
  Dataset& data = imported.data;
  ImportReport& report = imported.report;
  data.title = root.string("title", "");
  data.source = root.string("source", "");
  data.licence = root.string("licence", "");
  std::optional<SampleCount> count;
  CsvTable table = read_table(root, description, count, report);
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

  if (const toml::table* rows = root.table("rows")) {
    TableReader reader(*rows, toml_path, "rows");
    filter_rows(reader, table, columns, report);
    reader.finish();
  }
  data.samples = table.rows();
  count_missing(table, report);
  if (root.find("groups")) data.groups = number_groups(table, named_column(root, columns, "groups"));
  const toml::table* split = root.table("split");
  if (!split)
    throw usage_error(toml_path + ": expected a table [split] with column or fractions, found none");
  TableReader split_reader(*split, toml_path, "split");
  data.split = import_split(split_reader, table, columns, data.groups, report);
  split_reader.finish();

  std::vector<std::size_t> used;
  for_each_table(root, "input", [&](const std::string& name, TableReader& reader) {
    data.inputs.push_back(import_input(name, reader, {table, columns, data.split, used, report}, *count));
  });
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
  if (root.find("id")) {
    const std::size_t id = columns.one(root.string("id"), toml_path + ": id");
    for (std::size_t row = 0; row < table.rows(); ++row) data.ids.emplace_back(table.cell(row, id));
    if (const std::set<std::string> distinct(data.ids.begin(), data.ids.end());
        distinct.size() < data.ids.size())
      report.notes.push_back(std::to_string(data.ids.size() - distinct.size()) + " ids have come before");
  }
  root.finish();

  check_leaks(used, table, toml_path, report);
  count_unlabelled(data, report);
  check_dataset(data, toml_path);
  data.hash = dataset_hash(data);
  return imported;
}

Dataset import_description(const std::string& toml_path) { return import_with_report(toml_path).data; }

Dataset read_csv_inputs(const std::string& csv_path, const ModelSpec& spec,
                        const std::vector<Standardisation>& statistics) {
  ImportReport report;
  CsvDialect dialect;
  dialect.header = CsvHeader::guess;
  const CsvTable table =
      read_csv(csv_path, dialect, report, [](const std::vector<std::string>& header, std::size_t columns) {
        std::vector<Keep> keep(columns, Keep::number);
        if (!header.empty() && header[0] == "id") keep[0] = Keep::text;
        return keep;
      });
  std::size_t expected = 0;
  std::string parts;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    expected += spec.input_widths[i];
    parts += (i ? ", " : "") + std::to_string(spec.input_widths[i]) + " for input " + spec.inputs[i];
  }
  const bool with_id = !table.header.empty() && table.header[0] == "id";
  if (table.columns != expected + (with_id ? 1 : 0))
    throw data_error(csv_path + ": expected " + std::to_string(expected) + " columns (" + parts +
                     "), optionally after a column named id, found " + std::to_string(table.columns) +
                     "; keep only the columns the model was trained on, in that order");
  Dataset data;
  data.samples = table.rows();
  std::size_t first = with_id ? 1 : 0;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    Input input;
    input.name = spec.inputs[i];
    input.width = spec.input_widths[i];
    input.shape = {input.width};
    const auto read = [&](std::size_t row, double* numbers) {
      for (std::size_t c = 0; c < input.width; ++c) {
        numbers[c] = number_at(table, row, first + c);
        if (!std::isfinite(static_cast<float>(numbers[c]))) float_at(table, row, first + c);
      }
    };
    const auto found = std::find_if(statistics.begin(), statistics.end(),
                                    [&](const Standardisation& entry) { return entry.input == input.name; });
    const Standardisation none;
    const Standardisation& entry = found == statistics.end() ? none : *found;
    fill_input_near(input, table.rows(), read, entry.mean, entry.deviation);
    first += input.width;
    data.inputs.push_back(std::move(input));
  }
  if (with_id)
    for (std::size_t row = 0; row < table.rows(); ++row) data.ids.emplace_back(table.cell(row, 0));
  data.split.assign(data.samples, static_cast<std::uint8_t>(Split::test));
  data.hash = dataset_hash(data);
  return data;
}

}  // namespace qmtl
