// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace qmtl {

/// Whether a launcher (mpirun, srun) started this process, from its environment.
bool started_by_launcher();

/// How many ranks it started: 1 without a launcher, 0 where it does not say.
int launched_ranks();

}  // namespace qmtl
