// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/report/chart.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/json_field.h"

namespace qmtl::report {
namespace {

bool shown(const Chart& chart, const Point& point) {
  const auto fits = [](const Axis& axis, double value) {
    return std::isfinite(value) && (!axis.logarithmic || value > 0);
  };
  return fits(chart.x, point.x) && fits(chart.y, point.y);
}

nlohmann::ordered_json to_json(const Chart& chart, const Series& series) {
  auto points = nlohmann::ordered_json::array(), intervals = points;
  bool any_interval = false;
  for (const Point& point : series.points) {
    if (!shown(chart, point)) continue;
    points.push_back({json_rounded(point.x), json_rounded(point.y)});
    const bool interval = std::isfinite(point.low) && std::isfinite(point.high);
    any_interval = any_interval || interval;
    intervals.push_back(interval ? nlohmann::ordered_json{json_rounded(point.low), json_rounded(point.high)}
                                 : nlohmann::ordered_json(nullptr));
  }
  nlohmann::ordered_json json{{"name", series.name}, {"points", points}};
  if (any_interval) json["intervals"] = intervals;
  if (series.line) json["line"] = true;
  if (series.dashed) json["dashed"] = true;
  if (series.quiet) json["quiet"] = true;
  if (series.across) json["across"] = true;
  return json;
}

nlohmann::ordered_json to_json(const Axis& axis) {
  return {{"title", axis.title}, {"log", axis.logarithmic}};
}

}  // namespace

bool Chart::drawable() const {
  return std::any_of(series.begin(), series.end(), [&](const Series& one) {
    return std::any_of(one.points.begin(), one.points.end(), [&](const Point& p) { return shown(*this, p); });
  });
}

Html Charts::add(const Chart& chart) {
  if (!chart.drawable()) return {};
  const std::string id = "chart-" + std::to_string(all_.size() + 1);
  nlohmann::ordered_json json{{"id", id}, {"x", to_json(chart.x)}, {"y", to_json(chart.y)}};
  auto& series = json["series"] = nlohmann::ordered_json::array();
  for (const Series& one : chart.series) series.push_back(to_json(chart, one));
  for (const Mark& mark : chart.marks)
    if (std::isfinite(mark.value))
      json["marks"].push_back(
          {{"axis", mark.vertical ? "x" : "y"}, {"value", json_rounded(mark.value)}, {"text", mark.text}});
  if (!chart.categories.empty()) json["categories"] = chart.categories;
  all_.push_back(std::move(json));

  const Html canvas = element("canvas", {},
                              Html::trusted("id=\"" + id + "\" role=\"img\" aria-label=\"") +
                                  text(chart.title + ". " + chart.description) + Html::trusted("\""));
  Html box = css_class("canvas");
  if (!chart.categories.empty())  // a line for each, and the axis
    box += Html::trusted(" style=\"height:" + std::to_string(90 + 40 * chart.categories.size()) + "px\"");
  return element("figure", element("figcaption", text(chart.title)) + element("div", canvas, box)) +
         Html::trusted("\n");
}

std::string Charts::script_json() const {
  const std::string json = json_text(all_);
  // "</script" and "<!--" would end or change the element that holds the text.
  std::string safe;
  for (char c : json) {
    if (c == '<')
      safe += "\\u003c";
    else
      safe += c;
  }
  return safe;
}

}  // namespace qmtl::report
