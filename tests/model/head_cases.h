// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/model/heads/head.h"

namespace qmtl {

struct HeadCase {
  std::string kind;
  int shots = 0;
  int groups = 1;
  bool train_gain = false;
  bool block_per_task = false;
  int uploads = 1;
  AngleMap map = AngleMap::shift_tanh;
};

/// `count` tasks of all kinds in turn: 1, 3, 2 and 1 outputs.
inline std::vector<TaskSpec> tasks_of(int count) {
  const std::vector<std::pair<std::string, int>> kinds{
      {"binary", 1}, {"multiclass", 3}, {"multilabel", 2}, {"regression", 1}};
  std::vector<TaskSpec> tasks;
  for (int t = 0; t < count; ++t) {
    TaskSpec task;
    task.name = "task" + std::to_string(t);
    task.kind = kinds[static_cast<std::size_t>(t % 4)].first;
    task.outputs = kinds[static_cast<std::size_t>(t % 4)].second;
    task.classes = task.kind == "multiclass" ? 3 : 2;
    tasks.push_back(task);
  }
  return tasks;
}

inline ModelSpec spec_of(const HeadCase& c, int tasks = 4) {
  ModelSpec spec;
  spec.tasks = tasks_of(tasks);
  HeadSpec& head = spec.head;
  head.kind = c.kind;
  head.width = 5;
  head.hidden = 3;
  head.angle_map = c.map;
  head.train_gain = c.train_gain;
  head.block_per_task = c.block_per_task;
  head.ansatz.qubits = 4;
  head.ansatz.uploads = c.uploads;
  head.ansatz.layers = 2;
  head.ansatz.rotations = {Gate::ry, Gate::rx};
  head.ansatz.register_size = 3;
  head.ansatz.stride = 1;
  head.ansatz.block_outputs.clear();
  for (const TaskSpec& task : spec.tasks)
    if (c.block_per_task && task.kind == "multiclass")
      head.ansatz.block_outputs.push_back(task.outputs);
    else
      head.ansatz.block_outputs.insert(head.ansatz.block_outputs.end(),
                                       static_cast<std::size_t>(task.outputs), 1);
  return spec;
}

inline std::vector<TaskRange> groups_of(int groups, std::size_t tasks) {
  std::vector<TaskRange> ranges;
  const auto count = static_cast<std::size_t>(groups);
  for (std::size_t g = 0; g < count; ++g) ranges.push_back({tasks * g / count, tasks * (g + 1) / count});
  return ranges;
}

}  // namespace qmtl
