#include "io/import.h"

#include <cmath>
#include <filesystem>

#include "io/atomic_file.h"
#include "io/dataset.h"
#include "io/import_table.h"
#include "runtime/error.h"

namespace qmtl {
namespace {

std::string path_beside(const std::string& description, const std::string& file) {
  return (std::filesystem::path(description).parent_path() / file).string();
}

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

}  // namespace

Dataset import_description(const std::string& toml_path) {
  const toml::table description = parse_toml(read_file(toml_path), toml_path);
  TableReader root(description, toml_path, "");
  Dataset data;
  data.title = root.string("title", "");
  data.source = root.string("source", "");
  data.licence = root.string("licence", "");
  const std::string csv_path = path_beside(toml_path, root.string("file"));
  const char delimiter = delimiter_of(root);
  const bool header = root.boolean("header", true);
  const std::vector<std::string> names = root.texts("columns");
  CsvTable table = read_csv(csv_path, delimiter, header ? CsvHeader::yes : CsvHeader::no);
  const Columns columns(table, names, toml_path);
  data.samples = table.rows();

  for_each_table(root, "input", [&](const std::string& name, TableReader& reader) {
    const std::string at = where(reader.need("columns"), toml_path) + ": " + reader.full("columns");
    data.inputs.push_back(read_input(name, table, columns.many(reader.texts("columns"), at)));
    read_shape(reader, data.inputs.back());
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
