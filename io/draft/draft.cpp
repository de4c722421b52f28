// SPDX-License-Identifier: Apache-2.0
#include "io/draft/draft.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <optional>

#include "io/config/toml_tools.h"
#include "io/draft/column_profile.h"
#include "io/draft/table_guess.h"
#include "io/sources/csv.h"
#include "io/sources/file_kind.h"
#include "io/sources/inflate.h"
#include "io/sources/npz.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/nearest.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

/// Comments may hold no line ends.
std::string comment(const std::string& text) { return "# " + shown(text, 400) + "\n"; }

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// "p0", "p1", "p2" as "p0..p2"; fewer than three stay as they are.
std::vector<std::string> joined_ranges(const std::vector<std::string>& names) {
  const auto parts = [](const std::string& name) {
    std::size_t digits = name.size();
    while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9') --digits;
    long number = -1;
    const std::string_view tail = std::string_view(name).substr(digits);
    // 007 would not come back; a number alone may be that of a column.
    if (!tail.empty() && digits > 0 && tail.size() < 7 && (tail[0] != '0' || tail.size() == 1))
      std::from_chars(tail.data(), tail.data() + tail.size(), number);
    return std::pair{name.substr(0, digits), number};
  };
  std::vector<std::string> joined;
  for (std::size_t i = 0; i < names.size();) {
    const auto [prefix, first] = parts(names[i]);
    std::size_t end = i + 1;
    while (first >= 0 && end < names.size() &&
           parts(names[end]) == std::pair{prefix, first + static_cast<long>(end - i)})
      ++end;
    if (end - i >= 3)
      joined.push_back(names[i] + ".." + names[end - 1]);
    else
      for (std::size_t k = i; k < end; ++k) joined.push_back(names[k]);
    i = end;
  }
  return joined;
}

std::string list(const std::vector<std::string>& texts) {
  std::string toml = "[";
  for (std::size_t i = 0; i < texts.size(); ++i) toml += (i ? ", " : "") + toml_string(texts[i]);
  return toml + "]";
}

bool is_called_label(const std::string& name) {
  static constexpr std::array<std::string_view, 12> customary{"label",    "labels",   "target",  "class",
                                                              "y",        "outcome",  "species", "diagnosis",
                                                              "category", "response", "quality", "survived"};
  return std::find(customary.begin(), customary.end(), lowered(name)) != customary.end();
}

/// As a shell takes it.
std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '.' || c == '/' || c == '-';
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// A column's name as that of a task or input: one that a file may have, or what it is.
std::string key_name(const std::string& column, const std::string& kind) {
  std::string name = column.empty() ? kind : column;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return c == '/' || c < 0x20 || c == 0x7f; }, '_');
  if (name == "id" || name == "." || name == "..") name = kind + "_" + name;
  return name.size() > 200 ? kind : name;
}

/// A table's description, part by part.
class TableDraft {
 public:
  TableDraft(const DraftRequest& request, std::string file, const ImportProgress& progress)
      : request_(request), file_(std::move(file)), guess_(guess_table(request.source)) {
    ImportReport report;
    report.progress = progress;
    walk_csv(
        request.source, guess_.dialect, report,
        [&](const std::vector<std::string>& header, std::size_t columns) { begin(header, columns); },
        [&](const std::vector<std::string_view>& cells) {
          for (std::size_t c = 0; c < columns_.size(); ++c) columns_[c].add(cells[c], format());
        });
    if (columns_.empty())
      throw data_error(request.source + ": expected at least one row of data, found none");
    for (const std::string& label : request.labels) labels_.push_back(find(label));
    for (std::size_t c = 0; c < columns_.size() && request.labels.empty() && labels_.empty(); ++c)
      if (is_called_label(columns_[c].name) && can_be_label(columns_[c]))
        labels_.push_back(c), guessed_ = true;
  }

  std::string text() {
    std::string toml = "file = " + toml_string(file_) + "\n" + dialect();
    toml += "\n" + comment("Found in " + std::to_string(columns_[0].rows) + " rows:");
    for (const ColumnProfile& column : columns_)
      toml += comment("  " + column.name + ": " + column.described(format()));
    const std::string tasks = all_tasks(), inputs = all_inputs();
    return toml + "\n" + inputs + "\n" + tasks + "\n" + split();
  }

 private:
  const NumberFormat& format() const { return guess_.dialect.numbers; }

  void begin(const std::vector<std::string>& header, std::size_t count) {
    columns_.resize(count);
    header_ = !header.empty();
    for (std::size_t c = 0; c < count; ++c)
      columns_[c].name = header_ ? header[c] : "c" + std::to_string(c + 1);
  }

