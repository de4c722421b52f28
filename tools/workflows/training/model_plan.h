// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "io/config/config.h"
#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/circuit/plan/analysis.h"
#include "runtime/circuit/plan/plan.h"
#include "runtime/engine/engine.h"
#include "runtime/model/layers/layer.h"
#include "runtime/model/params.h"
#include "runtime/model/trained_model.h"
#include "runtime/noise/noisy_plan.h"

namespace qmtl {

/// What a configuration would train; the circuit's parts are empty for heads without one.
struct ModelPlan {
  Config config;
  std::vector<ParamInfo> params;
  Circuit circuit;
  ParamLayout layout;
  Analysis analysis;
  Plan plan;
  std::optional<NoisyPlan> noisy = {};  ///< of training, where train.noise has a device
  bool has_circuit = false;
  std::vector<LayerCircuit> layers;  ///< the backbone's circuits
  /// With the numbers that it would start from, or those of its training; nothing where it is not `small`.
  std::optional<TrainedModel> model = {};

  /// Whether trying what becomes of the model elsewhere takes no longer than planning it.
  bool small() const;
  /// Of parameters that no output depends on.
  std::vector<std::string> dead_names() const;
};

/// What analysis finds in circuits of the backbone, one sentence each, and that they are exact where the head
/// trains with shots or noise.
std::vector<std::string> layer_warnings(const std::vector<LayerCircuit>& layers, const TrainSpec& train);

/// Reads the configuration in `file` with `overrides` ("key=value") and its data set; trains nothing. Throws
/// Error (usage) or (data) naming file and key.
ModelPlan plan_model(const std::string& file, const std::vector<std::string>& overrides, SimdTarget simd);
/// The same of a configuration that is resolved, whose parameters and circuits of the backbone are known.
ModelPlan plan_resolved(Config config, std::vector<ParamInfo> params, std::vector<LayerCircuit> layers = {});

/// What `qmtl plan --json` prints.
nlohmann::ordered_json plan_json(const ModelPlan& found);

}  // namespace qmtl
