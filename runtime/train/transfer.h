// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/engine/engine.h"
#include "runtime/model/data.h"
#include "runtime/model/trained_model.h"
#include "runtime/train/config.h"

namespace qmtl {

/// A trained model takes on one more task (the shared stage does not know the tasks): all
/// it has learned stays as it is, the new task gets blocks, scales and biases of its own.
/// ModelSpec::generations says which tasks came together; each generation's circuit is evaluated apart from
/// the others, so that the earlier tasks' logits keep every bit.

/// The tasks that are not trained any more: those of all generations but the newest.
std::span<const TaskSpec> finished_tasks(const ModelSpec& spec);

/// Gives the data set those of `tasks` that it lacks, without any label.
void complete_tasks(Dataset& data, std::span<const TaskSpec> tasks);

/// The configuration that trains `task` of `data` onto `trained`: data, run, checkpoint and training settings
/// and the table [task.<task>] from `given`, the model, its standardisation, plan and number of shots (which
/// the plan depends on) from `trained`. `registers` are the new blocks' qubits: one for all of them, one for
/// each, or none: the next register of the stride, moved on to the next free place where a block has it
/// already. The data set must have the trained tasks (complete_tasks). Throws Error (usage).
Config with_task(const Config& trained, const Config& given, const std::string& task,
                 const std::vector<std::vector<int>>& registers, const Dataset& data);

/// The trained model's statistics, and those of the new task's labels.
Statistics carried_statistics(const TrainedModel& trained, const Config& config, const Dataset& data);

/// Patterns of train.frozen for all of `before` inside `now`: tensors are the same, or have grown along their
/// last dimension, the old elements first. Throws Error (usage) where the model's head does otherwise.
std::vector<std::string> frozen_by(const std::vector<ParamInfo>& before, const std::vector<ParamInfo>& now);

/// Writes the trained values to their places among `values`, which belong to `now`.
void carry(const TrainedModel& trained, const std::vector<ParamInfo>& now, std::span<double> values);

/// Throws Error (usage) unless both models give the same bits for the tasks of `trained`, on the first rows
/// of `data`.
void check_same_outputs(const TrainedModel& trained, const TrainedModel& now, const Dataset& data,
                        SimdTarget target);

}  // namespace qmtl
