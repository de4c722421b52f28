// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/sources/import_report.h"
#include "io/sources/spread.h"
#include "runtime/model/data.h"
#include "runtime/train/state.h"

namespace qmtl {

/// How many of the different numbers become another one's equal in single precision, where that loses more
/// than a hundred thousandth of their range or they are whole; 0 where nothing is lost.
std::size_t merged_numbers(const std::vector<double>& numbers);

/// Fills an input of the given width: `read(row, numbers)` gives the finite numbers of one row. A column in
/// which single precision would merge numbers is kept relative to its middle (Input::shift), and the report
/// says so. `place` names a column in messages.
void fill_input(Input& input, std::size_t rows, const std::function<void(std::size_t, double*)>& read,
                const std::function<std::string(std::size_t)>& place, ImportReport& report);

/// Keeps column `c` of a filled input relative to its middle where single precision would merge some of its
/// numbers, and says so.
void keep_apart(Input& input, std::size_t c, const NumberSpread& spread, const std::vector<double>& numbers,
                const std::string& place, ImportReport& report);

/// The numbers of an image share their statistics, so that they cannot have shifts of their own.
void take_shift_back(Input& input);

/// How an input's numbers became single precision when a model was trained.
struct KnownNumbers {
  std::vector<double> shift = {};  ///< Input::shift, or empty
  /// Of models that say nothing of that: columns whose mean is far from zero beside their deviation are kept
  /// relative to it where a number needs that.
  const Standardisation* statistics = nullptr;
};

/// The same for rows to predict from.
void fill_input(Input& input, std::size_t rows, const std::function<void(std::size_t, double*)>& read,
                const KnownNumbers& known);

}  // namespace qmtl
