// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "qmtl/data.h"
#include "qmtl/rows.h"
#include "qmtl/task.h"
#include "qmtl/tensor.h"
#include "runtime/base/error.h"
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
/// x as the inputs of a model and y as the labels of its tasks, checked; `split` for each row, empty: test.
/// Throws Error (usage) for another number of columns of x, (data) for what else does not fit.
Dataset samples_for(const ModelSpec& spec, Rows x, Rows y, std::span<const std::uint8_t> split = {});
/// x as the one input "x", the columns of y as the tasks' labels, and the split; checked. Throws Error:
/// (data) naming row and column, (usage) for tasks and fractions.
Dataset dataset_of(const Samples& samples);

/// What a library without the room hardware says.
Error without_hardware(const std::string& work);

}  // namespace qmtl
