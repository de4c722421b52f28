// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "qmtl/rows.h"
#include "qmtl/task.h"
#include "qmtl/tensor.h"
#include "runtime/model/data.h"
#include "runtime/model/spec.h"
#include "runtime/train/state.h"

namespace qmtl {

/// What the library's callers describe, as the rooms below have it, and back. Throws Error (usage) naming the
/// task.
std::vector<TaskSpec> task_specs(const std::vector<LabelledTask>& tasks);
std::vector<LabelledTask> labelled_tasks(const std::vector<TaskSpec>& tasks);
std::vector<Tensor> tensors_of(const std::vector<ParamInfo>& params);

/// x as the inputs of a model, without tasks; its columns are those of one input after another.
Dataset inputs_of(Rows x, const ModelSpec& spec);
/// x as the one input "x", and the columns of y as the tasks' labels.
Dataset dataset_of(Rows x, Rows y, const std::vector<LabelledTask>& tasks);

}  // namespace qmtl
