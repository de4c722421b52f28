// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/model_plan.h"

#include <utility>

#include "io/config/noise_file.h"
#include "io/data/dataset.h"
#include "runtime/base/error.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/train/learner.h"
#include "runtime/train/task_weighting.h"
#include "runtime/train/transfer.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/results.h"

namespace qmtl {

std::vector<std::string> ModelPlan::dead_names() const {
  std::vector<std::string> names;
  for (int param : analysis.dead_params)
    names.push_back(layout.trained[static_cast<std::size_t>(param)].name);
  return names;
}

bool ModelPlan::small() const {
  constexpr std::size_t small_numbers = 1'000'000, small_gates = 100'000;
  std::size_t numbers = 0, gates = circuit.shared.size();
  for (const ParamInfo& tensor : params) numbers += tensor.size;
  for (const Block& block : circuit.blocks) gates += block.ops.size();
  for (const LayerCircuit& layer : layers) gates += layer.copies * layer.circuit.shared.size();
  return numbers <= small_numbers && gates <= small_gates;
}

std::vector<std::string> layer_warnings(const std::vector<LayerCircuit>& layers, const TrainSpec& train) {
  std::vector<std::string> warnings;
  for (const LayerCircuit& layer : layers)
    for (const std::string& warning : analyse(layer.circuit, layer.names).warnings)
      warnings.push_back(layer.where + ": " + warning);
  if (layers.empty()) return warnings;
  const auto warn = [&](const std::string& key, const std::string& what) {
    warnings.push_back(key + ": only the head's circuit has " + what + "; circuits of the backbone (" +
                       layers.front().where + (layers.size() > 1 ? ", ..." : "") + ") are exact");
  };
  if (train.shots > 0) warn("train.shots = " + std::to_string(train.shots), "shot noise");
  if (!train.noise.empty()) warn("train.noise", "the device's noise");
  return warnings;
}

ModelPlan plan_resolved(Config config, std::vector<ParamInfo> params, std::vector<LayerCircuit> layers) {
  ModelPlan found;
  found.config = std::move(config);
  found.params = std::move(params);
  const ModelSpec& model = found.config.model;
  found.has_circuit = head_kind(model.head.kind).circuit();
  if (found.has_circuit) {
    Assembly assembly = assemble(head_ansatz(model));
    found.circuit = std::move(assembly.circuit);
    found.layout = std::move(assembly.layout);
    found.analysis = analyse(found.circuit, found.layout.names());
    found.plan =
        make_plan(found.circuit, parse_plan_kind(model.plan), plan_options(model, found.config.train.shots));
    if (const TrainSpec& train = found.config.train; !train.noise.empty())
      found.noisy =
          make_noisy_plan(found.circuit, parse_training_noise(train.noise),
                          {.engine = plan_options(model, train.shots), .trajectories = train.trajectories});
  }
  found.layers = std::move(layers);
  for (std::string& warning : layer_warnings(found.layers, found.config.train))
    found.analysis.warnings.push_back(std::move(warning));
  return found;
}

ModelPlan plan_model(const std::string& file, const std::vector<std::string>& overrides, SimdTarget simd) {
  Config config = read_config(file, overrides);
  if (config.data_file.empty())
    throw usage_error(file + ": expected the data set's file in data.file, found none");
  Dataset data = read_dataset(config.data_file);
  complete_tasks(data, finished_tasks(config.model));
  const std::string asked = config.model.plan;
  resolve(config, data);
  const Statistics statistics = standardise(data, config.model);
  const auto learner =
      make_learner(config.model, config.train, data, statistics, simd, training_device(config.train));
  const std::string chosen = std::exchange(config.model.plan, asked);
  ModelPlan found = plan_resolved(std::move(config), learner->params(), learner->layer_circuits());
  found.config.model.plan = chosen;
  if (found.small())
    found.model = {found.config.model, found.config.train.shots,
                   learner->params(),  learner->initial(found.config.train.seed),
                   statistics,         {}};
  return found;
}

namespace {

nlohmann::ordered_json alternatives_json(const Plan& plan) {
  auto list = nlohmann::ordered_json::array();
  for (const Alternative& other : plan.alternatives)
    list.push_back({{"plan", name(other.kind)},
                    {"flops", other.cost.flops},
                    {"bytes", other.cost.bytes},
                    {"expected_seconds", other.cost.seconds},
                    {"widest", other.widest},
                    {"obstacle", other.obstacle}});
  return list;
}

nlohmann::ordered_json layers_json(const std::vector<LayerCircuit>& layers) {
  auto list = nlohmann::ordered_json::array();
  for (const LayerCircuit& layer : layers)
    list.push_back({{"layer", layer.where},
                    {"copies", layer.copies},
                    {"qubits", layer.circuit.qubits},
                    {"inputs", layer.inputs},
                    {"outputs", layer.outputs},
                    {"shared", layer.spec.share},
                    {"parameters", layer.numbers},
                    {"plan", name(layer.plan.kind)},
                    {"expected_seconds", layer.plan.cost.seconds * static_cast<double>(layer.copies)}});
  return list;
}

nlohmann::ordered_json noise_json(const NoisyPlan& noisy) {
  auto parts = nlohmann::ordered_json::array();
  for (const NoisyPlanPart& part : noisy.parts)
    parts.push_back({{"method", name(part.method)},
                     {"blocks", part.blocks},
                     {"terms", part.terms},
                     {"cone", part.cone},
                     {"qubits_alive", part.alive},
                     {"expected_seconds", part.cost.seconds}});
  return {{"flops", noisy.plan.cost.flops},
          {"bytes", noisy.plan.cost.bytes},
          {"expected_seconds", noisy.plan.cost.seconds},
          {"parts", parts}};
}

}  // namespace

nlohmann::ordered_json plan_json(const ModelPlan& found) {
  const ParameterCount count = count_parameters(found.params);
  nlohmann::ordered_json tensors;
  for (const ParamInfo& param : found.params) tensors[param.name] = param.size;
  nlohmann::ordered_json parameters{{"backbone", count.backbone}, {"head", count.head}, {"tensors", tensors}};
  const int outputs = static_cast<int>(task_columns(found.config.model).back());
  nlohmann::ordered_json json{{"head", found.config.model.head.kind},
                              {"qubits", found.circuit.qubits},
                              {"angles", found.circuit.angles},
                              {"plan", found.has_circuit ? std::string(name(found.plan.kind)) : "none"},
                              {"reason", found.plan.reason},
                              {"outputs", outputs},
                              {"parameters", parameters},
                              {"dead", found.dead_names()},
                              {"flops", found.plan.cost.flops},
                              {"bytes", found.plan.cost.bytes},
                              {"expected_seconds", found.plan.cost.seconds},
                              {"widest", found.plan.widest},
                              {"terms", found.plan.terms},
                              {"alternatives", alternatives_json(found.plan)},
                              {"layers", layers_json(found.layers)},
                              {"warnings", found.analysis.warnings}};
  if (found.noisy) json["noise"] = noise_json(*found.noisy);
  if (const TaskWeighting kind = found.config.train.task_weighting; weighs_by_gradients(kind))
    json["weighting"] = {
        {"kind", name(kind)},
        {"backbone_backward_passes", kind == TaskWeighting::pcgrad ? found.config.model.tasks.size() : 1},
        {"head_backward_passes", found.config.model.tasks.size()},
        {"numbers", shared_params(kind, found.params).size}};
  for (const AmplitudeEncoding& encoding : found.circuit.encodings)
    json["encodings"].push_back({{"kind", name(LayerEncoding::amplitude)},
                                 {"numbers", encoding.of},
                                 {"qubits", encoding.qubits},
                                 {"rotations", encoding.rotations()}});
  return json;
}

}  // namespace qmtl
