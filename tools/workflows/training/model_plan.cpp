// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/model_plan.h"

#include "io/data/dataset.h"
#include "runtime/base/error.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/train/learner.h"
#include "runtime/train/transfer.h"

namespace qmtl {

std::vector<std::string> ModelPlan::dead_names() const {
  std::vector<std::string> names;
  for (int param : analysis.dead_params)
    names.push_back(layout.trained[static_cast<std::size_t>(param)].name);
  return names;
}

std::vector<std::string> layer_warnings(const std::vector<LayerCircuit>& layers, int shots) {
  std::vector<std::string> warnings;
  for (const LayerCircuit& layer : layers)
    for (const std::string& warning : analyse(layer.circuit, layer.names).warnings)
      warnings.push_back(layer.where + ": " + warning);
  if (shots > 0 && !layers.empty())
    warnings.push_back("train.shots = " + std::to_string(shots) +
                       ": only the head's circuit has shot noise; circuits of the backbone (" +
                       layers.front().where + (layers.size() > 1 ? ", ..." : "") + ") are exact");
  return warnings;
}

ModelPlan plan_model(const std::string& file, const std::vector<std::string>& overrides, SimdTarget simd) {
  ModelPlan found;
  found.config = read_config(file, overrides);
  if (found.config.data_file.empty())
    throw usage_error(file + ": expected the data set's file in data.file, found none");
  Dataset data = read_dataset(found.config.data_file);
  complete_tasks(data, finished_tasks(found.config.model));
  const PlanKind asked = parse_plan_kind(found.config.model.plan);
  resolve(found.config, data);
  const ModelSpec& model = found.config.model;
  found.has_circuit = head_kind(model.head.kind).circuit();
  if (found.has_circuit) {
    const AnsatzSpec ansatz = head_ansatz(model);
    Assembly assembly = assemble(ansatz);
    found.circuit = std::move(assembly.circuit);
    found.layout = std::move(assembly.layout);
    found.analysis = analyse(found.circuit, found.layout.names());
    found.plan = make_plan(found.circuit, asked, plan_options(model, found.config.train.shots));
  }
  const auto learner = make_learner(model, found.config.train, data, standardise(data, model), simd);
  found.params = learner->params();
  found.layers = learner->layer_circuits();
  for (std::string& warning : layer_warnings(found.layers, found.config.train.shots))
    found.analysis.warnings.push_back(std::move(warning));
  return found;
}

}  // namespace qmtl
