// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "io/sources/import_report.h"

namespace qmtl {

/// What is to be drafted.
struct DraftRequest {
  std::string source;               ///< a table, an archive of arrays or a folder of pictures
  std::string description;          ///< where the description will lie: its paths begin there
  std::vector<std::string> labels;  ///< columns or arrays that are labels
};

/// A description for import_description, in TOML with comments: what was found in each column, and a proposal
/// of inputs, tasks and split. Where no label is named and none is called as labels are, the task is left to
/// write. Throws Error (usage) for a label that is not there or cannot be one, Error (data) as reading does.
std::string draft_description(const DraftRequest& request, const ImportProgress& progress = {});

/// Its parts for what is no table.
std::string draft_of_arrays(const DraftRequest& request, const std::string& file);
std::string draft_of_pictures(const DraftRequest& request, const std::string& folder);

/// A name that a task may have, made of a column's, with its key in TOML: "[task.<name>]".
std::string task_heading(const std::string& column);
/// [split] with fractions, and `stratify` where a column is given.
std::string draft_of_split(const std::string& stratify);

}  // namespace qmtl