  std::string dialect() const {
    if (guess_.arff) return "";
    const CsvDialect& said = guess_.dialect;
    std::string toml;
    if (said.whitespace)
      toml += "delimiter = \"whitespace\"\n";
    else if (said.delimiter != ',')
      toml += "delimiter = " + toml_string(std::string(1, said.delimiter)) + "\n";
    if (said.numbers.decimal != ".") toml += "decimal = " + toml_string(said.numbers.decimal) + "\n";
    if (!said.numbers.thousands.empty()) toml += "thousands = " + toml_string(said.numbers.thousands) + "\n";
    if (!said.comment.empty()) toml += "comment = " + toml_string(said.comment) + "\n";
    if (!said.encoding.empty()) toml += "encoding = " + toml_string(said.encoding) + "\n";
    toml += header_ ? "header = true\n" : "header = false\n";
    if (!header_)
      toml += "columns = " + list({columns_.size() > 1 ? "c1..c" + std::to_string(columns_.size()) : "c1"}) +
              "   # names of your own read better\n";
    return toml;
  }

  /// What a description may call a column: its name where that is its alone, else its number.
  std::string called(std::size_t column) const {
    const std::string& name = columns_[column].name;
    const auto same =
        std::count_if(columns_.begin(), columns_.end(), [&](const auto& one) { return one.name == name; });
    return same == 1 && !name.empty() ? name : std::to_string(column + 1);
  }

  std::size_t find(const std::string& label) const {
    std::vector<std::string> names;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (called(c) == label) return c;
      names.push_back(called(c));
    }
    const std::string near = nearest(label, names);
    throw usage_error("--label: " + request_.source + " has no column \"" + shown(label) + "\"" +
                      (near.empty() ? "" : "; the nearest is \"" + shown(near) + "\""));
  }

  static bool can_be_label(const ColumnProfile& column) {
    const ColumnKind kind = column.kind();
    return kind == ColumnKind::number || kind == ColumnKind::category ||
           (kind == ColumnKind::text && !column.many);
  }

  bool is_label(std::size_t column) const {
    return std::find(labels_.begin(), labels_.end(), column) != labels_.end();
  }

  std::string task(std::size_t at) {
    const ColumnProfile& column = columns_[at];
    if (!can_be_label(column))
      throw usage_error("--label: column " + shown(column.name) + " cannot be a label: it is " +
                        column.described(format()));
    const std::vector<std::string> values =
        column.many ? std::vector<std::string>{} : column.values(format());
    constexpr std::size_t most_numbers = 20;
    const bool quantity = column.is_number() && values.size() != 2 &&
                          (column.many || !column.whole || values.size() > most_numbers);
    std::string toml = task_heading(column.name) + "column = " + toml_string(called(at)) + "\n";
    if (quantity) {
      toml += "kind = \"regression\"\n";
    } else if (values.size() == 2) {
      toml += "kind = \"binary\"\n";
      const bool customary = (values[0] == "0" && values[1] == "1") ||
                             (lowered(values[0]) == "false" && lowered(values[1]) == "true");
      if (!customary)
        toml += "classes = " + list(values) + "   # negative, positive: is it the other way round?\n";
    } else {
      toml += "kind = \"multiclass\"\n";
      if (values.size() <= most_numbers || !column.is_number()) toml += "classes = " + list(values) + "\n";
      if (column.is_number())
        toml += "# kind = \"regression\" instead, without classes, if these numbers are a quantity\n";
    }
    if (const auto words = column.missing_words(); !words.empty())
      toml += "missing = " + list(words) + "   # no label\n";
    if (!quantity && !stratify_) {
      std::size_t fewest = column.rows;
      for (const std::string& value : values) fewest = std::min(fewest, column.counts.at(value));
      if (fewest >= 10 && column.all_missing() == 0) stratify_ = called(at);
    }
    return toml;
  }

  std::string all_tasks() {
    std::string toml;
    if (guessed_) toml += comment("Taken as the label for its name; --label NAME names others.");
    for (std::size_t label : labels_) toml += task(label) + (label == labels_.back() ? "" : "\n");
    if (!labels_.empty()) return toml;
    return "# Which column is the label? Say it here and take it out of the inputs, or draft again with\n"
           "# qmtl import --draft " +
           shown(request_.source, 200) +
           " --label NAME\n"
           "# [task.name]\n# column = \"name\"\n# kind = \"multiclass\"   # or binary, regression\n";
  }

  std::string all_inputs() {
    std::vector<std::string> names, categories, words;
    std::vector<std::size_t> texts;
    std::string left_out, id;
    bool missing = false;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const ColumnProfile& column = columns_[c];
      const ColumnKind kind = column.kind();
      if (is_label(c) || part_column_ == c) continue;
      if (is_part(column) && !part_column_) {
        part_column_ = c;
      } else if (kind == ColumnKind::number || kind == ColumnKind::category) {
        names.push_back(called(c));
        if (kind == ColumnKind::category) categories.push_back(called(c));
        missing = missing || column.all_missing() > 0;
        for (const std::string& word : column.missing_words())
          if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
      } else if (kind == ColumnKind::id && id.empty()) {
        id = called(c);
      } else if (kind == ColumnKind::text) {
        texts.push_back(c);
      } else {
        left_out += comment("Left out: " + column.name + " (" + column.described(format()) + ")");
      }
    }
    std::string toml = id.empty() ? "" : "id = " + toml_string(id) + "\n\n";
    if (names.empty() && texts.empty())
      throw data_error(request_.source +
                       ": expected a column of numbers, categories or texts besides the labels, found none");
    toml += left_out;
    for (const std::size_t column : texts) toml += text_input(column, !names.empty()) + "\n";
    if (names.empty()) return toml;
    toml += "[input.features]\ncolumns = " + list(joined_ranges(names)) + "\n";
    if (!categories.empty())
      toml += "one_hot = " + list(joined_ranges(categories)) +
              "   # or ordinal, with categories in order\nunseen = \"zero\"\n";
    if (missing) toml += "missing = \"median\"   # of the training rows; or \"mean\", or \"refuse\"\n";
    if (!words.empty()) toml += "missing_texts = " + list(words) + "\n";
    return toml;
  }

  /// A column's texts as numbers that a tool writes where the description lies; left out where there are
  /// other inputs, so that the description can be imported as it is.
  std::string text_input(std::size_t column, bool left_out) const {
    const std::string name = key_name(columns_[column].name, "text"), file = name + ".npy";
    const std::string made = (fs::path(request_.description).parent_path() / file).string();
    const std::string mark = left_out ? "# " : "";
    return comment((left_out ? "Left out: " : "Text: ") + columns_[column].name + " (" +
                   columns_[column].described(format()) + "); its numbers come from") +
           comment("tools/text_embeddings.py " + shell_word(request_.source) + " --column " +
                   shell_word(called(column)) + " --out " + shell_word(made)) +
           mark + "[input." + written_key(name) + "]\n" + mark + "file = " + toml_string(file) + "\n";
  }

  /// Does a column say which part a row belongs to?
  bool is_part(const ColumnProfile& column) const {
    if (column.many || column.all_missing() > 0 || column.counts.size() > 3) return false;
    return column.counts.contains("train") && column.counts.contains("test") &&
           (column.counts.size() == 2 || column.counts.contains("validation"));
  }

  std::string split() const {
    if (part_column_) return "[split]\ncolumn = " + toml_string(called(*part_column_)) + "\n";
    return draft_of_split(stratify_.value_or(""));
  }

  const DraftRequest& request_;
  std::string file_;
  TableGuess guess_;
  std::vector<ColumnProfile> columns_;
  std::vector<std::size_t> labels_;
  std::optional<std::size_t> part_column_;
  std::optional<std::string> stratify_;
  bool header_ = true, guessed_ = false;
};

}  // namespace

