// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tools/program/options.h"

namespace qmtl {

/// The options of `inspect --classical`.
void add_classical_options(boost::program_options::options_description& own);

/// Prints which classical local models reproduce a trained head; the result is the exit code. Collective.
int inspect_classical(const Ranks& ranks, const Options& options);

}  // namespace qmtl
