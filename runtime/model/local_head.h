// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "runtime/model/head.h"

namespace qmtl {

/// The classical control of the qmtl head: every output is a weighted sum of the same values of z that its
/// register would see (those uploaded to its k qubits: k times the uploads), plus a bias. No circuit, no
/// angle map. Tensors "head.weight" [outputs, values of a register] (flat where registers differ in size) and
/// "head.bias" [outputs]. Throws Error (usage) if the registers do not yield the tasks' outputs.
template <class Real>
std::unique_ptr<Head<Real>> make_local_head(const HeadSetup& setup);

/// Its formulas, for exports (HeadKind::list).
void list_local_head(const TrainedModel& model, OperationList& list);

}  // namespace qmtl
