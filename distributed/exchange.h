// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "distributed/comm.h"
#include "runtime/train/loop/reduction.h"

namespace qmtl {

/// Ranks::sum_units over MPI: by rows or by columns, as the plan says. Collective.
std::vector<double> exchange_sums(const Comm& comm, const Reduction& plan, std::vector<double>& rows);

}  // namespace qmtl
