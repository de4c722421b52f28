// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// Two equal fixed gates with nothing between them that does not commute with them: together the identity.
/// Positions count the gates of the shared stage and then those of block `block` (-1: both are in the shared
/// stage).
struct CancellingPair {
  int block = -1;
  int first = 0, second = 0;
};

/// All cancelling pairs, in the shared stage first, then those that end in each block.
std::vector<CancellingPair> cancelling_pairs(const Circuit& circuit);

}  // namespace qmtl
