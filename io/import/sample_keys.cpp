// SPDX-License-Identifier: Apache-2.0
#include "io/import/sample_keys.h"

#include <algorithm>
#include <filesystem>

#include "io/data/match_data.h"
#include "io/import/description_tasks.h"
#include "io/import/import_table.h"
#include "io/sources/array_file.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

toml::table plain_description(const ModelSpec& spec, const Meaning& meaning) {
  toml::table inputs;
  std::size_t place = 0;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    std::vector<std::string> columns = meaning.input(spec.inputs[i]).columns;
    for (std::size_t c = 0; c < spec.input_widths[i]; ++c) {
      ++place;
      if (c >= columns.size()) columns.push_back(std::to_string(place));
    }
    inputs.insert_or_assign(spec.inputs[i], toml::table{{"columns", toml_texts(columns)}});
  }
  return toml::table{{"input", std::move(inputs)}};
}

InputFrom made_from(const toml::table& keys) {
  return keys.contains("images") ? InputFrom::pictures
         : keys.contains("file") ? InputFrom::array
                                 : InputFrom::columns;
}

const char* words_of(InputFrom from) {
  return from == InputFrom::columns ? "columns of a table"
         : from == InputFrom::array ? "an array"
                                    : "pictures";
}

std::string place_of(const FirstRow& first, const std::vector<std::string>& order,
                     const std::string& column) {
  const auto at = std::find(first.needed.begin(), first.needed.end(), column);
  return at == first.needed.end() ? column : order[static_cast<std::size_t>(at - first.needed.begin())];
}

}  // namespace

