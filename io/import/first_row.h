// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "io/sources/numbers.h"

namespace qmtl {

/// What a model knows of a table's columns, to tell a first row of names from one of data: a wrong guess
/// loses a row, adds one or takes columns for others.
struct FirstRow {
  std::string file;  ///< for messages
  std::vector<std::string>
      needed;                    ///< the columns that the model reads, in its order: names, or places from 1
  std::vector<std::string> all;  ///< those of the table that made its data set, where that had no header
  std::set<std::string> texts;   ///< those of `needed` that need not be numbers
  bool named = true;             ///< is `needed` names?
  bool expected = true;          ///< had the table that made the data set a header?
  bool wider = false;            ///< may there be further columns than the needed ones, without names?
  NumberFormat numbers = {};

  /// Are these cells names of columns? Throws Error (data) where they may be either, with what decides it.
  bool is_header(const std::vector<std::string>& cells) const;
  /// Throws Error (data) with both lists unless the needed columns are there.
  void check_names(const std::vector<std::string>& header) const;
  /// Of a table without names, so many columns wide: named, what its columns are called; else for each needed
  /// column its place from 1, where the first may be one of ids. Throws Error (data).
  std::vector<std::string> order(std::size_t columns, bool with_id) const;
};

}  // namespace qmtl
