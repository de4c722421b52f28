// SPDX-License-Identifier: Apache-2.0
#include "qmtl/head.h"

#include "io/config/config.h"
#include "runtime/base/error.h"
#include "runtime/model/data.h"
#include "runtime/model/heads/head_function.h"
#include "runtime/train/learner.h"
#include "tools/library/source/conversions.h"
#include "tools/workflows/training/load.h"

namespace qmtl {

struct TaskHead::Body {
  std::unique_ptr<HeadFunction> function;
  std::vector<double> params;

  Body(const ModelSpec& spec, std::vector<double> values)
      : function(make_head_function(spec)), params(std::move(values)) {
    function->bind(params);
  }
};

namespace {

ModelSpec spec_of(const std::vector<LabelledTask>& tasks, std::string_view configuration) {
  Config config = parse_config(configuration, "configuration");
  config.model.tasks = task_specs(tasks);
  resolve_head(config);
  return config.model;
}

}  // namespace

TaskHead::TaskHead(std::unique_ptr<Body> body) : body_(std::move(body)) {}
TaskHead::TaskHead(const std::vector<LabelledTask>& tasks, std::string_view configuration,
                   std::uint64_t seed) {
  const ModelSpec spec = spec_of(tasks, configuration);
  body_ = std::make_unique<Body>(spec, make_head_function(spec)->initial(seed));
}
TaskHead TaskHead::load(const std::string& path) {
  const Checkpoint checkpoint = read_checkpoint(checkpoint_file(path));
  std::vector<double> values;
  for (const ParamInfo& param : checkpoint.params)
    if (param.head) {
      const auto first = checkpoint.state.params.begin() + static_cast<std::ptrdiff_t>(param.offset);
      values.insert(values.end(), first, first + static_cast<std::ptrdiff_t>(param.size));
    }
  return TaskHead(std::make_unique<Body>(checkpoint.config.model, std::move(values)));
}
TaskHead::TaskHead(TaskHead&&) noexcept = default;
TaskHead& TaskHead::operator=(TaskHead&&) noexcept = default;
TaskHead::~TaskHead() = default;

std::size_t TaskHead::width() const { return body_->function->width(); }
std::size_t TaskHead::outputs() const { return body_->function->outputs(); }
std::vector<Tensor> TaskHead::tensors() const { return tensors_of(body_->function->params()); }

std::span<const double> TaskHead::parameters() const { return body_->params; }
void TaskHead::set_parameters(std::span<const double> values) {
  body_->function->bind(values);
  body_->params.assign(values.begin(), values.end());
}

void TaskHead::forward(std::span<const float> z, std::span<float> logits) const {
  body_->function->forward(z, logits);
}
void TaskHead::forward(std::span<const double> z, std::span<double> logits) const {
  body_->function->forward(z, logits);
}
void TaskHead::vjp(std::span<const float> z, std::span<const float> cotangents, std::span<float> dz,
                   std::span<double> dparameters) const {
  body_->function->vjp(z, cotangents, dz, dparameters);
}
void TaskHead::vjp(std::span<const double> z, std::span<const double> cotangents, std::span<double> dz,
                   std::span<double> dparameters) const {
  body_->function->vjp(z, cotangents, dz, dparameters);
}

}  // namespace qmtl
