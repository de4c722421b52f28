// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tools/workflows/training/model_plan.h"

namespace qmtl {

/// `qmtl plan` for people, on standard output. `threads` 0: not said.
void print_model_plan(const ModelPlan& found, int threads);
/// Which forms the trained model could be exported in, as a refusal after the training comes too late: what
/// exports_json found; null: not said.
void print_exports(const nlohmann::ordered_json& exports);

}  // namespace qmtl
