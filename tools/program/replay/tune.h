// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tools/program/commands.h"

namespace qmtl {

/// `qmtl replay tune`: steps on the angles of the task blocks, measured on an endpoint.
int replay_tune(const Ranks& ranks, const Arguments& args);

}  // namespace qmtl
