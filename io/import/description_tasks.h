// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace qmtl {

/// The names in the key `column` or `columns` of a task; ranges are expanded.
std::vector<std::string> columns_of_task(const toml::table& keys);

/// The columns that the tasks of a description have their labels in.
std::set<std::string> label_columns(const toml::table& description);

/// The keys of one task as those of a table [task.<name>], also of one that [tasks] makes of a column or of a
/// value; nothing where the description has no such task. Its classes need not all occur.
std::optional<toml::table> task_keys(const toml::table& description, const std::string& task);

}  // namespace qmtl
