// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/model/data.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// The data set's tasks that the model predicts, in the model's order. Throws Error (data) naming a task that
/// the data set lacks, or whose kind or number of outputs differs.
std::vector<const Task*> bind_tasks(const Dataset& data, const ModelSpec& spec);

/// The data set's inputs that the model reads, in the model's order. Throws Error (data) naming an input that
/// is missing or has another width.
std::vector<const Input*> bind_inputs(const Dataset& data, const ModelSpec& spec);

/// First task of the newest generation: those from there on are trained.
std::size_t newest_tasks(const ModelSpec& spec);

/// The task alone, for losses and metrics of a model without its data.
Task task_of(const TaskSpec& spec);

}  // namespace qmtl
