// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "runtime/base/error.h"
#include "runtime/circuit/ansatz/unread.h"
#include "runtime/circuit/plan/plan.h"
#include "runtime/model/heads/circuit_start.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/model/layers/circuit_copies.h"
#include "runtime/model/loss.h"
#include "runtime/model/metrics.h"
#include "runtime/train/class_weights.h"
#include "runtime/train/learner.h"

namespace qmtl {
namespace {

template <class Items>
std::string names_of(const Items& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + item.name;
  return text.empty() ? "none" : text;
}

std::string in_file(const Config& config) { return config.file.empty() ? "" : config.file + ": "; }

/// Empty for an input whose samples are no images.
std::vector<std::size_t> image_shape(const Input& input) {
  return input.shape.size() == 2 || input.shape.size() == 3 ? input.shape : std::vector<std::size_t>{};
}

/// All inputs of the data set, or those the configuration lists; one branch each, without layers where none
/// are given.
void resolve_inputs(Config& config, const Dataset& data) {
  ModelSpec& model = config.model;
  if (model.inputs.empty())
    for (const Input& input : data.inputs) model.inputs.push_back(input.name);
  model.input_widths.clear();
  std::vector<std::vector<std::size_t>> shapes;
  for (const std::string& wanted : model.inputs) {
    const auto found = std::find_if(data.inputs.begin(), data.inputs.end(),
                                    [&](const Input& input) { return input.name == wanted; });
    if (found == data.inputs.end())
      throw usage_error(in_file(config) + "input." + wanted +
                        ": the data set has no such input (it has: " + names_of(data.inputs) + ")");
    model.input_widths.push_back(found->width);
    shapes.push_back(image_shape(*found));
  }
  // A shape of the configuration's own makes images of flat inputs.
  for (std::size_t i = 0; i < model.input_shapes.size(); ++i)
    if (!model.input_shapes[i].empty()) shapes[i] = model.input_shapes[i];
  model.input_shapes = std::move(shapes);
  for (std::size_t i = 0; i < model.inputs.size(); ++i) input_shape(model, i);
  if (std::all_of(model.input_shapes.begin(), model.input_shapes.end(),
                  [](const auto& shape) { return shape.empty(); }))
    model.input_shapes.clear();
  std::vector<BranchSpec> branches;
  for (const std::string& input : model.inputs) branches.push_back({input, {}});
  for (const BranchSpec& given : model.backbone.branches) {
    const auto place = std::find_if(branches.begin(), branches.end(),
                                    [&](const BranchSpec& branch) { return branch.input == given.input; });
    if (place == branches.end())
      throw usage_error(in_file(config) + "branch." + given.input +
                        ": the model has no such input (it has: " + names_of(data.inputs) + ")");
    place->layers = given.layers;
  }
  model.backbone.branches = std::move(branches);
}

/// The tasks that data.tasks lists, or all of the data set in their order.
std::vector<const Task*> chosen_tasks(const Config& config, const Dataset& data) {
  std::vector<const Task*> chosen;
  if (config.data_tasks.empty())
    for (const Task& task : data.tasks) chosen.push_back(&task);
  for (const std::string& wanted : config.data_tasks) {
    const auto found = std::find_if(data.tasks.begin(), data.tasks.end(),
                                    [&](const Task& task) { return task.name == wanted; });
    if (found == data.tasks.end())
      throw usage_error(in_file(config) + "data.tasks: the data set has no task '" + wanted +
                        "' (it has: " + names_of(data.tasks) + ")");
    if (std::find(chosen.begin(), chosen.end(), &*found) != chosen.end())
      throw usage_error(in_file(config) + "data.tasks: '" + wanted + "' is listed twice");
    chosen.push_back(&*found);
  }
  return chosen;
}

void set_metrics(TaskSpec& task, const std::string& metric, const std::vector<std::string>& metrics) {
  task.metrics = choose_metrics(task.name, parse_task_kind(task.kind), metric, metrics);
  task.metric = task.metrics.front();
  if (task.metrics.size() == 1) task.metrics.clear();
}

/// Those tasks, with what the configuration says about them.
void resolve_tasks(Config& config, const Dataset& data) {
  std::vector<TaskSpec> tasks;
  for (const Task* chosen : chosen_tasks(config, data)) {
    const Task& task = *chosen;
    if (task.name == "*")
      throw data_error(
          "the data set has a task named '*', which means every task in a configuration; import it "
          "under another name");
    TaskSpec spec;
    spec.name = task.name;
    spec.kind = name(task.kind);
    spec.outputs = task.outputs();
    spec.classes = task.kind == TaskKind::multiclass ? task.classes : 2;
    set_metrics(spec, task.metric, task.metrics);
    tasks.push_back(std::move(spec));
  }
  for (const TaskSpec& given : config.model.tasks)
    if (std::none_of(data.tasks.begin(), data.tasks.end(),
                     [&](const Task& task) { return task.name == given.name; }))
      throw usage_error(in_file(config) + "task." + given.name +
                        ": the data set has no such task (it has: " + names_of(data.tasks) + ")");
  for (TaskSpec& task : tasks) {
    const TaskSpec& given = config.model.said_of(task.name);
    if (!given.kind.empty() && (given.kind != task.kind || given.outputs != task.outputs))
      throw usage_error(in_file(config) + "task." + task.name + ": the configuration says kind " +
                        given.kind + " with " + std::to_string(given.outputs) +
                        " outputs, the data set has kind " + task.kind + " with " +
                        std::to_string(task.outputs) + " outputs");
    if (!given.metric.empty() || !given.metrics.empty()) set_metrics(task, given.metric, given.metrics);
    task.loss = given.loss;
    task.weight = given.weight;
    task.block = given.block;
    task.own_qubits = given.own_qubits;
    task.output = given.output;
    task.in_mean = given.in_mean;
    task.class_weights = given.class_weights;
    if (given.balance_classes) {
      const auto labels = std::find_if(data.tasks.begin(), data.tasks.end(),
                                       [&](const Task& known) { return known.name == task.name; });
      task.class_weights = balanced_class_weights(*labels, data.rows(Split::train));
    }
  }
  if (tasks.empty())
    throw usage_error(in_file(config) + "the data set has no tasks: there is nothing to learn");
  for (const TaskSpec& task : tasks) loss_info(task);
  config.model.tasks = std::move(tasks);
  config.model.every_task = {};
}

std::vector<int> block_outputs(const ModelSpec& model) {
  std::vector<int> outputs;
  for (const TaskSpec& task : model.tasks) {
    if (task.one_block() || (model.head.block_per_task && parse_task_kind(task.kind) == TaskKind::multiclass))
      outputs.push_back(task.outputs);
    else
      outputs.insert(outputs.end(), static_cast<std::size_t>(task.outputs), 1);
  }
  return outputs;
}

/// Few outputs do not see all of a wide circuit: the gates beyond their registers' neighbours would be idle.
int qubits_for(const AnsatzSpec& ansatz, int outputs) {
  constexpr int few = 4, enough = 16;
  if (ansatz.placement != Placement::local) return 8;
  if (outputs > few) return std::max(8, 2 * outputs);
  if (ansatz.entangler != AnsatzSpec{}.entangler) return enough;
  const int size = ansatz.register_size > 0 ? ansatz.register_size : usual_register;
  return std::min(enough, static_cast<int>(ansatz.block_outputs.size()) * (size + 2 * ansatz.layers));
}

/// Registers of the tasks that ask for qubits of their own, one after another. Returns how many qubits there
/// are then.
int lay_out_registers(const Config& config, ModelSpec& model) {
  int next = 0;
  for (TaskSpec& task : model.tasks) {
    if (task.own_qubits == 0) continue;
    std::vector<int> reg;
    for (int q = 0; q < task.own_qubits; ++q) reg.push_back(next++);
    if (!task.block.qubits.empty() && task.block.qubits != reg)
      throw usage_error(in_file(config) + "task." + task.name +
                        ": expected either qubits (so many of its own) or register (by hand), found both");
    task.block.qubits = std::move(reg);
  }
  return next;
}

/// A wide and shallow circuit where the tasks allow it. A global block acts on all qubits, so those stay few.
void resolve_circuit(const Config& config, ModelSpec& model) {
  AnsatzSpec& ansatz = model.head.ansatz;
  const int outputs = static_cast<int>(task_columns(model).back());
  ansatz.block_outputs = block_outputs(model);
  const int blocks = static_cast<int>(ansatz.block_outputs.size());
  const bool local = ansatz.placement == Placement::local;
  const int own = lay_out_registers(config, model);
  if (ansatz.qubits == 0 && own > 0) ansatz.qubits = own;
  if (ansatz.qubits == 0) ansatz.qubits = qubits_for(ansatz, outputs);
  if (ansatz.qubits < 1)
    throw usage_error(in_file(config) + "circuit.qubits: expected at least 1, found " +
                      std::to_string(ansatz.qubits));
  if (ansatz.register_size == 0) ansatz.register_size = std::min(usual_register, ansatz.qubits);
  if (head_kind(model.head.kind).registers && local && ansatz.registers.empty() &&
      ansatz.register_size > ansatz.qubits)
    throw usage_error(in_file(config) + "block.size: a register of " + std::to_string(ansatz.register_size) +
                      " qubits does not fit circuit.qubits = " + std::to_string(ansatz.qubits) +
                      "; lower block.size or raise circuit.qubits");
  if (ansatz.stride == 0) ansatz.stride = blocks <= 4 ? std::max(1, ansatz.qubits / blocks) : 2;
}

}  // namespace

void resolve_head(Config& config) {
  HeadSpec& head = config.model.head;
  const HeadKind& kind = head_kind(head.kind);
  try {
    for (const TaskSpec& task : config.model.tasks) check_output_map(task);
  } catch (const Error& error) {
    throw usage_error(in_file(config) + error.what());
  }
  resolve_circuit(config, config.model);
  const int angles = kind.angles ? task_ansatz(config.model).angles() : head.ansatz.angles();
  if (kind.angles && head.width != 0 && head.width != angles)
    throw usage_error(in_file(config) + "head.width: the representation of head '" + head.kind +
                      "' has one number per angle, " + std::to_string(angles) +
                      " (circuit.qubits x uploads), found " + std::to_string(head.width) +
                      "; leave head.width out");
  if (head.width == 0) head.width = angles;
  // Some of the tasks, or one more behind a trained circuit, keep the inputs that others read.
  if (kind.angles && config.data_tasks.empty() && config.model.generations.empty())
    check_inputs_read(task_ansatz(config.model));
  forget_declared(head.ansatz.stage);
  forget_declared(head.ansatz.block_stage);
  for (TaskSpec& task : config.model.tasks) forget_declared(task.block.layers);
  if (kind.circuit()) check_start(head, head_ansatz(config.model));
  resolve_layer_plans(config.model);
  // A later program may weigh plans differently: what was chosen stays with the run.
  if (kind.circuit() && parse_plan_kind(config.model.plan) == PlanKind::automatic)
    config.model.plan = name(make_plan(build(head_ansatz(config.model)), PlanKind::automatic,
                                       plan_options(config.model, config.train.shots))
                                 .kind);
}

void resolve(Config& config, const Dataset& data) {
  if (config.train.task_weighting == TaskWeighting::uncertainty) {
    config.model.learn_task_weights = true;
    config.train.task_weighting = TaskWeighting::none;
  }
  resolve_inputs(config, data);
  resolve_tasks(config, data);
  resolve_head(config);
}

}  // namespace qmtl
