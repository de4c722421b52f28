// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_set>

#include "io/import/import_table.h"
#include "io/import/values.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// Marks the rows whose cell is one of the values that a table { column = [values] } lists.
void mark_values(TableReader& reader, const std::string& key, const CsvTable& table, const Columns& columns,
                 std::vector<bool>& out, bool where_listed, ImportReport& report) {
  const toml::table* lists = reader.table(key);
  if (!lists) return;
  TableReader listed(*lists, reader.file(), reader.full(key));
  for (const Entry& entry : in_file_order(*lists)) {
    const std::string name(entry.key->str());
    const std::string at = where(*entry.key, reader.file()) + ": " + listed.full(name);
    const std::size_t column = columns.one(name, at);
    const ColumnValues values = column_values(table, column, {});
    const std::vector<int> match = match_values(values, listed_values(listed, name), false, at, report);
    for (std::size_t row = 0; row < table.rows(); ++row) {
      const std::int32_t text = values.of_row[row];
      if ((text >= 0 && match[static_cast<std::size_t>(text)] >= 0) == where_listed) out[row] = true;
    }
  }
}

}  // namespace

void filter_rows(TableReader& reader, CsvTable& table, const Columns& columns, ImportReport& report) {
  reader.expect_only({"keep", "drop", "drop_missing"});
  std::vector<bool> out(table.rows(), false);
  mark_values(reader, "keep", table, columns, out, false, report);
  mark_values(reader, "drop", table, columns, out, true, report);
  if (const toml::node* node = reader.find("drop_missing"))
    for (std::size_t column : columns.many(reader.texts("drop_missing"),
                                           where(*node, reader.file()) + ": " + reader.full("drop_missing")))
      for (std::size_t row = 0; row < table.rows(); ++row)
        if (table.is_missing(row, column)) out[row] = true;
  const auto dropped = static_cast<std::size_t>(std::count(out.begin(), out.end(), true));
  if (dropped == table.rows())
    throw data_error(reader.file() + ": rows: expected rules that keep some rows, found that they drop all " +
                     std::to_string(dropped));
  out.flip();
  table.keep_rows(out);
  report.notes.push_back(std::to_string(dropped) + " rows are left out by [rows]");
}

}  // namespace qmtl
