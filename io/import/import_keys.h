// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "io/import/import_files.h"
#include "io/import/import_inputs.h"
#include "io/sources/csv.h"

namespace qmtl {

/// The keys of a description, or of a table that it joins, that say how the table is written.
CsvDialect dialect_of(TableReader& root);

/// One [input.<name>]: columns of the table, an array or pictures.
Input import_input(const std::string& name, TableReader& reader, InputSource source,
                   const SampleCount& count);

/// The text of a description that makes the same numbers of other files, from the keys with all that an
/// import decided: without rows, joins and split, files without their folders, classes listed. `header` says
/// whether the table's first row named its columns.
std::string resolved_description(toml::table keys, bool header, const Dataset& data);

}  // namespace qmtl
