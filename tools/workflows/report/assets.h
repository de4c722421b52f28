// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace qmtl::report {

// Files that are part of the program: CMakeLists.txt puts their text into assets.cpp.in.
std::string_view asset_page();           ///< page.html, with {{places}} to fill
std::string_view asset_style();          ///< page.css
std::string_view asset_script();         ///< page.js
std::string_view asset_chart_library();  ///< Chart.js 3, MIT licence

}  // namespace qmtl::report