bool is_place(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

toml::array toml_texts(const std::vector<std::string>& from) {
  toml::array array;
  for (const std::string& text : from) array.push_back(text);
  return array;
}

SampleKeys::SampleKeys(const NewSamples& given, const ModelSpec& spec, const Meaning& meaning)
    : given_(given),
      spec_(spec),
      described_(!meaning.description.empty()),
      keys_(described_ ? parse_toml(meaning.description, description_origin)
                       : plain_description(spec, meaning)) {
  for (const std::string& name : spec.inputs)
    if (!keys_["input"][name].is_table())
      throw data_error(std::string(description_origin) + " has no input " + shown(name) +
                       "; give the samples as a data set (qmtl import)");
    else
      complete(name, meaning.input(name).columns);
  for (const auto& [input, file] : given_.inputs) {
    if (std::find(spec_.inputs.begin(), spec_.inputs.end(), input) == spec_.inputs.end())
      throw usage_error("--input " + input + ": expected one of the model's inputs, found another");
    toml::table& keys = of(input);
    const InputFrom from = made_from(keys);
    if (from == InputFrom::columns && described_)
      throw usage_error("--input " + input +
                        ": expected an input of arrays or pictures, found one of columns; " +
                        "its table is the file to predict");
    if (from == InputFrom::columns) keys = toml::table{};
    keys.insert_or_assign(from == InputFrom::pictures ? "images" : "file", fs::absolute(file).string());
    settled_.insert(input);
  }
}

/// What the description leaves open, and what it may not say.
void SampleKeys::complete(const std::string& input, const std::vector<std::string>& names) {
  toml::table& keys = of(input);
  keys.erase("external_folders");  // a file of strangers may not say what else is read
  // Filled columns whose gaps are told, where only the names of the numbers say which.
  if (!keys["fill"].is_table() || keys["indicator"].is_array() || !keys["indicator"].value_or(true) ||
      names.empty())
    return;
  toml::array indicated;
  if (const toml::array* columns = keys["columns"].as_array())
    for (const toml::node& column : *columns)
      if (const std::string name = column.value_or(std::string());
          std::find(names.begin(), names.end(), name + ".missing") != names.end())
        indicated.push_back(name);
  keys.insert_or_assign("indicator", std::move(indicated));
}

std::vector<std::string> SampleKeys::open_inputs() const {
  std::vector<std::string> open;
  for (const std::string& name : spec_.inputs)
    if (!settled_.contains(name)) open.push_back(name);
  return open;
}

void SampleKeys::take(InputFrom from, const std::string& path) {
  const std::vector<std::string> open = open_inputs();
  if (open.size() != 1)
    throw usage_error(given_.file + ": it can hold one input, but the model has " +
                      std::to_string(open.size()) + " to be given (" + listed_names(open) +
                      "); name the files of arrays and pictures with --input NAME=FILE");
  toml::table& keys = of(open[0]);
  const InputFrom wanted = made_from(keys);
  if (wanted != from && (described_ || from == InputFrom::pictures))
    throw usage_error(given_.file + ": input " + open[0] + " of the model was made from " + words_of(wanted) +
                      ", found " + words_of(from));
  if (wanted == InputFrom::columns) keys = toml::table{};
  keys.insert_or_assign(from == InputFrom::pictures ? "images" : "file", fs::absolute(path).string());
  // The list of pictures stands in a column of its own.
  if (from == InputFrom::pictures) keys.erase("column");
  settled_.insert(open[0]);
}

bool SampleKeys::is_array(const std::string& input) const {
  return made_from(*keys_["input"][input].as_table()) == InputFrom::array;
}

std::string SampleKeys::first_array() const {
  const auto found = std::find_if(spec_.inputs.begin(), spec_.inputs.end(),
                                  [&](const std::string& name) { return is_array(name); });
  return found == spec_.inputs.end() ? std::string() : *found;
}

bool SampleKeys::row_by_row() const {
  // How many rows an array must have is known only when all of the table was read.
  if (!first_array().empty()) return false;
  return std::none_of(spec_.inputs.begin(), spec_.inputs.end(), [&](const std::string& name) {
    const auto keys = keys_["input"][name];
    return keys["fill"].is_table() && !keys["indicator"].is_array() && keys["indicator"].value_or(true);
  });
}

void SampleKeys::take_table() {
  for (const std::string& name : open_inputs())
    if (made_from(of(name)) == InputFrom::array)
      throw usage_error(given_.file + ": input " + shown(name) +
                        " of the model was made from an array, found a " +
                        "table; name its file with --input " + name + "=FILE");
  for (const std::string& name : open_inputs()) {
    toml::table& keys = of(name);
    if (made_from(keys) == InputFrom::pictures)
      keys.insert_or_assign("images", fs::absolute(given_.images.empty() ? fs::path(given_.file).parent_path()
                                                                         : fs::path(given_.images))
                                          .string());
  }
}

std::vector<std::string> SampleKeys::needed_columns() {
  std::vector<std::string> needed;
  std::set<std::string> seen;
  const auto add = [&](const std::string& name) {
    if (seen.insert(name).second) needed.push_back(name);
  };
  for (const std::string& name : open_inputs()) {
    toml::table& keys = of(name);
    if (made_from(keys) == InputFrom::pictures) add(keys["column"].value_or(std::string("file")));
    if (const toml::array* columns = keys["columns"].as_array())
      for (const toml::node& column : *columns) add(column.value_or(std::string()));
  }
  return needed;
}

FirstRow SampleKeys::first_row() {
  FirstRow row;
  row.file = given_.file;
  row.needed = needed_columns();
  const bool places = std::all_of(row.needed.begin(), row.needed.end(), is_place);
  row.expected = keys_["header"].value_or(!places && (keys_.contains("file") || !described_));
  row.wider = described_;
  row.named = row.expected || keys_.contains("columns") || !places;
  if (const toml::array* all = keys_["columns"].as_array())
    for (const toml::node& name : *all)
      for (std::string& one : expand_range(name.value_or(std::string()), description_origin))
        row.all.push_back(std::move(one));
  constexpr std::size_t most = 10'000'000;
  if (row.all.size() > most)
    throw data_error(std::string(description_origin) + ": expected at most 10 million columns, found more");
  // Which columns of the first row must be numbers: those that no key takes as texts.
  for (const std::string& name : open_inputs()) {
    toml::table& keys = of(name);
    if (made_from(keys) == InputFrom::pictures)
      row.texts.insert(keys["column"].value_or(std::string("file")));
    for (const char* key : {"one_hot", "ordinal"})
      if (const toml::array* columns = keys[key].as_array())
        for (const toml::node& column : *columns) row.texts.insert(column.value_or(std::string()));
  }
  return row;
}

void SampleKeys::use_places(const FirstRow& first, const std::vector<std::string>& order) {
  for (const std::string& name : open_inputs()) {
    toml::table& keys = of(name);
    for (const char* key : {"columns", "one_hot", "ordinal", "indicator"})
      if (toml::array* listed = keys[key].as_array()) {
        toml::array moved;
        for (const toml::node& column : *listed)
          moved.push_back(place_of(first, order, column.value_or(std::string())));
        keys.insert_or_assign(key, std::move(moved));
      }
    for (const char* key : {"categories", "fill"})
      if (toml::table* values = keys[key].as_table()) {
        toml::table moved;
        for (auto&& [column, value] : *values)
          moved.insert_or_assign(place_of(first, order, std::string(column.str())), value);
        keys.insert_or_assign(key, std::move(moved));
      }
  }
}

}  // namespace qmtl
