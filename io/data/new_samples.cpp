// SPDX-License-Identifier: Apache-2.0
#include "io/data/new_samples.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "io/data/array_file.h"
#include "io/data/dataset.h"
#include "io/data/description_tasks.h"
#include "io/data/file_kind.h"
#include "io/data/first_row.h"
#include "io/data/import_keys.h"
#include "io/data/import_plan.h"
#include "io/data/match_data.h"
#include "io/data/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

constexpr const char* origin = "the model's description";

bool is_place(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

toml::array texts(const std::vector<std::string>& from) {
  toml::array array;
  for (const std::string& text : from) array.push_back(text);
  return array;
}

/// What a model without a description reads: columns of numbers, by name where they have names.
toml::table plain_description(const ModelSpec& spec, const Meaning& meaning) {
  toml::table inputs;
  std::size_t place = 0;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    std::vector<std::string> columns = meaning.input(spec.inputs[i]).columns;
    for (std::size_t c = 0; c < spec.input_widths[i]; ++c) {
      ++place;
      if (c >= columns.size()) columns.push_back(std::to_string(place));
    }
    inputs.insert_or_assign(spec.inputs[i], toml::table{{"columns", texts(columns)}});
  }
  return toml::table{{"input", std::move(inputs)}};
}

enum class Source : std::uint8_t { columns, array, pictures };

Source source_of(const toml::table& keys) {
  return keys.contains("images") ? Source::pictures : keys.contains("file") ? Source::array : Source::columns;
}

const char* words_of(Source source) {
  return source == Source::columns ? "columns of a table" : source == Source::array ? "an array" : "pictures";
}

/// Reads the inputs of one model from files.
class Samples {
 public:
  Samples(const NewSamples& given, const ModelSpec& spec, const Meaning& meaning,
          const std::vector<Standardisation>& statistics, bool labels)
      : given_(given), spec_(spec), meaning_(meaning), statistics_(statistics), labels_(labels) {
    described_ = !meaning.description.empty();
    keys_ = described_ ? parse_toml(meaning.description, origin) : plain_description(spec, meaning);
    for (const std::string& name : spec.inputs)
      if (!keys_["input"][name].is_table())
        throw data_error(std::string(origin) + " has no input " + shown(name) +
                         "; give the samples as a data set (qmtl import)");
      else
        keys_of(name).erase("external_folders");  // a file of strangers may not say what else is read
    take_files();
  }

  FoundSamples read() {
    std::error_code ignored;
    FoundSamples found;
    CsvTable table;
    if (fs::is_directory(given_.file, ignored)) {
      take(Source::pictures, given_.file);
      table = listed(list_pictures(given_.file), given_.file);
    } else if (is_picture_file(given_.file)) {
      take(Source::pictures, fs::path(given_.file).parent_path().string());
      table = listed({fs::path(given_.file).filename().string()}, given_.file);
    } else if (is_array_file(given_.file)) {
      const std::size_t samples = take_array();
      table = empty_table(given_.file, samples);
    } else {
      table = read_table(found);
    }
    return read_inputs(std::move(table), std::move(found));
  }

 private:
  toml::table& keys_of(const std::string& input) { return *keys_["input"][input].as_table(); }

  /// Files that were given by an input's name.
  void take_files() {
    for (const auto& [input, file] : given_.inputs) {
      if (std::find(spec_.inputs.begin(), spec_.inputs.end(), input) == spec_.inputs.end())
        throw usage_error("--input " + input + ": expected one of the model's inputs, found another");
      toml::table& keys = keys_of(input);
      const Source source = source_of(keys);
      if (source == Source::columns && described_)
        throw usage_error("--input " + input +
                          ": expected an input of arrays or pictures, found one of columns; " +
                          "its table is the file to predict");
      if (source == Source::columns) keys = toml::table{};
      keys.insert_or_assign(source == Source::pictures ? "images" : "file", fs::absolute(file).string());
      settled_.insert(input);
    }
  }

  /// The inputs that nothing was given for yet.
  std::vector<std::string> open_inputs() const {
    std::vector<std::string> open;
    for (const std::string& name : spec_.inputs)
      if (!settled_.contains(name)) open.push_back(name);
    return open;
  }

