// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "io/sources/import_report.h"
#include "runtime/model/data.h"

namespace qmtl {

/// Makes a data set from tables (CSV), arrays (NPY, IDX, HDF5) and folders of pictures as a TOML description
/// says; io/FORMATS.md has every key.
/// Errors name file, line and key of the description (usage), or file, line, column and text of the table
/// (data).
Dataset import_description(const std::string& toml_path);

/// The same with what was found and guessed on the way.
struct Imported {
  Dataset data;
  ImportReport report;
};
Imported import_with_report(const std::string& toml_path, const ImportProgress& progress = {});

}  // namespace qmtl
