// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tools/program/options.h"

namespace qmtl {

/// The options of `inspect CONFIG --gradients`.
void add_gradient_options(boost::program_options::options_description& own);

/// `inspect CONFIG --gradients`: how gradients of the configured circuit spread at several widths and depths.
int inspect_gradients(const Ranks& ranks, const Options& options);

}  // namespace qmtl
