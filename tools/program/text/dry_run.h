// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tools/workflows/training/forecast.h"

namespace qmtl {

/// Prints what a training would do, as JSON or as tables. `simulated`: of ranks that are not there.
void print_forecast(const Forecast& found, const TrainJob& job, bool simulated, bool json);

}  // namespace qmtl
