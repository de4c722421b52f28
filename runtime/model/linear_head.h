// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "runtime/model/head.h"

namespace qmtl {

/// Classical hard parameter sharing: logits = z W + b, "head.weight" [d, outputs] and "head.bias" [outputs].
template <class Real>
std::unique_ptr<Head<Real>> make_linear_head(const HeadSetup& setup);

/// Its formulas, for exports (HeadKind::list).
void list_linear_head(const TrainedModel& model, OperationList& list);

}  // namespace qmtl
