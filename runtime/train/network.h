// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "runtime/model/heads/circuit_stage.h"
#include "runtime/model/heads/head.h"
#include "runtime/model/layers/backbone.h"
#include "runtime/model/layers/elementwise.h"
#include "runtime/model/loss.h"
#include "runtime/train/state.h"

namespace qmtl {

/// The task groups of a head: the earlier generations, each a group of its own, and the newest one's tasks
/// cut into `groups` of nearly equal number. Throws Error (usage) naming distributed.task_groups.
std::vector<TaskRange> cut_tasks(const ModelSpec& spec, int groups);

/// From raw inputs to logits in the unit of the labels: statistics, backbone and head, of which training and
/// prediction are made. After bind() the const calls may run concurrently.
template <class Real>
class Network {
 public:
  /// The head's groups, shots and target are those of `setup`, which need not outlive the call.
  Network(const HeadSetup& setup, const Statistics& statistics);

  /// As Head::train_on; throws Error (usage) for a head without a circuit.
  void train_on(const TrainingDevice& device, double strength);

  const ModelSpec& spec() const { return spec_; }
  const Backbone<Real>& backbone() const { return backbone_; }
  const Head<Real>& head() const { return *head_; }
  /// Null for heads without a circuit.
  const CircuitStage<Real>* stage() const { return head_->circuit_stage(); }
  /// Throws Error (usage) where there is none.
  const CircuitStage<Real>& needed_stage() const;
  /// Of the circuits' kernels; scalar where there are none.
  SimdTarget target() const { return target_; }

  /// Backbone, head, and "task_log_variance" where task weights are learned.
  const std::vector<ParamInfo>& params() const { return params_; }
  std::size_t head_begin() const { return head_begin_; }  ///< where the head's numbers begin among all
  std::size_t head_end() const { return head_end_; }
  std::vector<double> initial(std::uint64_t seed) const;
  /// Throws Error (data) if the number of parameters is another one.
  void bind(std::span<const double> params);

  std::size_t outputs() const { return scales_.size(); }  ///< logit columns of all tasks
  LabelScale label_scale(std::size_t column) const { return scales_[column]; }

  /// x[rows, width] of input i as the backbone wants it: sample(row) points to the row's raw values, less
  /// `shift` where that is not empty (Input::shift).
  template <class Sample>
  void standardise(std::size_t i, std::size_t rows, std::span<const double> shift, Sample sample,
                   Matrix<Real>& x) const {
    const BoundInput& input = inputs_[i];
    const std::size_t width = input.mean.size();
    std::vector<double> shifted;
    if (!shift.empty()) {
      shifted = input.mean;
      for (std::size_t c = 0; c < shift.size(); ++c) shifted[c] -= shift[c];
    }
    const std::span<const double> mean = shift.empty() ? std::span<const double>(input.mean) : shifted;
    x.resize(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(width));
    for (std::size_t row = 0; row < rows; ++row) {
      // The rows of a batch lie anywhere: what comes after the next one is fetched meanwhile.
      if (row + 2 < rows) prefetch(sample(row + 2), width);
      standardise_each(std::span(sample(row), width), mean, input.inverse,
                       values_of(x).subspan(row * width, width));
    }
  }
  /// The head's logits[rows, outputs] with regression columns in the unit of the labels.
  void in_label_units(std::span<const double> values, std::span<float> logits) const;
  /// The last stage of a head with a circuit: logits[rows, outputs] of values[rows, circuit outputs].
  std::vector<float> logits_of(std::span<const double> values) const;

 private:
  static void prefetch(const float* values, std::size_t count) {
    constexpr std::size_t line = 64 / sizeof(float), most = 16 * line;  // the processor goes on by itself
    for (std::size_t i = 0; i < std::min(count, most); i += line) __builtin_prefetch(values + i);
  }

  /// An input's statistics with the reciprocal deviations; 0 and 1 leave it as it is.
  struct BoundInput {
    std::vector<double> mean, inverse;
  };

  ModelSpec spec_;
  std::unique_ptr<Head<Real>> head_;
  Backbone<Real> backbone_;
  std::vector<BoundInput> inputs_;
  std::vector<LabelScale> scales_;  ///< per column
  std::vector<ParamInfo> params_;
  std::size_t head_begin_ = 0, head_end_ = 0;
  SimdTarget target_ = SimdTarget::scalar;
};

extern template class Network<float>;
extern template class Network<double>;

}  // namespace qmtl
