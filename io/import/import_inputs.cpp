// SPDX-License-Identifier: Apache-2.0
#include "io/import/import_inputs.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <unordered_map>

#include "io/import/import_block.h"
#include "io/import/input_values.h"
#include "io/import/values.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"
#include "runtime/base/nearest.h"

namespace qmtl {
namespace {

enum class Coding : std::uint8_t { number, one_hot, ordinal };

/// One column of the table and the numbers that it becomes.
struct Feature {
  std::size_t column = 0;
  Coding coding = Coding::number;
  std::vector<std::string> categories;
  std::unordered_map<std::string, std::size_t> places;  ///< of the categories
  bool filled = false, indicator = false;
  double fill = 0;  ///< instead of a missing number

  std::size_t values() const { return coding == Coding::one_hot ? categories.size() : 1; }
  std::size_t width() const { return values() + (indicator ? 1 : 0); }
};

class ColumnInput {
 public:
  ColumnInput(TableReader& reader, InputSource source) : reader_(reader), source_(source) {
    const std::vector<std::size_t> members = many("columns");
    source_.used.insert(source_.used.end(), members.begin(), members.end());
    const std::vector<std::size_t> one_hot =
        reader.find("one_hot") ? many("one_hot") : std::vector<std::size_t>{};
    const std::vector<std::size_t> ordinal =
        reader.find("ordinal") ? many("ordinal") : std::vector<std::size_t>{};
    for (const auto& [key, listed] : {std::pair{"one_hot", &one_hot}, std::pair{"ordinal", &ordinal}})
      for (std::size_t column : *listed)
        if (std::find(members.begin(), members.end(), column) == members.end())
          wrong_value(*reader.find(key), reader.file(), reader.full(key), "names that columns lists too");
    policy_ = reader.string("missing", "refuse");
    if (policy_ != "refuse" && policy_ != "mean" && policy_ != "median")
      wrong_value(*reader.find("missing"), reader.file(), reader.full("missing"),
                  "\"refuse\", \"mean\" or \"median\"");
    const toml::node* indicator = reader.find("indicator");
    if (indicator && indicator->is_array())
      indicated_ =
          reader.find("indicator")->as_array()->empty() ? std::vector<std::size_t>{} : many("indicator");
    else
      indicator_ = reader.boolean("indicator", true);
    fills_ = reader.table("fill");
    missing_texts_ = reader.texts("missing_texts");
    const std::string unseen = reader.string("unseen", "refuse");
    if (unseen != "refuse" && unseen != "zero")
      wrong_value(*reader.find("unseen"), reader.file(), reader.full("unseen"), "\"refuse\" or \"zero\"");
    unseen_zero_ = unseen == "zero";
    const toml::table* categories = reader.table("categories");
    const auto listed = [](const std::vector<std::size_t>& columns, std::size_t column) {
      return std::find(columns.begin(), columns.end(), column) != columns.end();
    };
    for (std::size_t column : members)
      features_.push_back(feature(column,
                                  listed(one_hot, column)   ? Coding::one_hot
                                  : listed(ordinal, column) ? Coding::ordinal
                                                            : Coding::number,
                                  categories));
    check_keys(categories, "categories", known_categories_, "columns that one_hot or ordinal lists");
    check_keys(fills_, "fill", known_fills_, "columns of numbers that columns lists");
    if (source.resolved) resolve(*source.resolved);
  }

  Input input(const std::string& name) {
    Input made;
    made.name = name;
    for (const Feature& one : features_) made.width += one.width();
    made.shape = {made.width};
    if (!source_.table.header.empty()) made.column_names = names();
    made.units = units();
    const std::vector<std::string> places = names();
    const auto place = [&](std::size_t c) { return "column " + places[c]; };
    if (source_.known) {
      fill_input(
          made, source_.table.rows(), [&](std::size_t row, double* numbers) { write(row, numbers); },
          *source_.known);
    } else if (std::vector<std::size_t> columns; are_block(columns)) {
      fill_from_block(
          made, source_.table, columns,
          [&](std::size_t row, std::size_t c) {
            double ignored = 0;
            write(features_[c], row, &ignored);
          },
          place, source_.report);
    } else {
      fill_input(
          made, source_.table.rows(), [&](std::size_t row, double* numbers) { write(row, numbers); }, place,
          source_.report);
    }
    return made;
  }

 private:
  void check_keys(const toml::table* table, const std::string& key, const std::set<std::string>& known,
                  const std::string& expected) const {
    if (!table) return;
    for (const Entry& entry : in_file_order(*table))
      if (!known.contains(std::string(entry.key->str())))
        throw usage_error(where(*entry.key, reader_.file()) + ": " + reader_.full(key) + ": expected " +
                          expected + ", found \"" + shown(entry.key->str()) + "\"");
  }

