// SPDX-License-Identifier: Apache-2.0
#include "qmtl/head.h"

#include <algorithm>
#include <optional>

#include "io/config/config.h"
#include "io/config/noise_file.h"
#include "runtime/base/error.h"
#include "runtime/circuit/draw.h"
#include "runtime/model/data.h"
#include "runtime/model/heads/head_function.h"
#include "runtime/noise/noisy_plan.h"
#include "runtime/train/learner.h"
#include "tools/library/source/circuit_json.h"
#include "tools/library/source/conversions.h"
#include "tools/library/source/model_body.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/model_plan.h"

namespace qmtl {

namespace {

/// A noise file as it was given.
struct GivenNoise {
  std::string text, name;
};

/// The given device, else that of train.noise.
TrainingDevice device_of(const std::optional<GivenNoise>& noise, const TrainSpec& train) {
  if (noise) return noisy_training(parse_noise(noise->text, noise->name));
  if (train.noise.empty()) return {};
  return noisy_training(parse_training_noise(train.noise), NoisyTraining::automatic, train.trajectories);
}

/// Refuses a device where a head would not be exact.
void require_exact(const Circuit& circuit, const GivenNoise& noise) {
  const NoiseModel model = parse_noise(noise.text, noise.name);
  const auto sampled = [](const NoisyPlanPart& part) { return part.method == NoisyTraining::trajectories; };
  const NoisyPlan plan = make_noisy_plan(circuit, model);
  if (std::any_of(plan.parts.begin(), plan.parts.end(), sampled))
    make_noisy_plan(circuit, model, {.method = NoisyTraining::density});  // whose message has the numbers
}

}  // namespace

struct TaskHead::Body {
  Config config;
  std::optional<GivenNoise> noise;
  std::vector<LabelledTask> tasks;
  std::unique_ptr<HeadFunction> function;
  std::vector<double> params;

  explicit Body(Config resolved, std::optional<GivenNoise> given = {})
      : config(std::move(resolved)),
        noise(std::move(given)),
        tasks(labelled_tasks(config.model.tasks)),
        function(make_head_function(config.model, config.train.shots, SimdTarget::best,
                                    device_of(noise, config.train))) {}
  Body(Config resolved, std::vector<double> values, std::optional<GivenNoise> given = {})
      : Body(std::move(resolved), std::move(given)) {
    set(std::move(values));
  }
  void set(std::vector<double> values) {
    function->bind(values);
    params = std::move(values);
  }
};

namespace {

Config config_of(const std::vector<LabelledTask>& tasks, std::string_view configuration) {
  Config config = parse_config(configuration, "configuration");
  std::vector<TaskSpec> known = task_specs(tasks);
  for (const TaskSpec& table : config.model.tasks)
    if (std::none_of(known.begin(), known.end(),
                     [&](const TaskSpec& task) { return task.name == table.name; }))
      throw usage_error("configuration: task." + table.name + ": there is no such task");
  for (TaskSpec& task : known) {
    const TaskSpec& table = config.model.said_of(task.name);
    task.block = table.block;
    task.own_qubits = table.own_qubits;
    task.output = table.output;
  }
  config.model.tasks = std::move(known);
  config.model.every_task = {};
  resolve_head(config);
  return config;
}

ShotDraw draw_of(const ShotNoise& noise) { return {noise.seed, noise.step}; }

}  // namespace

TaskHead::TaskHead(std::unique_ptr<Body> body) : body_(std::move(body)) {}
TaskHead::TaskHead(const std::vector<LabelledTask>& tasks, std::string_view configuration, std::uint64_t seed)
    : body_(std::make_unique<Body>(config_of(tasks, configuration))) {
  body_->set(body_->function->initial(seed));
}
TaskHead TaskHead::load(const std::string& path) { return of(Model::load(path)); }
TaskHead TaskHead::of(const Model& model) {
  const Checkpoint& checkpoint = ModelAccess::checkpoint(model);
  std::vector<double> values;
  for (const ParamInfo& param : checkpoint.params)
    if (param.head) {
      const auto first = checkpoint.state.params.begin() + static_cast<std::ptrdiff_t>(param.offset);
      values.insert(values.end(), first, first + static_cast<std::ptrdiff_t>(param.size));
    }
  return TaskHead(std::make_unique<Body>(checkpoint.config, std::move(values)));
}
TaskHead TaskHead::with_precision(const std::string& precision) const {
  Config config = body_->config;
  config.model.precision = precision;
  return TaskHead(std::make_unique<Body>(std::move(config), body_->params, body_->noise));
}
TaskHead TaskHead::with_noise(std::string_view noise, const std::string& name) const {
  const GivenNoise given{std::string(noise), name};
  if (const Circuit* circuit = body_->function->circuit()) require_exact(*circuit, given);
  return TaskHead(std::make_unique<Body>(body_->config, body_->params, given));
}
bool TaskHead::noisy() const { return body_->noise.has_value() || !body_->config.train.noise.empty(); }
TaskHead::TaskHead(TaskHead&&) noexcept = default;
TaskHead& TaskHead::operator=(TaskHead&&) noexcept = default;
TaskHead::~TaskHead() = default;

std::string TaskHead::circuit() const {
  return body_->function->circuit() ? circuit_json(*body_->function).dump() : "";
}
std::string TaskHead::drawing() const {
  const Circuit* circuit = body_->function->circuit();
  return circuit ? draw(*circuit) : "";
}
std::string TaskHead::plan() const {
  return plan_json(plan_resolved(body_->config, body_->function->params())).dump();
}
int TaskHead::shots() const { return body_->config.train.shots; }

std::size_t TaskHead::width() const { return body_->function->width(); }
std::size_t TaskHead::outputs() const { return body_->function->outputs(); }
const std::vector<LabelledTask>& TaskHead::tasks() const { return body_->tasks; }
std::string TaskHead::configuration() const { return to_toml(body_->config); }
std::vector<Tensor> TaskHead::tensors() const { return tensors_of(body_->function->params()); }

std::span<const double> TaskHead::parameters() const { return body_->params; }
void TaskHead::set_parameters(std::span<const double> values) { body_->set({values.begin(), values.end()}); }

void TaskHead::forward(std::span<const float> z, std::span<float> logits) const {
  body_->function->forward(z, logits);
}
void TaskHead::forward(std::span<const double> z, std::span<double> logits) const {
  body_->function->forward(z, logits);
}
void TaskHead::forward(std::span<const float> z, std::span<float> logits, const ShotNoise& noise) const {
  body_->function->forward(z, logits, draw_of(noise));
}
void TaskHead::forward(std::span<const double> z, std::span<double> logits, const ShotNoise& noise) const {
  body_->function->forward(z, logits, draw_of(noise));
}
void TaskHead::vjp(std::span<const float> z, std::span<const float> cotangents, std::span<float> dz,
                   std::span<double> dparameters, const ShotNoise& noise) const {
  const ShotDraw draw = draw_of(noise);
  body_->function->vjp(z, cotangents, dz, dparameters, &draw);
}
void TaskHead::vjp(std::span<const double> z, std::span<const double> cotangents, std::span<double> dz,
                   std::span<double> dparameters, const ShotNoise& noise) const {
  const ShotDraw draw = draw_of(noise);
  body_->function->vjp(z, cotangents, dz, dparameters, &draw);
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
