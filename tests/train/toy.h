// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "runtime/base/philox.h"
#include "runtime/train/learner.h"

namespace qmtl::toy {

inline constexpr float missing = std::numeric_limits<float>::quiet_NaN();

/// Gaussian-like clouds: two inputs ("a" 3 wide, "b" 2 wide) and one task of every kind that follows from
/// them, every fifth label missing. Rows 0, 3, 6... are validation, the rest training.
inline Dataset dataset(std::size_t samples) {
  const RandomStream random(42, Purpose::initial);
  Dataset data;
  data.samples = samples;
  data.inputs = {{"a", {3}, 3, {}}, {"b", {2}, 2, {}}};
  for (std::size_t w = 0; w < 2; ++w)
    for (std::size_t i = 0; i < samples * data.inputs[w].width; ++i)
      data.inputs[w].values.push_back(static_cast<float>(
          random.normal({0, static_cast<std::uint32_t>(w), 0, static_cast<std::uint32_t>(i)})));
  const auto a = [&](std::size_t i, std::size_t c) { return data.inputs[0].values[i * 3 + c]; };
  const auto b = [&](std::size_t i, std::size_t c) { return data.inputs[1].values[i * 2 + c]; };
  Task binary{"sign", TaskKind::binary, 2, "accuracy", 1, {}};
  Task classes{"sector", TaskKind::multiclass, 3, "macro_f1", 1, {}};
  Task several{"tags", TaskKind::multilabel, 2, "auc", 2, {}};
  Task real{"height", TaskKind::regression, 2, "rmse", 1, {}};
  for (std::size_t i = 0; i < samples; ++i) {
    binary.labels.push_back(a(i, 0) + b(i, 0) > 0 ? 1.0f : 0.0f);
    classes.labels.push_back(a(i, 1) > 0.4f ? 2.0f : a(i, 1) > -0.4f ? 1.0f : 0.0f);
    several.labels.push_back(a(i, 2) > 0 ? 1.0f : 0.0f);
    several.labels.push_back(b(i, 1) > 0 ? 1.0f : 0.0f);
    real.labels.push_back(5.0f + 2.0f * a(i, 0) - b(i, 1));
  }
  data.tasks = {binary, classes, several, real};
  for (std::size_t t = 0; t < data.tasks.size(); ++t)
    for (std::size_t i = t; i < data.tasks[t].labels.size(); i += 5) data.tasks[t].labels[i] = missing;
  for (std::size_t i = 0; i < samples; ++i) data.split.push_back(i % 3 == 0 ? 1 : 0);
  return data;
}

inline Config config(const std::string& head, const Dataset& data) {
  Config config;
  config.model.head.kind = head;
  config.model.precision = "double";
  config.model.backbone.branches = {{"a", {{LayerKind::dense, 4, Activation::tanh, 0.0}}}};
  config.model.backbone.trunk = {{LayerKind::dense, 6, Activation::gelu, 0.0}};
  config.model.head.ansatz.qubits = 7;
  config.model.head.ansatz.register_size = 3;
  config.model.head.ansatz.stride = 1;
  config.model.head.ansatz.layers = 2;
  config.model.head.ansatz.readout = ReadoutKind::weights;
  config.model.head.train_gain = true;
  config.train.seed = 3;
  config.train.batch = 40;
  config.train.shard = 16;  // a step of several units
  resolve(config, data);
  return config;
}

inline StepBatch batch(const Dataset& data, const ModelSpec& spec, std::vector<std::size_t> rows) {
  StepBatch made;
  made.seed = 3;
  made.step = 11;
  made.rows = std::move(rows);
  for (const TaskSpec& task : spec.tasks)
    for (const Task& labels : data.tasks) {
      if (labels.name != task.name) continue;
      double count = 0;
      for (std::size_t row : made.rows)
        for (std::size_t c = 0; c < labels.columns; ++c)
          count += !std::isnan(labels.labels[row * labels.columns + c]);
      made.label_counts.push_back(count);
    }
  return made;
}

/// All units of a batch, summed in order.
inline std::vector<double> step(const Learner& learner, const StepBatch& batch) {
  std::vector<double> total(learner.accumulator_size(), 0.0);
  for (std::size_t unit = 0; unit < learner.units(batch.rows.size()); ++unit) {
    std::vector<double> part(total.size(), 0.0);
    learner.run_unit(unit, batch, part);
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += part[i];
  }
  return total;
}

inline std::vector<std::size_t> range(std::size_t first, std::size_t last) {
  std::vector<std::size_t> rows;
  for (std::size_t i = first; i < last; ++i) rows.push_back(i);
  return rows;
}

}  // namespace qmtl::toy
