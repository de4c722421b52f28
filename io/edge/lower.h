// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/edge/circuit.h"
#include "io/edge/model.h"
#include "runtime/model/trained_model.h"

namespace qmtl {

/// The model's operations (runtime/model/operations.h) as those of a head file, in float. Without samples and
/// hash. Throws Error (usage) where the format cannot hold it.
EdgeModel lower_model(const TrainedModel& model, EdgeMethod method = EdgeMethod::automatic);

}  // namespace qmtl
