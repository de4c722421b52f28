// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/transfer.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "runtime/base/error.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/train/learner.h"
#include "runtime/train/predictor.h"

namespace qmtl {
namespace {

constexpr std::size_t probed_rows = 64;

const ParamInfo& find(const std::vector<ParamInfo>& params, const std::string& name) {
  const auto found =
      std::find_if(params.begin(), params.end(), [&](const ParamInfo& info) { return info.name == name; });
  if (found == params.end())
    throw usage_error("adding a task would change the parameter " + name +
                      " of the trained model, which this kind of head does not allow");
  return *found;
}

std::size_t columns(const ParamInfo& info) { return info.shape.empty() ? 1 : info.shape.back(); }

/// Whether `now` is `before` with more elements along the last dimension, or the same.
bool grown_from(const ParamInfo& before, const ParamInfo& now) {
  if (before.shape.empty() || now.shape.size() != before.shape.size()) return before.shape == now.shape;
  return std::equal(before.shape.begin(), before.shape.end() - 1, now.shape.begin()) &&
         before.shape.back() <= now.shape.back();
}

std::string component(const std::string& name) { return name.substr(0, name.find('.')); }

std::vector<int> consecutive(int first, int size, int qubits) {
  std::vector<int> numbers;
  for (int i = 0; i < size; ++i) numbers.push_back((first + i) % qubits);
  return numbers;
}

/// The register from the stride's place on that no block has yet; the stride's own if all are taken.
std::vector<int> free_register(const AnsatzSpec& ansatz, const std::vector<std::vector<int>>& taken) {
  const int size = std::min(ansatz.register_size, ansatz.qubits);
  const auto place = static_cast<long long>(taken.size()) * ansatz.stride % ansatz.qubits;
  for (int moved = 0; moved < ansatz.qubits; ++moved) {
    const std::vector<int> candidate =
        consecutive((static_cast<int>(place) + moved) % ansatz.qubits, size, ansatz.qubits);
    if (std::find(taken.begin(), taken.end(), candidate) == taken.end()) return candidate;
  }
  return consecutive(static_cast<int>(place), size, ansatz.qubits);
}

/// Registers of all blocks, the trained ones first. `ansatz` has the blocks of both.
std::vector<std::vector<int>> extend_registers(const AnsatzSpec& trained, const AnsatzSpec& ansatz,
                                               const std::vector<std::vector<int>>& given) {
  std::vector<std::vector<int>> registers;
  for (std::size_t b = 0; b < trained.block_outputs.size(); ++b) registers.push_back(register_of(trained, b));
  const std::size_t added = ansatz.block_outputs.size() - registers.size();
  if (given.size() > 1 && given.size() != added)
    throw usage_error("--register: expected one for all new blocks or one for each of " +
                      std::to_string(added) + ", found " + std::to_string(given.size()));
  for (std::size_t b = 0; b < added; ++b)
    registers.push_back(given.empty() ? free_register(ansatz, registers) : given[given.size() == 1 ? 0 : b]);
  return registers;
}

/// Whether the stride lays the blocks out like that.
bool laid_out(const AnsatzSpec& ansatz, const std::vector<std::vector<int>>& registers) {
  for (std::size_t b = 0; b < registers.size(); ++b) {
    const auto first = static_cast<long long>(b) * ansatz.stride % ansatz.qubits;
    if (registers[b] != consecutive(static_cast<int>(first), ansatz.register_size, ansatz.qubits))
      return false;
  }
  return true;
}

/// logits[rows, outputs] of the data set's first rows.
std::vector<float> predict_first_rows(const TrainedModel& model, const Dataset& data, std::size_t rows,
                                      SimdTarget target) {
  const auto predictor = make_predictor(model, target);
  std::vector<std::span<const float>> inputs;
  std::vector<std::span<const double>> shifts;
  for (const Input* input : bind_inputs(data, model.spec)) {
    inputs.push_back(std::span(input->values).first(rows * input->width));
    shifts.push_back(input->shift);
  }
  std::vector<float> logits(rows * predictor->outputs());
  predictor->predict(rows, inputs, logits, shifts);
  return logits;
}

}  // namespace

std::span<const TaskSpec> finished_tasks(const ModelSpec& spec) {
  return std::span(spec.tasks).first(newest_tasks(spec));
}

void complete_tasks(Dataset& data, std::span<const TaskSpec> tasks) {
  for (const TaskSpec& spec : tasks) {
    if (std::any_of(data.tasks.begin(), data.tasks.end(),
                    [&](const Task& task) { return task.name == spec.name; }))
      continue;
    Task task = task_of(spec);
    task.labels.assign(data.samples * task.columns, std::numeric_limits<float>::quiet_NaN());
    data.tasks.push_back(std::move(task));
  }
}

Config with_task(const Config& trained, const Config& given, const std::string& task,
                 const std::vector<std::vector<int>>& registers, const Dataset& data) {
  Config config = given;
  config.standardise = trained.standardise;
  config.model = trained.model;
  config.train.shots = trained.train.shots;
  config.train.task_groups = 1;
  config.train.task_weighting = TaskWeighting::none;  // the new task is trained alone
  config.data_tasks.clear();
  ModelSpec& model = config.model;
  for (const TaskSpec& known : model.tasks) {
    if (known.name == task)
      throw usage_error("--add-task " + task + ": the trained model has this task already");
    config.data_tasks.push_back(known.name);
  }
  config.data_tasks.push_back(task);
  TaskSpec added;
  added.name = task;
  for (const TaskSpec& said : given.model.tasks)
    if (said.name == task) added = said;
  if (model.generations.empty()) model.generations = {static_cast<int>(model.tasks.size())};
  model.generations.push_back(1);
  model.tasks.push_back(added);
  AnsatzSpec& ansatz = model.head.ansatz;
  const bool placed = head_kind(model.head.kind).registers && ansatz.placement == Placement::local;
  if (!registers.empty() && !placed)
    throw usage_error("--register: the blocks of this model have no registers of their own (head '" +
                      model.head.kind + "', block.placement = \"" + std::string(name(ansatz.placement)) +
                      "\")");
  if (placed) ansatz.registers.clear();
  resolve(config, data);
  if (placed) {
    const AnsatzSpec& before = trained.model.head.ansatz;
    ansatz.registers = extend_registers(before, ansatz, registers);
    if (before.registers.empty() && laid_out(ansatz, ansatz.registers)) ansatz.registers.clear();
    resolve(config, data);
  }
  return config;
}

Statistics carried_statistics(const TrainedModel& trained, const Config& config, const Dataset& data) {
  Statistics all = trained.statistics;
  ModelSpec newest = config.model;
  newest.tasks.erase(newest.tasks.begin(),
                     newest.tasks.begin() + static_cast<std::ptrdiff_t>(newest_tasks(config.model)));
  for (LabelStatistics& entry : standardise(data, newest, false).labels)
    all.labels.push_back(std::move(entry));
  return all;
}

std::vector<std::string> frozen_by(const std::vector<ParamInfo>& before, const std::vector<ParamInfo>& now) {
  std::vector<std::string> patterns;
  std::vector<std::string> open;  // beginnings of names under which something is trained
  for (const ParamInfo& info : now) {
    const bool known = std::any_of(before.begin(), before.end(), [&](const ParamInfo& old) {
      return old.name == info.name && old.shape == info.shape;
    });
    if (!known) open.push_back(component(info.name));
  }
  for (const ParamInfo& old : before) {
    const ParamInfo& info = find(now, old.name);
    if (!grown_from(old, info))
      throw usage_error("adding a task would change the shape of " + old.name +
                        " in another way than this kind of head allows");
    std::string pattern = old.name;
    if (old.shape != info.shape)
      pattern += "[0:" + std::to_string(columns(old)) + "]";
    else if (std::find(open.begin(), open.end(), component(old.name)) == open.end())
      pattern = component(old.name);
    if (patterns.empty() || patterns.back() != pattern) patterns.push_back(std::move(pattern));
  }
  return patterns;
}

void carry(const TrainedModel& trained, const std::vector<ParamInfo>& now, std::span<double> values) {
  for (const ParamInfo& old : trained.tensors) {
    const ParamInfo& info = find(now, old.name);
    const std::size_t from = columns(old), to = columns(info);
    for (std::size_t i = 0; i < old.size; ++i)
      values[info.offset + i / from * to + i % from] = trained.values[old.offset + i];
  }
}

void check_same_outputs(const TrainedModel& trained, const TrainedModel& now, const Dataset& data,
                        SimdTarget target) {
  const std::size_t rows = std::min(data.samples, probed_rows);
  const std::vector<float> before = predict_first_rows(trained, data, rows, target);
  const std::vector<float> after = predict_first_rows(now, data, rows, target);
  const std::size_t old_columns = task_columns(trained.spec).back();
  const std::size_t new_columns = task_columns(now.spec).back();
  for (std::size_t row = 0; row < rows; ++row)
    if (std::memcmp(before.data() + row * old_columns, after.data() + row * new_columns,
                    old_columns * sizeof(float)) != 0)
      throw usage_error("a model with the head '" + trained.spec.head.kind +
                        "' cannot take on a task without changing the outputs of those it has; train all "
                        "tasks together");
}

}  // namespace qmtl