  /// The keys with what was decided from the table, so that they make the same numbers of another one.
  void resolve(toml::table& keys) const {
    toml::array columns, one_hot, ordinal, indicator;
    toml::table categories, fill;
    for (const Feature& one : features_) {
      const std::string name = source_.columns.name(one.column);
      columns.push_back(name);
      if (one.coding != Coding::number) {
        (one.coding == Coding::one_hot ? one_hot : ordinal).push_back(name);
        toml::array listed;
        for (const std::string& category : one.categories) listed.push_back(category);
        categories.insert_or_assign(name, std::move(listed));
      } else if (one.filled) {
        fill.insert_or_assign(name, one.fill);
      }
      if (one.indicator) indicator.push_back(name);
    }
    keys.insert_or_assign("columns", std::move(columns));
    if (!one_hot.empty()) keys.insert_or_assign("one_hot", std::move(one_hot));
    if (!ordinal.empty()) keys.insert_or_assign("ordinal", std::move(ordinal));
    if (!categories.empty()) keys.insert_or_assign("categories", std::move(categories));
    if (!fill.empty()) keys.insert_or_assign("fill", std::move(fill));
    if (std::any_of(features_.begin(), features_.end(), [](const Feature& one) { return one.filled; }))
      keys.insert_or_assign("indicator", std::move(indicator));
    keys.erase("units");  // the data set has them
  }

  std::vector<std::size_t> many(const std::string& key) const {
    return source_.columns.many(reader_.texts(key),
                                where(reader_.need(key), reader_.file()) + ": " + reader_.full(key));
  }

  bool is_missing(std::size_t row, std::size_t column) const {
    if (!source_.table.is_text(row, column)) return false;
    const std::string_view cell = source_.table.cell(row, column);
    return is_always_missing(cell) ||
           std::find(missing_texts_.begin(), missing_texts_.end(), cell) != missing_texts_.end();
  }

  /// Do columns lie in the table's block? All are numbers then.
  bool are_block(std::vector<std::size_t>& columns) const {
    bool any = false;
    for (const Feature& one : features_) {
      any = any || source_.table.data[one.column].keep == Keep::input;
      columns.push_back(one.column);
    }
    return any;
  }

  Feature feature(std::size_t column, Coding coding, const toml::table* categories) {
    const CsvTable& table = source_.table;
    Feature one;
    one.column = column;
    one.coding = coding;
    const std::string name = source_.columns.name(column);
    const bool given = coding == Coding::number && fills_ && fills_->contains(name);
    if (given) {
      known_fills_.insert(name);
      const std::optional<double> number = (*fills_)[name].value<double>();
      if (!number || !std::isfinite(*number))
        wrong_value(*fills_->get(name), reader_.file(), reader_.full("fill") + "." + name, "a finite number");
      one.fill = *number;
    } else if (policy_ != "refuse" && coding == Coding::number) {
      one.fill = typical(column);
    }
    one.filled = given || policy_ != "refuse";
    if (indicated_)
      one.indicator = std::find(indicated_->begin(), indicated_->end(), column) != indicated_->end();
    for (std::size_t row = 0; one.filled && indicator_ && row < table.rows() && !one.indicator; ++row)
      one.indicator = is_missing(row, column);
    if (coding == Coding::number) return one;
    if (categories && categories->contains(name)) {
      known_categories_.insert(name);
      TableReader listed(*categories, reader_.file(), reader_.full("categories"));
      one.categories = listed.texts(name);
    } else {
      one.categories = seen(column);
    }
    constexpr std::size_t most = 10000;
    if (one.categories.size() < 2 || one.categories.size() > most)
      throw data_error(table.file + ": column " + name +
                       ": expected 2 to 10000 categories in training rows, found " +
                       std::to_string(one.categories.size()));
    for (std::size_t i = 0; i < one.categories.size(); ++i)
      if (!one.places.emplace(one.categories[i], i).second)
        throw usage_error(reader_.file() + ": " + reader_.full("categories") + ": column " + name +
                          " lists \"" + shown(one.categories[i]) + "\" twice");
    return one;
  }

  /// The categories of training rows, sorted as classes are.
  std::vector<std::string> seen(std::size_t column) const {
    ColumnValues values = column_values(source_.table, column, missing_texts_);
    std::vector<bool> trained(values.texts.size(), false);
    for (std::size_t row = 0; row < values.of_row.size(); ++row)
      if (values.of_row[row] >= 0 && source_.split[row] == static_cast<std::uint8_t>(Split::train))
        trained[static_cast<std::size_t>(values.of_row[row])] = true;
    doubt_values(values, std::vector<int>(values.texts.size(), -1), "categories", source_.report);
    const std::vector<std::string> all = sorted_values(values, source_.table, column);
    std::set<std::string> kept;
    for (std::size_t i = 0; i < trained.size(); ++i)
      if (trained[i]) kept.insert(values.texts[i]);
    std::vector<std::string> categories;
    for (const std::string& text : all)
      if (kept.contains(text)) categories.push_back(text);
    return categories;
  }

