#pragma once

#include <vector>

#include "distributed/comm.h"
#include "runtime/train/learner.h"

namespace qmtl {

/// logits[rows, learner.outputs()] on every rank. Each rank predicts a contiguous range of fixed shards of 64
/// rows, in parallel; a row's logits depend neither on ranks nor on threads. Collective; all ranks fail
/// together.
std::vector<float> predict_rows(const Comm& comm, const Learner& learner,
                                const std::vector<std::size_t>& rows);

}  // namespace qmtl
