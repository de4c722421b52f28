// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/edge/builder.h"

namespace qmtl {

/// y = start + factor * (expectation of a circuit's output).
struct EdgeReadout {
  double start = 0.0, factor = 1.0;
};

}  // namespace qmtl
