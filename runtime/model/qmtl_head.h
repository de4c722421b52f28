// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "runtime/model/head.h"

namespace qmtl {

/// The quantum multi-task head (arXiv:2604.13560): angles of z, one shared circuit stage, task
/// blocks, logit = scale * <O> / gain + bias. Tensors "head.shared", "head.block", "head.readout" (the
/// circuit's parameters in the order of ParamLayout), "head.scale" (one per output; one per multiclass task),
/// "head.bias" [outputs] and, if trained, "head.gain". Throws Error (usage) if the blocks do not yield the
/// tasks' outputs.
template <class Real>
std::unique_ptr<Head<Real>> make_qmtl_head(const HeadSetup& setup);

/// Its formulas, for exports (HeadKind::list).
void list_qmtl_head(const TrainedModel& model, OperationList& list);

}  // namespace qmtl
