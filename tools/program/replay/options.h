// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "tools/program/options.h"
#include "tools/workflows/replay/run.h"

namespace qmtl {

/// The options that make a request: a new replay takes them, one that was begun has them in its folder.
void add_request_options(boost::program_options::options_description& options);
/// Throws Error (usage) naming the option. Digests and the endpoint's own words are left empty.
ReplayRequest read_request_options(const Options& options);
/// The first of those options that was given, or nothing; with `scored` but for those that say how counts are
/// scored, which read_work_options reads.
std::optional<std::string> given_request_option(const Options& options, bool scored);

/// The options of work on a replay, whether it is new or not.
void add_work_options(boost::program_options::options_description& options);
/// Throws Error (usage) naming the option.
ReplayWork read_work_options(const Options& options);

}  // namespace qmtl
