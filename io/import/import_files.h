// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/config/toml_tools.h"
#include "io/import/import_table.h"
#include "io/import/input_values.h"
#include "io/sources/array_file.h"
#include "io/sources/csv.h"
#include "io/sources/import_report.h"
#include "runtime/model/data.h"

namespace qmtl {

/// `file`, relative to the folder of the description.
std::string path_beside(const std::string& description, const std::string& file);

/// How many samples there are, and which file said so.
struct SampleCount {
  std::size_t samples = 0;
  std::string file;
};

/// The array that an input's keys name: `file` and, for HDF5 and NPZ, `dataset`, for HDF5 `external_folders`.
ArrayFile read_input_array(TableReader& reader);

/// An input from an array. `origin` are the samples that are kept, if not all; `known` as in InputSource.
Input import_array(const std::string& name, const ArrayFile& array, const SampleCount& expected,
                   const std::vector<std::size_t>& origin, ImportReport& report,
                   const KnownNumbers* known = nullptr);

/// The columns of a table [column.<name>] with the keys of an array: one of an array [N], L of an
/// array [N, L], named name0, name1, ...; that of an array [N, 1] is also called name. Sets `expected` where
/// it is not known yet.
std::vector<AddedColumn> import_columns(const std::string& name, TableReader& reader,
                                        std::optional<SampleCount>& expected, ImportReport& report);

/// Pictures of a folder that has one sub-folder per class: columns "class" (the sub-folder's name) and "file"
/// (relative to the folder), in the order of the names' bytes.
std::vector<AddedColumn> list_class_folders(const std::string& folder, ImportReport& report);

/// Pictures in a folder and in its sub-folders: their names inside it, in the order of the names' bytes.
std::vector<std::string> list_pictures(const std::string& folder);

/// An input from pictures: the keys `images` (the folder), `column` (of the files' names; without it "file"),
/// `size` and `grey`.
Input import_images(const std::string& name, TableReader& reader, const CsvTable& table,
                    const Columns& columns, ImportReport& report);

}  // namespace qmtl
