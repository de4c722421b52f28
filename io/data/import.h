// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/model/data.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// Makes a data set from tables (CSV), arrays (NPY, IDX, HDF5) and folders of pictures as a TOML description
/// says; io/FORMATS.md has every key.
/// Errors name file, line and key of the description (usage), or file, line, column and text of the table
/// (data).
Dataset import_description(const std::string& toml_path);

/// Inputs to predict from: a CSV file with the columns of the model's inputs one after another, in the order
/// of ModelSpec::inputs; a header is recognised by cells that are no numbers, and a first column named "id"
/// gives the samples' ids. The result has no tasks. Throws Error (data) if the number of columns differs, or
/// a cell is no finite number.
Dataset read_csv_inputs(const std::string& csv_path, const ModelSpec& spec);

}  // namespace qmtl
