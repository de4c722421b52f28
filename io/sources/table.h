// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "io/sources/numbers.h"
#include "io/sources/spread.h"

namespace qmtl {

/// What a table keeps of a column, the less the smaller it is in memory. Cells that are no finite
/// single-precision number are kept as texts in number and input, too.
enum class Keep : std::uint8_t {
  missing,  ///< which cells are empty or NaN
  text,     ///< every text as it stands
  number,   ///< numbers in double precision
  input,    ///< numbers in single precision beside those of other such columns: rows of an input
};

/// Texts that stay where they are, each with a number from 0. Equal texts have one number as long as most
/// are equal to an earlier one.
class TextPool {
 public:
  std::uint32_t code(std::string_view text);
  std::string_view operator[](std::uint32_t code) const { return texts_[code]; }
  std::size_t size() const { return texts_.size(); }
  /// Frees what only code() needs.
  void settle() { codes_ = {}; }

 private:
  std::string_view kept(std::string_view text);

  std::vector<std::unique_ptr<char[]>> slabs_;
  char* free_ = nullptr;
  std::size_t room_ = 0, asked_ = 0;
  std::vector<std::string_view> texts_;
  std::unordered_map<std::string_view, std::uint32_t> codes_;
  bool alike_ = true;  ///< are most texts equal to earlier ones?
};

struct TableColumn {
  Keep keep = Keep::text;
  TextPool texts;                    ///< of all cells, or of those that are no numbers
  std::vector<std::uint32_t> codes;  ///< text: of each row
  std::vector<double> numbers;       ///< number: of each row, a NaN that carries a text's code
  std::vector<bool> empty;           ///< missing
  std::size_t place = 0;             ///< input: in the rows of the block
  NumberSpread spread;               ///< input: of all numbers of the file
  std::size_t filled = 0;            ///< cells of the file that are not empty
};

/// A table of texts and numbers, by columns.
struct CsvTable {
  std::string file;
  std::vector<std::string> header;  ///< column names, or empty
  std::size_t columns = 0;
  std::vector<TableColumn> data;  ///< [columns]
  std::vector<float> block;       ///< [rows, block_width]: the input columns
  std::size_t block_width = 0;
  std::vector<std::size_t> lines;    ///< line of the file (from 1) on which each row begins
  std::vector<std::string> sources;  ///< where the last columns came from, if not from this file
  std::vector<std::pair<std::string, std::string>> aliases;  ///< other names of added columns
  std::vector<std::size_t> origin;          ///< the place of each row among all, where rows were taken out
  NumberFormat numbers;                     ///< of the file's own columns
  std::vector<NumberFormat> added_numbers;  ///< of those from `sources`
  /// Reads the file once more: calls `take(row of the file, which of the columns, number)` for their cells, a
  /// NaN where one is no number.
  using Take = std::function<void(std::size_t row, std::size_t which, double number)>;
  std::function<void(const std::vector<std::size_t>& columns, const Take& take)> again;

  std::size_t rows() const { return lines.size(); }
  /// The text of a cell; of one that is kept as a number only where it is none.
  std::string_view cell(std::size_t row, std::size_t column) const;
  /// Is a cell kept as a text? If not, it is a finite single-precision number.
  bool is_text(std::size_t row, std::size_t column) const;
  /// Is a cell empty or NaN?
  bool is_missing(std::size_t row, std::size_t column) const;
  std::size_t missing(std::size_t column) const;  ///< how many such cells it has
  /// "file:line, column name" for messages; of a column from elsewhere "file, sample 3".
  std::string where(std::size_t row, std::size_t column) const;
  std::string column_name(std::size_t column) const;  ///< the header's, or the number from 1
  /// The number in a cell, as parse_number in the column's format.
  bool number(std::size_t row, std::size_t column, double& value) const;
  bool number(std::string_view cell, std::size_t column, double& value) const;

  /// Appends a cell to a column: a number where it is a finite one and kept as such.
  void append(std::size_t column, std::string_view text);
  void append(std::size_t column, std::string_view text, double value);
  /// Takes rows out that are not marked.
  void keep_rows(const std::vector<bool>& kept);
  /// Calls `take(row, which, number)` for every row that is left, in double precision, whatever is kept.
  void exact_numbers(const std::vector<std::size_t>& columns, const Take& take) const;
};

/// Is a cell no value whatever the description says: empty, or NaN in any case?
bool is_always_missing(std::string_view cell);

/// Takes away a last column that is empty in every row and has no name; false where it is not.
bool drop_empty_last_column(CsvTable& table);

/// A table of so many rows without columns, for add_columns. `name` stands for the file in messages.
CsvTable empty_table(const std::string& name, std::size_t rows);

/// A column that does not come from the table's file.
struct AddedColumn {
  std::string name, source;        ///< source: the file it comes from
  std::vector<std::string> cells;  ///< one per row
  std::string alias = {};          ///< another name that descriptions may use
  NumberFormat numbers = {};       ///< how its cells write numbers
};
/// Puts columns behind those of the table.
void add_columns(CsvTable& table, const std::vector<AddedColumn>& columns);

}  // namespace qmtl
