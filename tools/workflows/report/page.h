// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "tools/workflows/report/chart.h"
#include "tools/workflows/report/html.h"

namespace qmtl::report {

/// One part of the page, with a heading of its own.
struct Section {
  std::string kind;  ///< run, runs, compare, scale, noise-sweep or replay
  std::string title;
  Html body;
};

/// The whole page: one file without references to others, the same for the same sections.
std::string render_page(const std::string& title, const std::vector<Section>& sections, const Charts& charts);

}  // namespace qmtl::report
