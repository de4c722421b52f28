// SPDX-License-Identifier: Apache-2.0
#include "hardware/tune/objective.h"

#include <algorithm>
#include <numeric>

#include "runtime/base/error.h"
#include "runtime/model/bind_tasks.h"
#include "runtime/model/math.h"
#include "runtime/train/label_scale.h"

namespace qmtl {
namespace {

/// The range of the flat vector that the head's tensors cover.
std::span<const double> head_params(const std::vector<ParamInfo>& infos, std::span<const double> params) {
  std::size_t first = params.size(), last = 0;
  for (const ParamInfo& info : infos)
    if (info.name.starts_with("head.")) {
      first = std::min(first, info.offset);
      last = std::max(last, info.offset + info.size);
    }
  return params.subspan(first, last - first);
}

/// exp(-log variance) of each task, where they are learned (Kendall, Gal & Cipolla 2018).
double precision_of(const ModelSpec& spec, std::size_t task, std::span<const double> params) {
  if (!spec.learn_task_weights) return 1.0;
  const double log_variance = params[params.size() - spec.tasks.size() + task];
  const bool regression = parse_task_kind(spec.tasks[task].kind) == TaskKind::regression;
  return (regression ? 0.5 : 1.0) * math::exp(-log_variance);
}

}  // namespace

TuneObjective::TuneObjective(const ModelSpec& spec, const Dataset& data,
                             const std::vector<Standardisation>& standardisation,
                             const std::vector<ParamInfo>& infos, std::span<const double> params) {
  std::vector<TaskRange> groups = generation_tasks(spec);
  if (groups.empty()) groups.push_back({0, spec.tasks.size()});
  const std::unique_ptr<Head<double>> head = make_head<double>({spec, groups});
  if (head->circuit() == nullptr)
    throw usage_error("expected a head with a circuit, found the kind '" + spec.head.kind +
                      "', which has none");
  head->bind(head_params(infos, params));

  const std::vector<const Task*> labels = bind_tasks(data, spec);
  const std::vector<std::size_t> columns = task_columns(spec);
  logits_ = columns.back();
  for (std::size_t t = 0; t < spec.tasks.size(); ++t)
    tasks_.push_back({labels[t], make_loss(spec.tasks[t], label_scale(standardisation, spec.tasks[t])),
                      columns[t], columns[t + 1] - columns[t],
                      spec.tasks[t].weight * precision_of(spec, t, params)});
  measure_readout(*head);
}

void TuneObjective::measure_readout(const Head<double>& head) {
  outputs_ = static_cast<std::size_t>(head.circuit()->outputs());
  const std::size_t rows = outputs_ + 1;
  std::vector<std::size_t> samples(rows);
  std::iota(samples.begin(), samples.end(), std::size_t{0});
  // Row 0: all outputs 0; row 1 + o: output o is 1.
  const CircuitValues units = [&](std::span<const std::size_t> part, const double*, double* values) {
    std::fill(values, values + part.size() * outputs_, 0.0);
    for (std::size_t i = 0; i < part.size(); ++i)
      if (part[i] > 0) values[i * outputs_ + part[i] - 1] = 1.0;
  };
  Matrix<double> z(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(head.width()));
  z.setZero();
  std::vector<double> logits(rows * logits_);
  head.forward_with(units, samples, z, logits.data());
  offset_.assign(logits.begin(), logits.begin() + static_cast<std::ptrdiff_t>(logits_));
  slope_.resize(outputs_ * logits_);
  for (std::size_t i = 0; i < slope_.size(); ++i) slope_[i] = logits[logits_ + i] - offset_[i % logits_];
}

double TuneObjective::operator()(const StepBatch& batch, std::span<const double> values,
                                 double* cotangents) const {
  double total = 0.0;
  std::vector<double> logits(logits_), given(logits_);
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    const double* row = values.data() + i * outputs_;
    logits = offset_;
    for (std::size_t o = 0; o < outputs_; ++o)
      for (std::size_t l = 0; l < logits_; ++l) logits[l] += row[o] * slope_[o * logits_ + l];
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      const BoundTask& task = tasks_[t];
      const double share = task.factor / std::max(batch.label_counts[t], 1.0);
      const auto labels =
          std::span(task.labels->labels).subspan(batch.rows[i] * task.labels->columns, task.labels->columns);
      const std::span<double> cotangent = std::span(given).subspan(task.first_column, task.columns);
      total +=
          share * (*task.loss)(labels, std::span(logits).subspan(task.first_column, task.columns), cotangent);
      for (double& c : cotangent) c *= share;
    }
    if (cotangents == nullptr) continue;
    for (std::size_t o = 0; o < outputs_; ++o) {
      double sum = 0.0;
      for (std::size_t l = 0; l < logits_; ++l) sum += slope_[o * logits_ + l] * given[l];
      cotangents[i * outputs_ + o] = sum;
    }
  }
  return total;
}

}  // namespace qmtl
