// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "io/data/import_report.h"
#include "runtime/model/data.h"
#include "runtime/model/spec.h"
#include "runtime/train/state.h"

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
Imported import_with_report(const std::string& toml_path);

/// Inputs to predict from: a CSV file with the columns of the model's inputs one after another, in the order
/// of ModelSpec::inputs; a header is recognised by cells that are no numbers, and a first column named "id"
/// gives the samples' ids. The result has no tasks. Throws Error (data) if the number of columns differs, or
/// a cell is no finite number. `statistics` are those of the model's inputs (io keeps numbers far from zero
/// relative to their mean).
Dataset read_csv_inputs(const std::string& csv_path, const ModelSpec& spec,
                        const std::vector<Standardisation>& statistics = {});

}  // namespace qmtl
