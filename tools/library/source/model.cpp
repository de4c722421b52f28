// SPDX-License-Identifier: Apache-2.0
#include "qmtl/model.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <numeric>

#include "io/config/config.h"
#include "io/data/predictions.h"
#include "runtime/base/error.h"
#include "runtime/train/learner.h"
#include "tools/library/source/conversions.h"
#include "tools/library/source/model_body.h"
#include "tools/workflows/training/load.h"

namespace qmtl {

Model ModelAccess::make(Checkpoint checkpoint) {
  auto body = std::make_unique<Model::Body>();
  body->tasks = labelled_tasks(checkpoint.config.model.tasks);
  body->checkpoint = std::move(checkpoint);
  return Model(std::move(body));
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

Table Model::logits(Rows x) const {
  const Checkpoint& checkpoint = body_->checkpoint;
  const ModelSpec& spec = checkpoint.config.model;
  const Dataset data = inputs_of(x, spec);
  const auto learner = make_learner(spec, checkpoint.config.train, data, checkpoint.standardisation);
  learner->bind(checkpoint.state.params);
  Table logits;
  logits.columns = static_cast<std::size_t>(learner->outputs());
  logits.values.resize(data.samples * logits.columns);
  std::vector<std::size_t> rows(data.samples);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  constexpr std::size_t part = 64;
  tbb::parallel_for(std::size_t{0}, (rows.size() + part - 1) / part, [&](std::size_t i) {
    const auto own = std::span(rows).subspan(i * part, std::min(part, rows.size() - i * part));
    learner->predict(own, logits.values.data() + i * part * logits.columns);
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

}  // namespace qmtl