  /// The file is one array or folder of pictures: all else must be given.
  void take(Source source, const std::string& path) {
    const std::vector<std::string> open = open_inputs();
    if (open.size() != 1)
      throw usage_error(given_.file + ": it can hold one input, but the model has " +
                        std::to_string(open.size()) + " to be given (" + listed_names(open) +
                        "); name the files of arrays and pictures with --input NAME=FILE");
    toml::table& keys = keys_of(open[0]);
    const Source wanted = source_of(keys);
    if (wanted != source && (described_ || source == Source::pictures))
      throw usage_error(given_.file + ": input " + open[0] + " of the model was made from " +
                        words_of(wanted) + ", found " + words_of(source));
    if (wanted == Source::columns) keys = toml::table{};
    keys.insert_or_assign(source == Source::pictures ? "images" : "file", fs::absolute(path).string());
    // The list of pictures stands in a column of its own.
    if (source == Source::pictures) keys.erase("column");
    settled_.insert(open[0]);
  }

  std::size_t take_array() {
    take(Source::array, given_.file);
    for (const std::string& name : spec_.inputs)
      if (const toml::table& keys = keys_of(name); source_of(keys) == Source::array)
        return read_array(keys["file"].value_or(std::string()), keys["dataset"].value_or(std::string()))
            .samples();
    return 0;
  }

  static CsvTable listed(const std::vector<std::string>& files, const std::string& from) {
    CsvTable table = empty_table(from, files.size());
    add_columns(table, {{"file", from, files}});
    return table;
  }

  /// The columns that inputs are made from, in the model's order.
  std::vector<std::string> needed_columns() {
    std::vector<std::string> needed;
    std::set<std::string> seen;
    const auto add = [&](const std::string& name) {
      if (seen.insert(name).second) needed.push_back(name);
    };
    for (const std::string& name : open_inputs()) {
      toml::table& keys = keys_of(name);
      if (source_of(keys) == Source::pictures) add(keys["column"].value_or(std::string("file")));
      if (const toml::array* columns = keys["columns"].as_array())
        for (const toml::node& column : *columns) add(column.value_or(std::string()));
    }
    return needed;
  }

  /// Which columns of the first row must be numbers: those that no key takes as texts.
  FirstRow first_row() {
    FirstRow row;
    row.file = given_.file;
    row.needed = needed_columns();
    const bool places = std::all_of(row.needed.begin(), row.needed.end(), is_place);
    row.expected = keys_["header"].value_or(!places && (keys_.contains("file") || !described_));
    row.wider = described_;
    row.named = row.expected || keys_.contains("columns") || !places;
    if (const toml::array* all = keys_["columns"].as_array())
      for (const toml::node& name : *all)
        for (std::string& one : expand_range(name.value_or(std::string()), origin))
          row.all.push_back(std::move(one));
    constexpr std::size_t most = 10'000'000;
    if (row.all.size() > most)
      throw data_error(std::string(origin) + ": expected at most 10 million columns, found more");
    for (const std::string& name : open_inputs()) {
      toml::table& keys = keys_of(name);
      if (source_of(keys) == Source::pictures) row.texts.insert(keys["column"].value_or(std::string("file")));
      for (const char* key : {"one_hot", "ordinal"})
        if (const toml::array* columns = keys[key].as_array())
          for (const toml::node& column : *columns) row.texts.insert(column.value_or(std::string()));
    }
    return row;
  }

  CsvTable read_table(FoundSamples& found) {
    for (const std::string& name : open_inputs())
      if (source_of(keys_of(name)) == Source::array)
        throw usage_error(given_.file + ": input " + shown(name) +
                          " of the model was made from an array, found a " +
                          "table; name its file with --input " + name + "=FILE");
    TableReader reader(keys_, origin, "");
    CsvDialect dialect = dialect_of(reader);
    FirstRow first = first_row();
    first.numbers = dialect.numbers;
    dialect.header = given_.header;
    dialect.is_header = [first](const std::vector<std::string>& cells) { return first.is_header(cells); };
    ImportReport report;
    CsvTable table = read_csv(given_.file, dialect, report,
                              [&](const std::vector<std::string>& header, std::size_t columns) {
                                name_columns(first, header, columns);
                                return planned(first.named ? header : std::vector<std::string>{}, columns);
                              });
    if (!first.named) table.header.clear();
    found.notes = std::move(report.notes);
    for (const std::string& name : open_inputs()) {
      toml::table& keys = keys_of(name);
      if (source_of(keys) == Source::pictures)
        keys.insert_or_assign("images",
                              fs::absolute(given_.images.empty() ? fs::path(given_.file).parent_path()
                                                                 : fs::path(given_.images))
                                  .string());
    }
    return table;
  }

