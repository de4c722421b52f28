// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/common.h>

#include <string>

#include "runtime/train/loop/ranks.h"

namespace qmtl {

/// From now on this rank keeps FOLDER/logs/rank-0003.log: all that it logs from level info on, also what it
/// does not print, and what rank_note() adds, beginning with where it runs. Every line is written at once, so
/// that a killed rank leaves its last one. `append`: after the lines of an earlier start. Where the file
/// cannot be made, a warning says so.
void open_rank_log(const Ranks& ranks, const std::string& folder, int threads, bool append);

/// A line in the file alone; nothing without it.
void rank_note(spdlog::level::level_enum level, const std::string& text);

}  // namespace qmtl
