// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "runtime/model/loss.h"
#include "runtime/train/state.h"

namespace qmtl {

/// Statistics of a regression task's labels; {0, 1} if there are none or for other kinds.
LabelScale label_scale(const Statistics& statistics, const TaskSpec& task);

/// Whether the head bounds that task's predictions, in the unit of its labels.
bool bounds_labels(const ModelSpec& spec, std::size_t task);

}  // namespace qmtl
