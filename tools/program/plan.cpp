// SPDX-License-Identifier: Apache-2.0
#include "tools/program/text/plan.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "runtime/model/heads/head_table.h"
#include "tools/program/options.h"
#include "tools/workflows/training/results.h"

namespace qmtl {
namespace {

const Usage usage{
    "qmtl plan CONFIG [options]",
    "Shows what a configuration would train, without training: the circuit, the parameters of every "
    "part, dead\nparameters and other warnings, how the engine runs it, and what that costs.",
    "  qmtl plan benchmarks/digits/digits.toml\n"
    "  qmtl plan digits.toml --set circuit.qubits=40 --set block.entangler=cz-ring --json",
    true};

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

nlohmann::ordered_json to_json(const ModelPlan& found) {
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
  for (const AmplitudeEncoding& encoding : found.circuit.encodings)
    json["encodings"].push_back({{"kind", name(LayerEncoding::amplitude)},
                                 {"numbers", encoding.of},
                                 {"qubits", encoding.qubits},
                                 {"rotations", encoding.rotations()}});
  return json;
}

}  // namespace

int plan_command(const Ranks& ranks, const Arguments& args) {
  const auto options = parse_options(ranks, usage, {}, {"config"}, {"config"}, args);
  if (!options) return 0;
  const ModelPlan found = plan_model(options->text("config"), options->common.set, options->common.simd);
  if (options->common.json)
    std::cout << to_json(found).dump(2) << std::endl;
  else
    print_model_plan(found, options->common.threads);
  return 0;
}

}  // namespace qmtl
