// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "runtime/model/data.h"
#include "runtime/model/spec.h"
#include "runtime/train/state.h"

namespace qmtl {

/// Sum over tasks of weight * mean loss over the present labels of `rows`: the training loss without learned
/// task weights, dropout and shot noise. logits[rows, all outputs] as Learner::predict gives them; tasks
/// without a label among the rows are left out. Regression losses are in standardised units.
double validation_loss(const Dataset& data, const ModelSpec& spec, const Statistics& statistics,
                       std::span<const std::size_t> rows, std::span<const float> logits);

}  // namespace qmtl
