// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/train/config.h"
#include "runtime/train/state.h"

namespace qmtl {

/// What an update of one tensor is made from. `rate` is the tensor's own, `decay` the decoupled decay's
/// coefficient (0: none). All spans are as long as the tensor.
struct TensorStep {
  const TrainSpec& train;
  std::int64_t count;  ///< steps with this one: 1, 2, ...
  double rate, decay;
  std::span<const double> gradient;
  std::span<double> params, moment1, moment2;  ///< moments empty beyond OptimiserInfo::moments
};

/// One optimiser: its name and keys in configurations and how it steps.
struct OptimiserInfo {
  OptimiserKind kind;
  std::string_view name;
  int moments;           ///< vectors of state it keeps, 1 or 2
  bool decoupled_decay;  ///< gets TensorStep::decay; else decay is L2, added to the gradient
  void (*step)(const TensorStep& step);
  std::span<const NumberKey<TrainSpec>> keys;  ///< of the table [train], shared where names are equal
};

std::span<const OptimiserInfo> optimiser_table();
const OptimiserInfo& optimiser_info(OptimiserKind kind);

/// Euclidean norm of the parameters' gradient; sum_of_squares of each tensor, summed in the order of
/// `params`.
double global_norm(const std::vector<ParamInfo>& params, std::span<const double> gradient);

/// Norm of each ParamPart's gradient [param_parts], summed likewise.
std::vector<double> part_norms(const std::vector<ParamInfo>& params, std::span<const double> gradient);

/// One update of those numbers of `state` (parameters, moments, step) that `params` covers (frozen.h) from
/// the gradient summed over the whole batch, which it may change: clipping to the global norm `train.clip`,
/// L2 decay (adam, sgd) or decoupled decay (adamw) where a parameter's `decay` is set. A part's factor
/// (train.circuit_rate, ...) multiplies `rate`, and with it decoupled decay. Returns the norm before
/// clipping. Adam: Kingma & Ba 2015; AdamW: Loshchilov & Hutter 2019; momentum: v = momentum v + g, p -= rate
/// v. Every operation is elementwise in double: the same bits everywhere.
double optimiser_step(const TrainSpec& train, const std::vector<ParamInfo>& params, double rate,
                      std::span<double> gradient, TrainState& state);

}  // namespace qmtl
