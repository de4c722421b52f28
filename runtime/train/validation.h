// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/model/data.h"
#include "runtime/model/spec.h"
#include "runtime/train/state.h"

namespace qmtl {

/// Name under which the statistics of a regression task's labels stand among the Standardisations.
std::string label_statistics_name(const std::string& task);

/// Sum over tasks of weight * mean loss over the present labels of `rows`: the training loss without learned
/// task weights, dropout and shot noise. logits[rows, all outputs] as Learner::predict gives them; tasks
/// without a label among the rows are left out. Regression losses are in standardised units.
double validation_loss(const Dataset& data, const ModelSpec& spec,
                       const std::vector<Standardisation>& standardisation, std::span<const std::size_t> rows,
                       const float* logits);

}  // namespace qmtl
