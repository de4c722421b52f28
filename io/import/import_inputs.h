// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "io/import/import_table.h"
#include "io/import/input_values.h"
#include "io/sources/array_file.h"

namespace qmtl {

/// What an input made of columns needs besides its own keys.
struct InputSource {
  CsvTable& table;  ///< its block may become the input
  const Columns& columns;
  const std::vector<std::uint8_t>& split;  ///< training rows decide categories and what missing cells become
  std::vector<std::size_t>& used;          ///< gets the table's columns that became inputs
  ImportReport& report;
  /// Gets the input's keys with all that was decided: lists of names, categories, what missing cells become.
  toml::table* resolved = nullptr;
  const KnownNumbers* known = nullptr;  ///< rows to predict from: numbers as the model has them
  const ArrayFile* array = nullptr;  ///< the array of an input that is made from one, if it was read before
};

/// An input from columns of the table: the key `columns` and, where not all cells are numbers, `one_hot`,
/// `ordinal`, `categories`, `unseen`, `missing`, `missing_texts`, `fill`, `indicator` and `units`
/// (io/FORMATS.md).
Input import_column_input(const std::string& name, TableReader& reader, InputSource source);

}  // namespace qmtl
