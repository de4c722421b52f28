// SPDX-License-Identifier: Apache-2.0
#include "io/import/import_block.h"

#include <cmath>
#include <utility>

#include "io/import/import_table.h"
#include "io/import/input_values.h"

namespace qmtl {
namespace {

/// Is a column one of the block's? The others have their numbers in double precision.
bool in_block(const CsvTable& table, std::size_t column) { return table.data[column].keep == Keep::input; }

/// The single-precision numbers [rows, columns]; the block itself where it is just that.
std::vector<float> taken_values(CsvTable& table, const std::vector<std::size_t>& columns) {
  bool whole = columns.size() == table.block_width;
  for (std::size_t c = 0; c < columns.size() && whole; ++c)
    whole = in_block(table, columns[c]) && table.data[columns[c]].place == c;
  if (whole) return std::exchange(table.block, {});
  std::vector<float> values;
  values.reserve(table.rows() * columns.size());
  for (std::size_t row = 0; row < table.rows(); ++row)
    for (std::size_t column : columns)
      values.push_back(in_block(table, column)
                           ? table.block[row * table.block_width + table.data[column].place]
                           : float_at(table, row, column));
  return values;
}

/// The spreads of the columns' numbers in the rows that are left.
std::vector<NumberSpread> spreads_of(const CsvTable& table, const std::vector<std::size_t>& columns) {
  std::vector<NumberSpread> spreads(columns.size());
  std::vector<std::size_t> places, wanted;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const NumberSpread& of_file = table.data[columns[c]].spread;
    if (!in_block(table, columns[c])) {
      for (std::size_t row = 0; row < table.rows(); ++row) spreads[c].add(number_at(table, row, columns[c]));
    } else if (table.origin.empty() || of_file.exact) {
      spreads[c] = of_file;
    } else {
      places.push_back(c);
      wanted.push_back(columns[c]);
    }
  }
  if (!wanted.empty())
    table.exact_numbers(
        wanted, [&](std::size_t, std::size_t which, double number) { spreads[places[which]].add(number); });
  return spreads;
}

std::vector<double> exact_column(const CsvTable& table, std::size_t column) {
  std::vector<double> numbers(table.rows());
  if (in_block(table, column))
    table.exact_numbers({column},
                        [&](std::size_t row, std::size_t, double number) { numbers[row] = number; });
  else
    for (std::size_t row = 0; row < table.rows(); ++row) numbers[row] = number_at(table, row, column);
  return numbers;
}

}  // namespace

void fill_from_block(Input& input, CsvTable& table, const std::vector<std::size_t>& columns,
                     const std::function<void(std::size_t, std::size_t)>& refuse,
                     const std::function<std::string(std::size_t)>& place, ImportReport& report) {
  for (std::size_t row = 0; row < table.rows(); ++row)
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::size_t column = columns[c];
      double value = 0;
      const bool number = in_block(table, column)
                              ? !std::isnan(table.block[row * table.block_width + table.data[column].place])
                              : table.number(row, column, value) && std::isfinite(static_cast<float>(value));
      if (!number) refuse(row, c);
    }
  input.values = taken_values(table, columns);
  const std::vector<NumberSpread> spreads = spreads_of(table, columns);
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (spreads[c].doubtful())
      keep_apart(input, c, spreads[c], exact_column(table, columns[c]), place(c), report);
}

}  // namespace qmtl
