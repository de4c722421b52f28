// SPDX-License-Identifier: Apache-2.0
#include "io/onnx/file.h"

#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "io/files/atomic_file.h"
#include "io/onnx/model.h"
#include "runtime/base/error.h"
#include "runtime/model/data.h"

namespace qmtl {
namespace {

/// A value of a graph has one name: a task that is called like an input gets another.
std::string output_name(const ModelSpec& spec, const TaskSpec& task) {
  const bool taken = std::find(spec.inputs.begin(), spec.inputs.end(), task.name) != spec.inputs.end();
  return taken ? task.name + "_output" : task.name;
}

void add_outputs(OnnxGraph& graph, const ModelSpec& spec, const OnnxValue& values) {
  std::vector<OnnxValue> names;
  std::vector<std::int64_t> widths;
  for (const TaskSpec& task : spec.tasks) {
    names.push_back(output_name(spec, task));
    widths.push_back(task.outputs);
    graph.declare_output(names.back(), static_cast<std::size_t>(task.outputs));
  }
  if (names.size() == 1)
    graph.node_to(names, "Identity", {values});
  else
    graph.node_to(names, "Split", {values, graph.integers(widths)}, {{"axis", std::int64_t{1}}});
}

void add_metadata(onnx::ModelProto& model, const Checkpoint& checkpoint) {
  nlohmann::ordered_json tasks, inputs;
  for (const TaskSpec& task : checkpoint.config.model.tasks) {
    tasks.push_back({{"name", task.name},
                     {"output", output_name(checkpoint.config.model, task)},
                     {"kind", task.kind},
                     {"outputs", task.outputs}});
    const TaskMeaning& meaning = checkpoint.meaning.task(task.name);
    if (!meaning.classes.empty()) tasks.back()["classes"] = meaning.classes;
    if (!meaning.unit.empty()) tasks.back()["unit"] = meaning.unit;
  }
  for (const InputMeaning& input : checkpoint.meaning.inputs) {
    inputs.push_back({{"name", input.input}});
    if (!input.columns.empty()) inputs.back()["columns"] = input.columns;
    if (!input.units.empty()) inputs.back()["units"] = input.units;
  }
  const auto add = [&](const char* key, const std::string& value) {
    onnx::StringStringEntryProto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  };
  add("qmtl.content_hash", checkpoint.content_hash);
  add("qmtl.run_hash", checkpoint.run_hash);
  add("qmtl.head", checkpoint.config.model.head.kind);
  add("qmtl.tasks", tasks.dump());
  if (!inputs.empty()) add("qmtl.inputs", inputs.dump());
}

onnx::ModelProto make_model(const Checkpoint& checkpoint) {
  const ModelSpec& spec = checkpoint.config.model;
  onnx::ModelProto model;
  model.set_ir_version(onnx_ir_version);
  model.set_producer_name("qmtl");
  model.set_producer_version(checkpoint.program_version);
  model.add_opset_import()->set_version(onnx_opset);
  add_metadata(model, checkpoint);
  model.mutable_graph()->set_name("qmtl");
  OnnxGraph graph(*model.mutable_graph());
  add_outputs(graph, spec, add_onnx_operations(graph, trained_model(checkpoint)));
  return model;
}

/// As others do who are about to run the file.
void check(const std::string& path) {
  const std::string bytes = read_file(path);
  onnx::ModelProto model;
  if (!model.ParseFromString(bytes))
    throw data_error(path + ": expected the ONNX model just written, found something else; try again");
  onnx::checker::check_model(model);
  onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                     onnx::ShapeInferenceOptions{true, 1, true});
}

std::vector<std::size_t> sample_shape(const onnx::ValueInfoProto& value) {
  std::vector<std::size_t> shape;
  const auto& dims = value.type().tensor_type().shape();
  for (int i = 1; i < dims.dim_size(); ++i)
    shape.push_back(static_cast<std::size_t>(dims.dim(i).dim_value()));
  return shape;
}

OnnxSummary summary(const onnx::GraphProto& graph) {
  OnnxSummary result;
  result.nodes = static_cast<std::size_t>(graph.node_size());
  for (const onnx::TensorProto& tensor : graph.initializer())
    result.constant_bytes += tensor.raw_data().size();
  for (const onnx::ValueInfoProto& value : graph.input())
    result.inputs.push_back({value.name(), sample_shape(value)});
  for (const onnx::ValueInfoProto& value : graph.output())
    result.outputs.push_back({value.name(), sample_shape(value)});
  return result;
}

}  // namespace

void check_onnx(const TrainedModel& model) {
  onnx::GraphProto nodes;
  OnnxGraph graph(nodes);
  add_onnx_operations(graph, model);
}

OnnxSummary write_onnx(const std::string& path, const Checkpoint& checkpoint) {
  const onnx::ModelProto model = make_model(checkpoint);
  OnnxSummary result = summary(model.graph());
  result.file_bytes = model.ByteSizeLong();
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
  if (result.file_bytes > most)
    throw usage_error("onnx: the model takes " + std::to_string(result.file_bytes) +
                      " bytes, but an ONNX file holds at most " + std::to_string(most) +
                      "; export a smaller model");
  std::string bytes;
  model.SerializeToString(&bytes);
  write_file(path, bytes, check);
  return result;
}

}  // namespace qmtl
