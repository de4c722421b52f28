// SPDX-License-Identifier: Apache-2.0
#include "qmtl/model.h"

#include <algorithm>
#include <numeric>

#include "io/config/config.h"
#include "io/runs/predictions.h"
#include "runtime/base/error.h"
#include "runtime/base/parallel.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/train/check_data.h"
#include "runtime/train/predictor.h"
#include "tools/library/source/conversions.h"
#include "tools/library/source/model_body.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/model_plan.h"
#ifdef QMTL_HARDWARE
#include "tools/workflows/export/export.h"
#endif

namespace qmtl {

Model ModelAccess::make(Checkpoint checkpoint) {
  auto body = std::make_unique<Model::Body>();
  body->tasks = labelled_tasks(checkpoint.config.model.tasks);
  body->checkpoint = std::move(checkpoint);
  return Model(std::move(body));
}

Model ModelAccess::make_new(Checkpoint checkpoint) {
  checkpoint.config_text = to_toml(checkpoint.config);
  checkpoint.run_hash = run_hash(checkpoint.state);
  checkpoint.content_hash = checkpoint_hash(checkpoint);
  return make(std::move(checkpoint));
}

Model::Model(std::unique_ptr<Body> body) : body_(std::move(body)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model Model::load(const std::string& path) {
  return ModelAccess::make(read_checkpoint(checkpoint_file(path)));
}
void Model::save(const std::string& path) const { write_checkpoint(path, body_->checkpoint); }

const std::vector<LabelledTask>& Model::tasks() const { return body_->tasks; }
std::size_t Model::inputs() const {
  const std::vector<std::size_t>& widths = body_->checkpoint.config.model.input_widths;
  return std::accumulate(widths.begin(), widths.end(), std::size_t{0});
}

std::vector<std::vector<std::string>> Model::class_names() const {
  std::vector<std::vector<std::string>> names;
  for (const LabelledTask& task : body_->tasks)
    names.push_back(body_->checkpoint.meaning.task(task.name).classes);
  return names;
}

std::vector<std::string> Model::column_names() const {
  const ModelSpec& spec = body_->checkpoint.config.model;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    std::vector<std::string> columns = body_->checkpoint.meaning.input(spec.inputs[i]).columns;
    columns.resize(spec.input_widths[i]);
    names.insert(names.end(), columns.begin(), columns.end());
  }
  return names;
}

Table Model::logits(Rows x) const {
  const TrainedModel model = trained_model(body_->checkpoint);
  const Dataset data = inputs_of(x, model.spec);
  check_data(data, model.spec);
  const std::vector<const Input*> inputs = bind_inputs(data, model.spec);
  const auto predictor = make_predictor(model);
  Table logits;
  logits.columns = predictor->outputs();
  logits.values.resize(data.samples * logits.columns);
  constexpr std::size_t part = 64;
  run_parallel((data.samples + part - 1) / part, [&](std::size_t i) {
    const std::size_t first = i * part, rows = std::min(part, data.samples - first);
    std::vector<std::span<const float>> values;
    for (const Input* input : inputs)
      values.push_back(std::span(input->values).subspan(first * input->width, rows * input->width));
    predictor->predict(rows, values,
                       std::span(logits.values).subspan(first * logits.columns, rows * logits.columns));
  });
  return logits;
}

Table Model::predict(Rows x) const {
  Table table = logits(x);
  table.values = probabilities(body_->checkpoint.config.model, table.count(), table.values);
  return table;
}

std::vector<Tensor> Model::tensors() const { return tensors_of(body_->checkpoint.params); }
std::span<const double> Model::parameters() const { return body_->checkpoint.state.params; }
const std::string& Model::run_hash() const { return body_->checkpoint.run_hash; }
std::string Model::configuration() const { return to_toml(body_->checkpoint.config); }
std::string Model::plan() const {
  const Checkpoint& checkpoint = body_->checkpoint;
  const TrainedModel model = trained_model(checkpoint);
  ModelPlan found =
      plan_resolved(checkpoint.config, checkpoint.params, make_predictor(model)->layer_circuits());
  nlohmann::ordered_json json = plan_json(found);
#ifdef QMTL_HARDWARE
  if (found.small()) found.model = model;
  json["exports"] = exports_json(found);
#endif
  return json.dump();
}

}  // namespace qmtl
