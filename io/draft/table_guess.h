// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "io/sources/csv.h"

namespace qmtl {

/// How a text table seems to be written.
struct TableGuess {
  CsvDialect dialect;  ///< header: yes or no
  bool arff = false;   ///< then nothing else is needed
};

/// Guesses encoding, delimiter, comments, signs of numbers and header from a file's first megabyte, the
/// encoding from all of it. Throws Error (data) for a file that is no table of texts.
TableGuess guess_table(const std::string& path);

}  // namespace qmtl
