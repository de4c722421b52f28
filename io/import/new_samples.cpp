// SPDX-License-Identifier: Apache-2.0
#include "io/import/new_samples.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>

#include "io/data/dataset.h"
#include "io/data/match_data.h"
#include "io/import/description_tasks.h"
#include "io/import/import_keys.h"
#include "io/import/import_plan.h"
#include "io/import/sample_keys.h"
#include "io/sources/array_file.h"
#include "io/sources/file_kind.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace fs = std::filesystem;

/// Reads the inputs of one model from files.
class NewSampleBlocks::Reading {
 public:
  Reading(const NewSamples& given, const ModelSpec& spec, const Meaning& meaning,
          const std::vector<Standardisation>& statistics, bool labels)
      : given_(given),
        spec_(spec),
        meaning_(meaning),
        statistics_(statistics),
        labels_(labels),
        keys_(given, spec, meaning) {
    std::error_code ignored;
    if (fs::is_directory(given_.file, ignored)) {
      keys_.take(InputFrom::pictures, given_.file);
      pictures_ = list_pictures(given_.file);
      samples_ = pictures_.size();
    } else if (is_picture_file(given_.file)) {
      keys_.take(InputFrom::pictures, fs::path(given_.file).parent_path().string());
      pictures_ = {fs::path(given_.file).filename().string()};
      samples_ = 1;
    } else if (is_array_file(given_.file)) {
      keys_.take(InputFrom::array, given_.file);
      samples_ = array_of(keys_.first_array()).samples();
    } else {
      open_table();
    }
    // A model that does not say how its numbers were kept decides that by all of a column's.
    by_blocks_ = (statistics_.empty() || !meaning_.empty()) && (!rows_ || keys_.row_by_row());
  }

  bool next(FoundSamples& found, std::size_t most) {
    found = {};
    if (!by_blocks_) most = std::numeric_limits<std::size_t>::max();
    CsvTable table;
    if (rows_) {
      if (!rows_->next(table, most)) return false;
      if (!named_) table.header.clear();
      samples_ = first_ + table.rows();
    } else {
      if (begun_ && first_ == samples_) return false;
      table = listed(std::min(most, samples_ - first_));
    }
    begun_ = true;
    first_ += table.rows();
    read_inputs(table, found);
    return true;
  }

 private:
  /// The next samples of a list, or of arrays alone.
  CsvTable listed(std::size_t count) const {
    CsvTable table = empty_table(given_.file, count);
    for (std::size_t i = 0; i < count; ++i) table.origin.push_back(first_ + i);
    if (!pictures_.empty()) {
      const auto begin = pictures_.begin() + static_cast<std::ptrdiff_t>(first_);
      add_columns(table, {{"file", given_.file, {begin, begin + static_cast<std::ptrdiff_t>(count)}}});
    }
    return table;
  }

  void open_table() {
    keys_.take_table();
    TableReader reader(keys_.all(), description_origin, "");
    CsvDialect dialect = dialect_of(reader);
    FirstRow first = keys_.first_row();
    first.numbers = dialect.numbers;
    named_ = first.named;
    dialect.header = given_.header;
    dialect.is_header = [first](const std::vector<std::string>& cells) { return first.is_header(cells); };
    rows_.emplace(given_.file, dialect, report_,
                  [&](const std::vector<std::string>& header, std::size_t columns) {
                    name_columns(first, header, columns);
                    return planned(first.named ? header : std::vector<std::string>{}, columns);
                  });
  }

  /// The array of an input, read once.
  const ArrayFile& array_of(const std::string& input) {
    const auto found = arrays_.find(input);
    if (found != arrays_.end()) return found->second;
    TableReader reader(keys_.of(input), description_origin, "input." + written_key(input));
    return arrays_.emplace(input, read_input_array(reader)).first->second;
  }

  /// Settles how the table's columns are called, from its names or their number.
  void name_columns(const FirstRow& first, const std::vector<std::string>& header, std::size_t columns) {
    keys_.all().erase("columns");
    if (first.named && !header.empty()) {
      first.check_names(header);
      id_ = keys_.all()["id"].value_or(std::string("id"));
      if (std::find(header.begin(), header.end(), id_) == header.end() ||
          std::find(first.needed.begin(), first.needed.end(), id_) != first.needed.end())
        id_.clear();
      return;
    }
    const bool with_id = !header.empty() && header[0] == "id";
    const std::vector<std::string> order = first.order(columns, with_id);
    if (with_id) id_ = "1";
    if (first.named) {
      keys_.all().insert_or_assign("columns", toml_texts(order));
      if (std::find(order.begin(), order.end(), keys_.all()["id"].value_or(std::string())) != order.end())
        id_ = keys_.all()["id"].value_or(std::string());
      return;
    }
    labels_in_place_ = columns != first.needed.size() && !with_id;
    keys_.use_places(first, order);
  }

  /// As the import plans, but numbers in double precision, and ids kept.
  std::vector<Keep> planned(const std::vector<std::string>& header, std::size_t columns) const {
    std::vector<Keep> keep = plan_columns(keys_.all())(header, columns);
    for (Keep& one : keep)
      if (one == Keep::input) one = Keep::number;
    for (std::size_t c = 0; c < columns; ++c)
      if (!id_.empty() && (c < header.size() ? header[c] == id_ : std::to_string(c + 1) == id_))
        keep[c] = Keep::text;
    return keep;
  }

