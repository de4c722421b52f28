// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace qmtl {

/// Writes one self-contained HTML page, which opens without a network: about run folders (curves, scores, the
/// circuit, what the run cost), and about files of results, of evaluations and replays among them. `paths`
/// are those of `qmtl report`; `out`, "" for report.html in the folder of the first, may replace an earlier
/// report; `title`, "" for one of what is in it. Returns the page's path. Throws Error: (usage) for another
/// file in its place and in a library built without it (QMTL_REPORT=OFF), (data) naming file and field for
/// what cannot be read.
std::string write_report(const std::vector<std::string>& paths, const std::string& out = "",
                         const std::string& title = "");

}  // namespace qmtl
