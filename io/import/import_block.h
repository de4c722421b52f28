// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/sources/import_report.h"
#include "io/sources/table.h"
#include "runtime/model/data.h"

namespace qmtl {

/// Fills an input from columns of numbers, some of which the table keeps as Keep::input, as fill_input does;
/// where they are the table's block it becomes the input without a copy. `refuse(row)` throws for a row that
/// has a cell which is no number; `place` names a column of the input in messages.
void fill_from_block(Input& input, CsvTable& table, const std::vector<std::size_t>& columns,
                     const std::function<void(std::size_t, std::size_t)>& refuse,
                     const std::function<std::string(std::size_t)>& place, ImportReport& report);

}  // namespace qmtl
