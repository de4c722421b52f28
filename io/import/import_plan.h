// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <toml++/toml.h>

#include "io/sources/csv.h"

namespace qmtl {

/// What a description needs of each column of its table: whatever it names keeps its texts, but columns that
/// are nothing but numbers of an input or of a regression task.
PlanColumns plan_columns(const toml::table& description);

}  // namespace qmtl
