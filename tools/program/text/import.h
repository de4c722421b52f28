// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "io/sources/import_report.h"

namespace qmtl {

/// "t.csv, column y: \"NA\" ... is taken as a value; say missing = ...".
std::string guess_text(const Guess& guess);

/// The report of an import: rows, missing cells of each column, classes with names and counts, notes and
/// guesses.
std::string import_text(const ImportReport& report);
nlohmann::ordered_json import_json(const ImportReport& report);

}  // namespace qmtl
