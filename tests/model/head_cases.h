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
  bool by_hand = false;  ///< layers, observables and output maps of the tasks' own
  bool encoded = false;  ///< the same behind an amplitude encoding, with every form of output map
};

/// Six numbers on three of four qubits, some of which are also uploaded; a task without a map, tasks with
/// bounds.
inline void encode_by_hand(ModelSpec& spec) {
  CircuitLayer amplitudes;
  amplitudes.encode = LayerEncoding::amplitude;
  amplitudes.qubits = {2, 0, 3};
  amplitudes.numbers = 6;
  spec.head.ansatz.stage.insert(spec.head.ansatz.stage.begin(), amplitudes);
  for (TaskSpec& task : spec.tasks) {
    task.output = {};
    if (task.kind == "binary") continue;
    task.output.form = task.outputs == 3 ? OutputForm::raw : OutputForm::tanh;
    if (task.outputs == 1) task.output.range = {-1.0, 5.0};
    if (task.outputs == 2) task.output.train_bias = false;
  }
}

/// Every way in which a circuit differs from the short form: products of inputs, trained weights and offsets,
/// shared inputs, numbers of the sample in a block, several bases, strings that no basis joins, trained
/// weights of strings, fixed scales and biases.
inline void write_by_hand(ModelSpec& spec) {
  AnsatzSpec& ansatz = spec.head.ansatz;
  CircuitLayer first, second;
  first.upload = Gate::rx;
  first.inputs = {{0}, {1}, {1}, {2}};
  first.gates = {Gate::rz};
  first.entangler = Gate::crx;
  first.pattern = PairPattern::line;
  second.upload = Gate::rzz;
  second.pattern = PairPattern::step;
  second.range = 2;
  second.pairs = {{0, 1}, {2, 3}};
  second.inputs = {{0, 3}, {2, 2}};
  second.reflect = second.train_weights = second.train_offsets = true;
  ansatz.stage = {first, second};
  ansatz.block_outputs.clear();
  for (TaskSpec& task : spec.tasks) {
    const int outputs = task.outputs;
    task.block.qubits = outputs == 1 ? std::vector<int>{1, 3} : std::vector<int>{0, 2, 3};
    CircuitLayer layer;
    layer.gates = {Gate::ry};
    if (outputs == 3) {
      layer.upload = Gate::ry;
      layer.inputs = {{1}, {1}, {3}};
      layer.train_weights = true;
    }
    task.block.layers = {layer};
    task.block.observables = outputs == 3   ? std::vector<std::string>{"Z0", "X0 Y1", "0.5 Z1 - X2 + 0.25"}
                             : outputs == 2 ? std::vector<std::string>{"w Z0 + w X1 + w Z2 X0", "P101"}
                                            : std::vector<std::string>{"0.5 Y0 + 0.5 X1"};
    task.output.train_scale = outputs != 3;
    task.output.scale = 1.5;
    task.output.train_bias = outputs != 2;
    task.output.bias = -0.25;
    ansatz.block_outputs.push_back(outputs);
  }
}

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
  if (c.by_hand || c.encoded) write_by_hand(spec);
  if (c.encoded) encode_by_hand(spec);
  return spec;
}

inline std::vector<TaskRange> groups_of(int groups, std::size_t tasks) {
  std::vector<TaskRange> ranges;
  const auto count = static_cast<std::size_t>(groups);
  for (std::size_t g = 0; g < count; ++g) ranges.push_back({tasks * g / count, tasks * (g + 1) / count});
  return ranges;
}

}  // namespace qmtl
