// SPDX-License-Identifier: Apache-2.0
#include "io/data/import.h"

#include <cmath>
#include <optional>
#include <set>

#include "io/files/atomic_file.h"
#include "io/data/dataset.h"
#include "io/data/import_files.h"
#include "io/data/import_table.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

char delimiter_of(TableReader& root) {
  const std::string text = root.string("delimiter", ",");
  if (text.size() != 1 || text == "\"" || text == "\n" || text == "\r")
    wrong_value(*root.find("delimiter"), root.file(), "delimiter",
                "one character, for example \",\" or \"\\t\"");
  return text[0];
}

Input read_input(const std::string& name, const CsvTable& table, const std::vector<std::size_t>& columns) {
  Input input;
  input.name = name;
  input.width = columns.size();
  input.shape = {columns.size()};
  input.values.reserve(table.rows() * columns.size());
  for (std::size_t row = 0; row < table.rows(); ++row)
    for (std::size_t column : columns) input.values.push_back(number_at(table, row, column));
  return input;
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
CsvTable read_table(TableReader& root, std::optional<SampleCount>& count) {
  if (!root.find("file")) return empty_table(root.file(), 0);
  const std::string path = path_beside(root.file(), root.string("file"));
  const char delimiter = delimiter_of(root);
  const bool header = root.boolean("header", true);
  CsvTable table = read_csv(path, delimiter, header ? CsvHeader::yes : CsvHeader::no);
  count = SampleCount{table.rows(), path};
  return table;
}

/// Columns from other files than the table: a folder of pictures per class, then arrays.
std::vector<AddedColumn> other_columns(TableReader& root, std::optional<SampleCount>& count) {
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
      added = list_class_folders(path_beside(root.file(), *folder));
      count = SampleCount{added[0].cells.size(), added[0].source};
    }
  for_each_table(root, "column", [&](const std::string& name, TableReader& reader) {
    reader.need("file");
    for (AddedColumn& column : import_columns(name, reader, count)) added.push_back(std::move(column));
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
Input import_input(const std::string& name, TableReader& reader, const CsvTable& table,
                   const Columns& columns, const SampleCount& count) {
  // Before any file is looked at: a misspelt key should not show as a puzzling value.
  if (reader.find("images")) {
    reader.expect_only({"images", "column", "size", "grey"});
    return import_images(name, reader, table, columns);
  }
  Input input;
  if (reader.find("file")) {
    reader.expect_only({"file", "dataset", "shape"});
    input = import_array(name, reader, count);
  } else {
    const std::string at = where(reader.need("columns"), reader.file()) + ": " + reader.full("columns");
    input = read_input(name, table, columns.many(reader.texts("columns"), at));
  }
  read_shape(reader, input);
  return input;
}

}  // namespace

Dataset import_description(const std::string& toml_path) {
  const toml::table description = parse_toml(read_file(toml_path), toml_path);
  TableReader root(description, toml_path, "");
  Dataset data;
  data.title = root.string("title", "");
  data.source = root.string("source", "");
  data.licence = root.string("licence", "");
  std::optional<SampleCount> count;
  CsvTable table = read_table(root, count);
  const Columns columns(table, root.texts("columns"), toml_path);
  const std::vector<AddedColumn> added = other_columns(root, count);
  if (!count)
    throw usage_error(toml_path +
                      ": expected a table (file = ...), a table [column.<name>] or an input with images, " +
                      "found nothing that could hold the labels");
  if (table.rows() == 0) table = empty_table(toml_path, count->samples);
  check_new_names(table, added, toml_path);
  add_columns(table, added);
  data.samples = table.rows();

  for_each_table(root, "input", [&](const std::string& name, TableReader& reader) {
    data.inputs.push_back(import_input(name, reader, table, columns, *count));
  });
  for_each_table(root, "task", [&](const std::string& name, TableReader& reader) {
    data.tasks.push_back(import_task(name, reader, table, columns));
  });
  if (const toml::table* generated = root.table("tasks")) {
    TableReader tasks(*generated, toml_path, "tasks");
    if (const toml::table* one_vs_rest = tasks.table("one_vs_rest")) {
      TableReader reader(*one_vs_rest, toml_path, "tasks.one_vs_rest");
      for (Task& task : import_one_vs_rest(reader, table, columns)) data.tasks.push_back(std::move(task));
      reader.finish();
    }
    tasks.finish();
  }
  const toml::table* split = root.table("split");
  if (!split)
    throw usage_error(toml_path + ": expected a table [split] with column or fractions, found none");
  TableReader split_reader(*split, toml_path, "split");
  data.split = import_split(split_reader, table, columns);
  split_reader.finish();
  if (root.find("id")) {
    const std::size_t id = columns.one(root.string("id"), toml_path + ": id");
    for (std::size_t row = 0; row < table.rows(); ++row) data.ids.emplace_back(table.cell(row, id));
  }
  root.finish();

  check_dataset(data, toml_path);
  data.hash = dataset_hash(data);
  return data;
}

Dataset read_csv_inputs(const std::string& csv_path, const ModelSpec& spec) {
  const CsvTable table = read_csv(csv_path, ',', CsvHeader::guess);
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
  std::size_t column = with_id ? 1 : 0;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    std::vector<std::size_t> columns(spec.input_widths[i]);
    for (std::size_t& member : columns) member = column++;
    data.inputs.push_back(read_input(spec.inputs[i], table, columns));
  }
  if (with_id)
    for (std::size_t row = 0; row < table.rows(); ++row) data.ids.emplace_back(table.cell(row, 0));
  data.split.assign(data.samples, static_cast<std::uint8_t>(Split::test));
  data.hash = dataset_hash(data);
  return data;
}

}  // namespace qmtl
