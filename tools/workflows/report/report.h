// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace qmtl {

/// A page to write about what is in some folders and files.
struct ReportRequest {
  /// Run folders, files of results (compare.json, scale.json, noise.json, replay.json, evaluations), and
  /// folders that hold such files.
  std::vector<std::string> paths;
  std::string out;    ///< "": report.html in the folder of the first path
  std::string title;  ///< "": the only section's, or "qmtl report"
};

struct ReportResult {
  struct Part {
    std::string kind, title;
  };
  std::string out;
  std::size_t bytes = 0;
  std::vector<Part> sections;
};

/// Writes one self-contained HTML page, which opens without a network. An earlier report is replaced. Throws
/// Error: (usage) for another file in its place, (data) naming file and field for what cannot be read.
ReportResult write_report_page(const ReportRequest& request);

}  // namespace qmtl
