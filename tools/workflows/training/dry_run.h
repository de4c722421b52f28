// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "distributed/comm.h"
#include "runtime/train/config.h"
#include "runtime/train/learner.h"
#include "distributed/launch/cores.h"
#include "tools/program/options.h"

namespace qmtl {

/// What a training would do, and nothing of it: prints the units, cost, bytes, cores and memory of every
/// rank, or (options: ranks) of so many ranks like this one. Collective.
void dry_run(const Comm& comm, const Options& options, const Config& config, const Dataset& data,
             const Learner& learner, const Cores& cores);

}  // namespace qmtl
