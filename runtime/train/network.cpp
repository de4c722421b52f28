// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/network.h"

#include "runtime/base/error.h"
#include "runtime/train/label_scale.h"

namespace qmtl {

std::vector<TaskRange> cut_tasks(const ModelSpec& spec, int groups) {
  const std::size_t first = newest_tasks(spec), tasks = spec.tasks.size() - first;
  if (groups < 1 || static_cast<std::size_t>(groups) > tasks)
    throw usage_error("distributed.task_groups: expected 1 .. " + std::to_string(tasks) +
                      " (the number of tasks), found " + std::to_string(groups));
  const auto count = static_cast<std::size_t>(groups);
  std::vector<TaskRange> ranges = generation_tasks(spec);
  if (!ranges.empty()) ranges.pop_back();
  for (std::size_t g = 0; g < count; ++g)
    ranges.push_back({first + tasks * g / count, first + tasks * (g + 1) / count});
  return ranges;
}

template <class Real>
Network<Real>::Network(const HeadSetup& setup, const Statistics& statistics)
    : spec_(setup.spec), head_(make_head<Real>(setup)), backbone_(spec_, head_->width(), setup.target) {
  for (std::size_t i = 0; i < spec_.inputs.size(); ++i) {
    const std::size_t width = spec_.input_widths[i];
    BoundInput bound{std::vector<double>(width, 0.0), std::vector<double>(width, 1.0)};
    for (const Standardisation& entry : statistics.inputs) {
      if (entry.input != spec_.inputs[i]) continue;
      if (entry.mean.size() != width || entry.deviation.size() != width)
        throw data_error("standardisation of input '" + entry.input + "': expected " + std::to_string(width) +
                         " means and deviations, found " + std::to_string(entry.mean.size()) + " and " +
                         std::to_string(entry.deviation.size()));
      bound.mean = entry.mean;
      for (std::size_t c = 0; c < width; ++c) bound.inverse[c] = 1.0 / entry.deviation[c];
    }
    inputs_.push_back(std::move(bound));
  }
  for (const TaskSpec& task : spec_.tasks)
    scales_.insert(scales_.end(), static_cast<std::size_t>(task.outputs),
                   qmtl::label_scale(statistics, task));
  params_ = backbone_.params();
  head_begin_ = count_params(params_);
  for (ParamInfo info : head_->params()) {
    info.offset += head_begin_;
    params_.push_back(std::move(info));
  }
  head_end_ = count_params(params_);
  for (const LayerCircuit& circuit : backbone_.circuits()) target_ = circuit.target;
  if (stage()) target_ = stage()->target();
  if (spec_.learn_task_weights)
    append_param(params_, "task_log_variance", {spec_.tasks.size()}, ParamPart::task_weights, false);
}

template <class Real>
void Network<Real>::train_on(const TrainingDevice& device, double strength) {
  if (!head_->train_on(device, strength))
    throw usage_error("train.noise: expected a head with a circuit, found the kind '" + spec_.head.kind +
                      "', which runs on no quantum device; leave train.noise out, or take another head.kind");
}

template <class Real>
const CircuitStage<Real>& Network<Real>::needed_stage() const {
  if (!stage())
    throw usage_error("expected a head with a circuit, found the kind '" + spec_.head.kind +
                      "', which has none");
  return *stage();
}

template <class Real>
std::vector<double> Network<Real>::initial(std::uint64_t seed) const {
  const InitialValues random(seed);
  std::vector<double> values(count_params(params_), 0.0);
  const std::span<double> all(values);
  backbone_.initial(random, all.first(head_begin_));
  head_->initial(random, static_cast<std::uint32_t>(backbone_.params().size()),
                 all.subspan(head_begin_, head_end_ - head_begin_));
  return values;
}

template <class Real>
void Network<Real>::bind(std::span<const double> params) {
  if (params.size() != count_params(params_))
    throw data_error("the model has " + std::to_string(count_params(params_)) + " parameters, found " +
                     std::to_string(params.size()));
  backbone_.bind(params.first(head_begin_));
  head_->bind(params.subspan(head_begin_, head_end_ - head_begin_));
}

template <class Real>
void Network<Real>::in_label_units(std::span<const double> values, std::span<float> logits) const {
  for (std::size_t row = 0; row < values.size(); row += scales_.size())
    for (std::size_t c = 0; c < scales_.size(); ++c)
      logits[row + c] = static_cast<float>(values[row + c] * scales_[c].deviation + scales_[c].mean);
}

template <class Real>
std::vector<float> Network<Real>::logits_of(std::span<const double> values) const {
  const std::size_t rows = values.size() / needed_stage().outputs();
  std::vector<double> of_head(rows * outputs());
  head_->readout()->logits(values, of_head);
  std::vector<float> logits(of_head.size());
  in_label_units(of_head, logits);
  return logits;
}

template class Network<float>;
template class Network<double>;

}  // namespace qmtl