  /// Mean or median of the training rows' numbers.
  double typical(std::size_t column) const {
    std::vector<double> numbers;
    for (std::size_t row = 0; row < source_.table.rows(); ++row)
      if (source_.split[row] == static_cast<std::uint8_t>(Split::train) && !is_missing(row, column))
        numbers.push_back(number_at(source_.table, row, column));
    if (numbers.empty())
      throw data_error(source_.table.file + ": column " + source_.table.column_name(column) +
                       ": expected a number in a training row to fill missing cells with, found none");
    if (policy_ == "median") {
      std::sort(numbers.begin(), numbers.end());
      const std::size_t half = numbers.size() / 2;
      return numbers.size() % 2 ? numbers[half] : numbers[half - 1] / 2 + numbers[half] / 2;
    }
    double sum = 0;
    for (double number : numbers) sum += number;
    return sum / static_cast<double>(numbers.size());
  }

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const Feature& one : features_) {
      const std::string name = source_.table.column_name(one.column);
      if (one.coding == Coding::one_hot)
        for (const std::string& category : one.categories) all.push_back(name + "=" + category);
      else
        all.push_back(name);
      if (one.indicator) all.push_back(name + ".missing");
    }
    return all;
  }

  /// The key `units`, for numbers that are not codes.
  std::vector<std::string> units() const {
    const toml::table* given = reader_.table("units");
    if (!given) return {};
    TableReader listed(*given, reader_.file(), reader_.full("units"));
    std::vector<std::string> all;
    for (const Feature& one : features_) {
      all.resize(all.size() + one.width());
      if (one.coding == Coding::number)
        all[all.size() - one.width()] = listed.string(source_.table.column_name(one.column), "");
    }
    listed.finish();
    return all;
  }

  void write(std::size_t row, double* to) const {
    for (const Feature& one : features_) {
      write(one, row, to);
      to += one.width();
    }
  }

  void write(const Feature& one, std::size_t row, double* to) const {
    const CsvTable& table = source_.table;
    const bool missing = is_missing(row, one.column);
    std::fill(to, to + one.width(), 0.0);
    if (missing && one.filled) {
      if (one.coding == Coding::number) to[0] = one.fill;
      if (one.coding == Coding::ordinal) to[0] = -1;
      if (one.indicator) to[one.values()] = 1;
      return;
    }
    if (one.coding == Coding::number) {
      if (missing) {
        const std::string_view cell = table.cell(row, one.column);
        throw data_error(table.where(row, one.column) + ": expected a finite number, found " +
                         (cell.empty() ? "an empty cell" : "\"" + shown(cell) + "\"") + "; " +
                         reader_.full("missing") +
                         " = \"mean\" or \"median\" fills such cells, from training rows, fill = { column = "
                         "number } with a number");
      }
      to[0] = number_at(table, row, one.column);
      if (!std::isfinite(static_cast<float>(to[0]))) float_at(table, row, one.column);
      return;
    }
    const std::string_view cell = table.cell(row, one.column);
    const auto found = one.places.find(std::string(cell));
    if (found != one.places.end()) {
      if (one.coding == Coding::ordinal)
        to[0] = static_cast<double>(found->second);
      else
        to[found->second] = 1;
    } else if (unseen_zero_ && !cell.empty()) {
      if (one.coding == Coding::ordinal) to[0] = -1;
    } else {
      throw data_error(table.where(row, one.column) + ": expected a category of the training rows or of " +
                       reader_.full("categories") + ", found " +
                       (cell.empty() ? "an empty cell" : "\"" + shown(cell) + "\"") +
                       (cell.empty() ? "; missing = \"mean\" or \"median\" takes it as none"
                                     : "; unseen = \"zero\" takes it as none, or list it under categories"));
    }
  }

  TableReader& reader_;
  InputSource source_;
  std::string policy_;
  bool indicator_ = false, unseen_zero_ = false;
  std::optional<std::vector<std::size_t>> indicated_;  ///< the columns that have one, where they are listed
  const toml::table* fills_ = nullptr;
  std::vector<std::string> missing_texts_;
  std::set<std::string> known_categories_, known_fills_;
  std::vector<Feature> features_;
};

}  // namespace

Input import_column_input(const std::string& name, TableReader& reader, InputSource source) {
  reader.expect_only({"columns", "shape", "one_hot", "ordinal", "categories", "unseen", "missing",
                      "missing_texts", "fill", "indicator", "units"});
  return ColumnInput(reader, source).input(name);
}

}  // namespace qmtl