  /// Settles how the table's columns are called, from its names or their number.
  void name_columns(const FirstRow& first, const std::vector<std::string>& header, std::size_t columns) {
    keys_.erase("columns");
    if (first.named && !header.empty()) {
      first.check_names(header);
      id_ = keys_["id"].value_or(std::string("id"));
      if (std::find(header.begin(), header.end(), id_) == header.end() ||
          std::find(first.needed.begin(), first.needed.end(), id_) != first.needed.end())
        id_.clear();
      return;
    }
    const bool with_id = !header.empty() && header[0] == "id";
    const std::vector<std::string> order = first.order(columns, with_id);
    if (with_id) id_ = "1";
    if (first.named) {
      keys_.insert_or_assign("columns", texts(order));
      if (std::find(order.begin(), order.end(), keys_["id"].value_or(std::string())) != order.end())
        id_ = keys_["id"].value_or(std::string());
      return;
    }
    labels_in_place_ = columns != first.needed.size() && !with_id;
    // By their places: needed column i is the table's column order[i].
    for (const std::string& name : open_inputs()) {
      toml::table& keys = keys_of(name);
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

  static std::string place_of(const FirstRow& first, const std::vector<std::string>& order,
                              const std::string& column) {
    const auto at = std::find(first.needed.begin(), first.needed.end(), column);
    return at == first.needed.end() ? column : order[static_cast<std::size_t>(at - first.needed.begin())];
  }

  /// As the import plans, but numbers in double precision, and ids kept.
  std::vector<Keep> planned(const std::vector<std::string>& header, std::size_t columns) const {
    std::vector<Keep> keep = plan_columns(keys_)(header, columns);
    for (Keep& one : keep)
      if (one == Keep::input) one = Keep::number;
    for (std::size_t c = 0; c < columns; ++c)
      if (!id_.empty() && (c < header.size() ? header[c] == id_ : std::to_string(c + 1) == id_))
        keep[c] = Keep::text;
    return keep;
  }

  FoundSamples read_inputs(CsvTable table, FoundSamples found) {
    std::vector<std::string> names;
    if (const toml::array* listed = keys_["columns"].as_array())
      for (const toml::node& name : *listed) names.push_back(name.value_or(std::string()));
    const Columns columns(table, names, origin);
    Dataset& data = found.data;
    data.samples = table.rows();
    data.split.assign(data.samples, static_cast<std::uint8_t>(Split::test));
    ImportReport report;
    std::vector<bool> taken(table.columns, false);
    for (std::size_t i = 0; i < spec_.inputs.size(); ++i) {
      const std::string& name = spec_.inputs[i];
      TableReader reader(keys_of(name), origin, "input." + written_key(name));
      const KnownNumbers known = known_numbers(name);
      std::vector<std::size_t> used;
      InputSource source{table, columns, data.split, used, report, nullptr, &known};
      data.inputs.push_back(import_input(name, reader, source, {data.samples, given_.file}));
      check_shape(data.inputs.back(), i);
      if (!used.empty()) {
        found.uses.push_back({"input " + name, {}});
        for (std::size_t column : used) {
          found.uses.back().columns.push_back(table.column_name(column));
          taken[column] = true;
        }
      }
    }
    take_ids(table, columns, found, taken);
    if (labels_) read_labels(table, columns, found, taken, report);
    say_the_rest(table, found, taken);
    for (const Guess& guess : report.guesses) found.notes.push_back(guess.where + ": " + guess.found);
    found.notes.insert(found.notes.end(), report.notes.begin(), report.notes.end());
    data.hash = dataset_hash(data);
    return found;
  }

  KnownNumbers known_numbers(const std::string& name) const {
    if (!meaning_.empty()) return {meaning_.input(name).shift, nullptr};
    for (const Standardisation& entry : statistics_)
      if (entry.input == name) return {{}, &entry};
    return {};
  }

  void check_shape(const Input& input, std::size_t i) const {
    const auto text = [](const std::vector<std::size_t>& shape) {
      std::string all;
      for (std::size_t extent : shape) all += (all.empty() ? "[" : ", ") + std::to_string(extent);
      return all + "]";
    };
    const bool image = i < spec_.input_shapes.size() && !spec_.input_shapes[i].empty();
    if (input.width != spec_.input_widths[i] ||
        (image && input.shape.size() > 1 && input.shape != spec_.input_shapes[i]))
      throw data_error(
          given_.file + ": input " + shown(input.name) + ": expected samples of " +
          (image ? text(spec_.input_shapes[i]) : std::to_string(spec_.input_widths[i]) + " numbers") +
          " as in training, found " + text(input.shape));
  }

  void take_ids(const CsvTable& table, const Columns& columns, FoundSamples& found,
                std::vector<bool>& taken) {
    std::vector<std::string>& ids = found.data.ids;
    if (!table.sources.empty()) {
      for (std::size_t row = 0; row < table.rows(); ++row) ids.emplace_back(table.cell(row, 0));
      taken[0] = true;
    }
    if (id_.empty()) return;
    const std::size_t column = columns.one(id_, origin);
    for (std::size_t row = 0; row < table.rows(); ++row) ids.emplace_back(table.cell(row, column));
    found.uses.push_back({"ids", {table.column_name(column)}});
    taken[column] = true;
  }

  /// Labels of the model's tasks whose columns are there.
  void read_labels(const CsvTable& table, const Columns& columns, FoundSamples& found,
                   std::vector<bool>& taken, ImportReport& report) const {
    const auto there = [&](const std::string& name) {
      if (std::find(table.header.begin(), table.header.end(), name) != table.header.end()) return true;
      return labels_in_place_ && is_place(name) && name.size() < 9 && std::stoul(name) <= table.columns;
    };
    for (const TaskSpec& task : spec_.tasks) {
      const std::optional<toml::table> keys = task_keys(keys_, task.name);
      if (!keys) continue;
      const std::vector<std::string> names = columns_of_task(*keys);
      if (names.empty() || !std::all_of(names.begin(), names.end(), there)) continue;
      TableReader reader(*keys, origin, "task." + written_key(task.name));
      found.data.tasks.push_back(import_task(task.name, reader, table, columns, report));
      found.uses.push_back({"labels of task " + task.name, {}});
      for (std::size_t column : report.tasks.back().columns) {
        found.uses.back().columns.push_back(table.column_name(column));
        taken[column] = true;
      }
    }
    if (!found.data.tasks.empty()) return;
    const std::set<std::string> wanted = label_columns(keys_);
    throw data_error(given_.file + ": expected columns with labels (" +
                     listed_names({wanted.begin(), wanted.end()}) + "), found " +
                     (table.header.empty() ? "none" : listed_names(table.header)) +
                     "; give a data set (qmtl import) where they are called otherwise");
  }

  void say_the_rest(const CsvTable& table, FoundSamples& found, const std::vector<bool>& taken) const {
    const std::set<std::string> labels = label_columns(keys_);
    ColumnUse label{"labels, not used", {}}, other{"not used", {}};
    for (std::size_t c = 0; c < table.columns; ++c)
      if (!taken[c])
        (labels.contains(table.column_name(c)) ? label : other).columns.push_back(table.column_name(c));
    for (ColumnUse* use : {&label, &other})
      if (!use->columns.empty()) found.uses.push_back(std::move(*use));
  }

  const NewSamples& given_;
  const ModelSpec& spec_;
  const Meaning& meaning_;
  const std::vector<Standardisation>& statistics_;
  toml::table keys_;
  const bool labels_;
  bool described_ = false;
  bool labels_in_place_ = true;    ///< do columns without names have the places that the description says?
  std::set<std::string> settled_;  ///< inputs whose files are known
  std::string id_;                 ///< the column of ids
};

}  // namespace

FoundSamples read_new_samples(const NewSamples& given, const ModelSpec& spec, const Meaning& meaning,
                              const std::vector<Standardisation>& statistics, bool labels) {
  return Samples(given, spec, meaning, statistics, labels).read();
}

}  // namespace qmtl