std::string task_heading(const std::string& column) {
  return "[task." + written_key(key_name(column, "label")) + "]\n";
}

std::string draft_of_split(const std::string& stratify) {
  return "[split]\nfractions = [0.7, 0.15, 0.15]   # train, validation, test\n" +
         (stratify.empty() ? "" : "stratify = " + toml_string(stratify) + "\n") +
         "# Rows that belong together (of one patient, one house)? Above everything: groups = \"COLUMN\"\n";
}

std::string draft_description(const DraftRequest& request, const ImportProgress& progress) {
  // As it was given: a path from the root stays one.
  const fs::path given(request.source), folder = fs::absolute(request.description).parent_path();
  std::string file = given.is_absolute()
                         ? request.source
                         : fs::absolute(given).lexically_normal().lexically_proximate(folder).string();
  if (file.size() > 1 && file.ends_with('/')) file.pop_back();
  std::string toml = comment(
      "Drafted by qmtl import --draft: read it, edit it, then import it. io/FORMATS.md has every key.");
  const FileKind kind = file_kind(request.source);
  if (kind == FileKind::folder) return toml + draft_of_pictures(request, file);
  if (kind == FileKind::nothing)
    throw data_error(request.source + ": no such file or folder; check the path");
  InflatedFile bytes(request.source, "a table, arrays or a folder of pictures");
  const std::string_view head = bytes.next();
  if (is_hdf5_file(request.source) || head.starts_with("\x93NUMPY") ||
      (is_zip(head) && kind_of_no_table(head).find("(NPZ)") != std::string::npos))
    return toml + draft_of_arrays(request, file);
  return toml + TableDraft(request, file, progress).text();
}

}  // namespace qmtl
