// SPDX-License-Identifier: Apache-2.0
#include "tools/program/text/describe.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/text.h"
#include "tools/workflows/training/results.h"

namespace qmtl {
namespace {

std::string shape_text(const std::vector<std::size_t>& shape) {
  std::string text;
  for (std::size_t extent : shape) text += (text.empty() ? "" : " x ") + std::to_string(extent);
  return shape.empty() ? "1" : text;
}

std::size_t labelled(const Task& task) {
  return static_cast<std::size_t>(
      std::count_if(task.labels.begin(), task.labels.end(), [](float label) { return !std::isnan(label); }));
}

/// The names of a task's classes as far as a line has room for them, or its unit.
std::string class_list(const TaskMeaning& task) {
  constexpr std::size_t most = 60;
  std::string text = task.unit;
  for (const std::string& name : task.classes) {
    if (text.size() > most) return text + ", ... (" + std::to_string(task.classes.size()) + ")";
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size() + 1), ' ');
  return text;
}

}  // namespace

nlohmann::ordered_json dataset_json(const Dataset& data, const std::string& file) {
  nlohmann::ordered_json json;
  json["file"] = file;
  json["kind"] = "dataset";
  json["title"] = data.title;
  json["source"] = data.source;
  json["licence"] = data.licence;
  json["samples"] = data.samples;
  json["split"] = {{"train", data.rows(Split::train).size()},
                   {"validation", data.rows(Split::validation).size()},
                   {"test", data.rows(Split::test).size()}};
  auto& inputs = json["inputs"] = nlohmann::ordered_json::object();
  for (const Input& input : data.inputs) {
    auto& entry = inputs[input.name] = {{"shape", input.shape}, {"width", input.width}};
    if (!input.column_names.empty()) entry["columns"] = input.column_names;
    if (!input.units.empty()) entry["units"] = input.units;
  }
  auto& tasks = json["tasks"] = nlohmann::ordered_json::object();
  for (const Task& task : data.tasks) {
    auto& entry = tasks[task.name] = {{"kind", std::string(name(task.kind))},
                                      {"outputs", task.outputs()},
                                      {"metric", task.metric},
                                      {"labels", labelled(task)}};
    if (!task.metrics.empty()) entry["metrics"] = task.metrics;
    if (!task.class_names.empty()) entry["classes"] = task.class_names;
    if (!task.unit.empty()) entry["unit"] = task.unit;
  }
  json["hash"] = data.hash;
  return json;
}

std::string dataset_text(const Dataset& data, const std::string& file) {
  std::string text = "data set     " + file + "\n";
  const auto line = [&text](const char* name, const std::string& value) {
    if (!value.empty()) text += padded(name, 13) + value + "\n";
  };
  line("title", data.title);
  line("source", data.source);
  line("licence", data.licence);
  line("samples", std::to_string(data.samples) + " (train " + std::to_string(data.rows(Split::train).size()) +
                      ", validation " + std::to_string(data.rows(Split::validation).size()) + ", test " +
                      std::to_string(data.rows(Split::test).size()) + ")");
  for (const Input& input : data.inputs) line("input", padded(input.name, 20) + shape_text(input.shape));
  for (const Task& task : data.tasks)
    line("task", padded(task.name, 20) + padded(std::string(name(task.kind)), 12) + padded(task.metric, 18) +
                     std::to_string(labelled(task)) + " labels, " + std::to_string(task.outputs()) +
                     (task.outputs() == 1 ? " output" : " outputs"));
  line("hash", data.hash);
  return text;
}

nlohmann::ordered_json checkpoint_json(const Checkpoint& checkpoint, const std::string& file) {
  const ParameterCount count = count_parameters(checkpoint.params);
  nlohmann::ordered_json json;
  json["file"] = file;
  json["kind"] = "checkpoint";
  json["head"] = checkpoint.config.model.head.kind;
  json["plan"] = checkpoint.plan;
  json["epochs"] = checkpoint.state.epoch;
  json["steps"] = checkpoint.state.step;
  json["best_epoch"] = checkpoint.state.best_epoch;
  json["best_score"] = checkpoint.state.best_score;
  json["parameters"] = {{"backbone", count.backbone}, {"head", count.head}};
  auto& tensors = json["tensors"] = nlohmann::ordered_json::object();
  for (const ParamInfo& param : checkpoint.params)
    tensors[param.name] = {{"shape", param.shape}, {"part", param.head ? "head" : "backbone"}};
  auto& tasks = json["tasks"] = nlohmann::ordered_json::object();
  for (const TaskSpec& task : checkpoint.config.model.tasks) {
    auto& entry =
        tasks[task.name] = {{"kind", task.kind}, {"metric", task.metric}, {"outputs", task.outputs}};
    if (!task.metrics.empty()) entry["metrics"] = task.metrics;
    const TaskMeaning& meaning = checkpoint.meaning.task(task.name);
    if (!meaning.classes.empty()) entry["classes"] = meaning.classes;
    if (!meaning.unit.empty()) entry["unit"] = meaning.unit;
  }
  auto& inputs = json["inputs"] = nlohmann::ordered_json::object();
  const ModelSpec& model = checkpoint.config.model;
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    auto& entry = inputs[model.inputs[i]] = {{"width", model.input_widths[i]}};
    const InputMeaning& meaning = checkpoint.meaning.input(model.inputs[i]);
    if (!meaning.columns.empty()) entry["columns"] = meaning.columns;
    if (!meaning.units.empty()) entry["units"] = meaning.units;
  }
  json["data_file"] = checkpoint.config.data_file;
  json["data_hash"] = checkpoint.data_hash;
  json["run_hash"] = checkpoint.run_hash;
  json["content_hash"] = checkpoint.content_hash;
  json["program_version"] = checkpoint.program_version;
  return json;
}

std::string checkpoint_text(const Checkpoint& checkpoint, const std::string& file) {
  const ParameterCount count = count_parameters(checkpoint.params);
  const TrainState& state = checkpoint.state;
  std::string text = "checkpoint   " + file + "\n";
  const auto line = [&text](const char* name, const std::string& value) {
    text += padded(name, 13) + value + "\n";
  };
  line("head", checkpoint.config.model.head.kind + ", plan " + checkpoint.plan);
  line("trained", std::to_string(state.epoch) + " epochs, " + std::to_string(state.step) +
                      " steps; best epoch " + std::to_string(state.best_epoch) + " with " +
                      fixed(state.best_score, 4));
  line("parameters", "head " + std::to_string(count.head) + ", backbone " + std::to_string(count.backbone));
  for (const ParamInfo& param : checkpoint.params)
    line(param.head ? "  head" : "  backbone", padded(param.name, 26) + shape_text(param.shape));
  for (const TaskSpec& task : checkpoint.config.model.tasks)
    if (const std::string classes = class_list(checkpoint.meaning.task(task.name)); classes.empty())
      line("task", padded(task.name, 20) + padded(task.kind, 12) + task.metric);
    else
      line("task", padded(task.name, 20) + padded(task.kind, 12) + padded(task.metric, 18) + classes);
  line("data", checkpoint.config.data_file);
  line("data hash", checkpoint.data_hash);
  line("run hash", checkpoint.run_hash);
  line("content hash", checkpoint.content_hash);
  line("version", checkpoint.program_version);
  return text;
}

}  // namespace qmtl
