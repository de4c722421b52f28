// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "runtime/model/head.h"

namespace qmtl {

/// A classical non-linear head per task: logits = tanh(z W + b) V + c with head.hidden units of the task's
/// own. Tensors "head.hidden_weight" [d, tasks * hidden] and "head.hidden_bias" (task by task), "head.weight"
/// [hidden, outputs] (column c weighs the hidden units of its own task) and "head.bias" [outputs].
template <class Real>
std::unique_ptr<Head<Real>> make_mlp_head(const HeadSetup& setup);

/// Its formulas, for exports (HeadKind::list).
void list_mlp_head(const TrainedModel& model, OperationList& list);

}  // namespace qmtl
