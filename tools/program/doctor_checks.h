// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "distributed/launch/cores.h"

namespace qmtl {

/// One line of `qmtl doctor`.
struct Finding {
  std::string topic;  ///< e.g. "mpi"
  std::string value;  ///< what was found
  std::string cure;   ///< empty: nothing is wrong
};

/// Checks of this rank and machine, in the order of the report. Collective where ranks matter.
std::vector<Finding> find_problems(const Ranks& ranks, const Cores& cores, int threads);

}  // namespace qmtl