  void read_inputs(CsvTable& table, FoundSamples& found) {
    std::vector<std::string> names;
    if (const toml::array* listed = keys_.all()["columns"].as_array())
      for (const toml::node& name : *listed) names.push_back(name.value_or(std::string()));
    const Columns columns(table, names, description_origin);
    Dataset& data = found.data;
    data.samples = table.rows();
    data.split.assign(data.samples, static_cast<std::uint8_t>(Split::test));
    std::vector<bool> taken(table.columns, false);
    for (std::size_t i = 0; i < spec_.inputs.size(); ++i) {
      const std::string& name = spec_.inputs[i];
      TableReader reader(keys_.of(name), description_origin, "input." + written_key(name));
      const KnownNumbers known = known_numbers(name);
      std::vector<std::size_t> used;
      InputSource source{table, columns, data.split, used, report_, nullptr, &known};
      if (keys_.is_array(name)) source.array = &array_of(name);
      data.inputs.push_back(import_input(name, reader, source, {samples_, given_.file}));
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
    if (labels_) read_labels(table, columns, found, taken);
    say_the_rest(table, found, taken);
    for (const Guess& guess : report_.guesses) report_.notes.push_back(guess.where + ": " + guess.found);
    for (std::string& note : report_.notes)
      if (said_.insert(note).second) found.notes.push_back(std::move(note));
    report_.guesses.clear();
    report_.notes.clear();
  }

  KnownNumbers known_numbers(const std::string& name) const {
    if (!meaning_.empty()) return {meaning_.input(name).shift, nullptr};
    for (const Standardisation& entry : statistics_)
      if (entry.input == name) return {{}, &entry};
    return {};
  }

  void check_shape(const Input& input, std::size_t i) {
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
    if (shapes_.size() == i) shapes_.push_back(input.shape);
    if (input.shape != shapes_[i])
      throw data_error(given_.file + ": input " + shown(input.name) + ": expected samples of " +
                       text(shapes_[i]) + " as the first ones, found " + text(input.shape));
  }

  void take_ids(const CsvTable& table, const Columns& columns, FoundSamples& found,
                std::vector<bool>& taken) {
    std::vector<std::string>& ids = found.data.ids;
    if (!table.sources.empty()) {
      for (std::size_t row = 0; row < table.rows(); ++row) ids.emplace_back(table.cell(row, 0));
      taken[0] = true;
    }
    if (id_.empty()) return;
    const std::size_t column = columns.one(id_, description_origin);
    for (std::size_t row = 0; row < table.rows(); ++row) ids.emplace_back(table.cell(row, column));
    found.uses.push_back({"ids", {table.column_name(column)}});
    taken[column] = true;
  }

  /// Labels of the model's tasks whose columns are there.
  void read_labels(const CsvTable& table, const Columns& columns, FoundSamples& found,
                   std::vector<bool>& taken) {
    const auto there = [&](const std::string& name) {
      if (std::find(table.header.begin(), table.header.end(), name) != table.header.end()) return true;
      return labels_in_place_ && is_place(name) && name.size() < 9 && std::stoul(name) <= table.columns;
    };
    for (const TaskSpec& task : spec_.tasks) {
      const std::optional<toml::table> keys = task_keys(keys_.all(), task.name);
      if (!keys) continue;
      const std::vector<std::string> names = columns_of_task(*keys);
      if (names.empty() || !std::all_of(names.begin(), names.end(), there)) continue;
      TableReader reader(*keys, description_origin, "task." + written_key(task.name));
      found.data.tasks.push_back(import_task(task.name, reader, table, columns, report_));
      found.uses.push_back({"labels of task " + task.name, {}});
      for (std::size_t column : report_.tasks.back().columns) {
        found.uses.back().columns.push_back(table.column_name(column));
        taken[column] = true;
      }
    }
    if (!found.data.tasks.empty()) return;
    const std::set<std::string> wanted = label_columns(keys_.all());
    throw data_error(given_.file + ": expected columns with labels (" +
                     listed_names({wanted.begin(), wanted.end()}) + "), found " +
                     (table.header.empty() ? "none" : listed_names(table.header)) +
                     "; give a data set (qmtl import) where they are called otherwise");
  }

  void say_the_rest(const CsvTable& table, FoundSamples& found, const std::vector<bool>& taken) const {
    const std::set<std::string> labels = label_columns(keys_.all());
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
  const bool labels_;
  SampleKeys keys_;
  ImportReport report_;
  std::set<std::string> said_;                    ///< notes so far
  std::vector<std::string> pictures_;             ///< their names, where the samples are a list of them
  std::optional<CsvBlocks> rows_;                 ///< of the table, where there is one
  std::map<std::string, ArrayFile> arrays_;       ///< by input
  std::vector<std::vector<std::size_t>> shapes_;  ///< of the inputs' first samples
  std::size_t samples_ = 0;                       ///< in all; of a table those so far
  std::size_t first_ = 0;                         ///< the next one
  bool begun_ = false;
  bool by_blocks_ = true;        ///< are a sample's numbers its own?
  bool named_ = true;            ///< have the model's columns names?
  bool labels_in_place_ = true;  ///< do columns without names have the places that the description says?
  std::string id_;               ///< the column of ids
};

NewSampleBlocks::NewSampleBlocks(const NewSamples& given, const ModelSpec& spec, const Meaning& meaning,
                                 const std::vector<Standardisation>& statistics, bool labels)
    : reading_(std::make_unique<Reading>(given, spec, meaning, statistics, labels)) {}
NewSampleBlocks::~NewSampleBlocks() = default;

bool NewSampleBlocks::next(FoundSamples& found, std::size_t most) { return reading_->next(found, most); }

FoundSamples read_new_samples(const NewSamples& given, const ModelSpec& spec, const Meaning& meaning,
                              const std::vector<Standardisation>& statistics, bool labels) {
  FoundSamples found;
  NewSampleBlocks(given, spec, meaning, statistics, labels)
      .next(found, std::numeric_limits<std::size_t>::max());
  found.data.hash = dataset_hash(found.data);
  return found;
}

}  // namespace qmtl
