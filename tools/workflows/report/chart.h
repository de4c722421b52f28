// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/workflows/report/html.h"

namespace qmtl::report {

inline constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

/// A value with the interval around it; NaN: none.
struct Point {
  double x = 0, y = 0;
  double low = no_value, high = no_value;
};

struct Series {
  std::string name;
  std::vector<Point>
      points;        ///< those that are undefined, or not above 0 on a logarithmic axis, are left out
  bool line = true;  ///< joins the points
  bool dashed = false;
  bool quiet = false;   ///< thin, grey and not in the legend: one of many
  bool across = false;  ///< the intervals run along x
};

struct Axis {
  std::string title;
  bool logarithmic = false;
};

/// A line at a value across the whole chart.
struct Mark {
  bool vertical = true;  ///< at a value of x
  double value = 0;
  std::string text;
};

struct Chart {
  std::string title;
  std::string description;  ///< for screen readers: what is to be seen
  Axis x = {}, y = {};
  std::vector<Series> series = {};
  std::vector<Mark> marks = {};
  std::vector<std::string> categories = {};  ///< if any, y near i means categories[i], from the top

  bool drawable() const;  ///< is there any point?
};

/// The charts of a page; page.js draws them from their JSON.
class Charts {
 public:
  /// A figure that shows the chart, or nothing if it has no point.
  Html add(const Chart& chart);
  /// Everything added so far, fit to stand inside a script element.
  std::string script_json() const;

 private:
  nlohmann::ordered_json all_ = nlohmann::ordered_json::array();
};

}  // namespace qmtl::report
