// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "io/config/config.h"
#include "qmtl/model.h"
#include "tools/library/source/conversions.h"
#include "tools/library/source/model_body.h"
#include "tools/workflows/training/fit.h"

namespace qmtl {
namespace {

/// The head's configuration with one input in place of what its backbone was, and nothing to train.
Config configuration_of(const TaskHead& head) {
  Config config = parse_config(head.configuration(), "the head's configuration");
  config.data_file.clear();
  config.run_folder.clear();
  config.standardise = false;
  config.data_tasks.clear();
  for (const LabelledTask& task : head.tasks()) config.data_tasks.push_back(task.name);
  config.model.inputs.clear();
  config.model.input_widths.clear();
  config.model.input_shapes.clear();
  config.model.backbone = {};
  config.model.learn_task_weights = false;
  config.train.frozen.clear();
  config.train.epochs = 0;
  return config;
}

/// One sample of zeros: what a model's parameters are laid out by.
Dataset one_sample(const TaskHead& head) {
  std::size_t columns = 0;
  for (const LabelledTask& task : head.tasks())
    columns += task.kind == "multilabel" ? static_cast<std::size_t>(task.outputs) : 1;
  const std::vector<float> z(head.width()), labels(columns);
  const std::uint8_t train[] = {0};
  Dataset data =
      dataset_of({.x = {z, z.size()}, .y = {labels, columns}, .tasks = head.tasks(), .split = train});
  data.inputs.front().name = "z";
  return data;
}

}  // namespace

Model Model::of(const TaskHead& head) {
  const Dataset data = one_sample(head);
  Config config = configuration_of(head);
  resolve(config, data);
  const Fit made = fit(OneRank(), config, data, SimdTarget::best, {});
  Checkpoint checkpoint = make_checkpoint(config, *made.learner, made.statistics, data, made.best);
  auto next = head.parameters().begin();
  for (const ParamInfo& param : checkpoint.params) {
    const std::span<double> values = std::span(checkpoint.state.params).subspan(param.offset, param.size);
    if (param.head) {
      std::copy_n(next, param.size, values.begin());
      next += static_cast<std::ptrdiff_t>(param.size);
      continue;
    }
    // The layer that every backbone ends with passes z on: products with 1 and sums with 0 are exact.
    std::fill(values.begin(), values.end(), 0.0);
    if (param.shape.size() == 2)
      for (std::size_t i = 0; i < head.width(); ++i) values[i * head.width() + i] = 1.0;
  }
  return ModelAccess::make_new(std::move(checkpoint));
}

}  // namespace qmtl
