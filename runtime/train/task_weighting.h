// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/model/spec.h"
#include "runtime/train/config.h"
#include "runtime/train/state.h"

namespace qmtl {

// Weighing tasks by their gradients with respect to parameters that they share. A unit then computes every
// task's gradient of these by itself; the units' are summed in the one tree before anything is made of them,
// so that norms and projections have the same bits on any ranks and threads.

/// Whether a step needs each task's own gradient.
inline bool weighs_by_gradients(TaskWeighting kind) {
  return kind == TaskWeighting::gradnorm || kind == TaskWeighting::pcgrad;
}

/// Parameters of which each task's gradient is kept: of GradNorm those of the layer to the representation, of
/// PCGrad everything that several tasks read (backbone, shared stage or basis of the head, trained gain).
struct SharedParams {
  struct Piece {
    std::size_t begin;  ///< in the flat parameter vector
    std::size_t at;     ///< in a task's gradient
    std::size_t size;
  };
  std::vector<Piece> pieces;
  std::size_t size = 0;  ///< numbers of a task's gradient
};
/// None for the other kinds.
SharedParams shared_params(TaskWeighting kind, const std::vector<ParamInfo>& params);
/// The pieces that training changes (frozen.h); a task's gradient keeps its size.
SharedParams trained_part(const SharedParams& shared, const std::vector<ParamInfo>& trained);

/// Throws Error (usage) with key and cure for what cannot be weighed so: fewer than two tasks, batches of one
/// task, a model that took on a task, both words for a weighting, weights of GradNorm's tasks.
void check_task_weighting(const ModelSpec& spec, const TrainSpec& train);
/// The same where nothing is left of the shared parameters: `trained` has no pieces.
void check_trained_part(const SharedParams& trained, const TrainSpec& train);

/// PCGrad (Yu et al. 2020, "Gradient surgery for multi-task learning", algorithm 1): each task's gradient
/// loses, for the other tasks in a random order, its component along each of theirs that it conflicts with;
/// writes the sum of what is left to those numbers of `gradient` that `shared` covers. by_task[tasks,
/// shared.size]. The orders are drawn by (seed, step, task). All that comes of it is in the span of the
/// gradients, so the projections are made in coefficients, from the products of all pairs.
void project_gradients(const SharedParams& shared, std::uint64_t seed, std::int64_t step,
                       std::span<const double> by_task, std::span<double> gradient);

/// Norm of each task's gradient [tasks].
std::vector<double> task_norms(const SharedParams& shared, std::span<const double> by_task);

/// GradNorm's step of the tasks' weights (Chen et al. 2018, "GradNorm: gradient normalization for adaptive
/// loss balancing", algorithm 1) from norms G_t and losses of the weighted losses w_t L_t. A descent of the
/// sum over tasks of |G_t - mean(G) r_t^alpha|, the second term held fixed, where r_t = (L_t / first L_t) /
/// mean of these; divided by mean(G), so that the rate does not depend on the losses' scale. Weights stay
/// above 0.001 and are divided so that their sum stays. Tasks without labels in the batch have no part in it.
void gradnorm_step(const TrainSpec& train, std::span<const double> norms, std::span<const double> losses,
                   std::span<const double> label_counts, TrainState& state);

}  // namespace qmtl
