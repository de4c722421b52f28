// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "tools/workflows/report/format.h"
#include "tools/workflows/report/sections.h"

namespace qmtl::report {
namespace {

Html shots_html(const JsonField& list, Charts& charts) {
  if (list.list().empty()) return {};
  Table table{"Shots of each circuit", {{"shots", false}, {"mean score"}}, {}};
  Chart chart{
      "Score and shots",
      "Mean score over the number of shots, with one standard deviation to each side; the dashed line is "
      "the score of exact expectations.",
      {"shots", true},
      {"mean score"},
      {},
      {}};
  Series series{"shots", {}};
  for (const JsonField& row : list.list()) {
    const std::int64_t shots = row.at("shots").count();
    const double mean = row.at("mean").number_or_nan();
    const auto found = row.find("sd");
    const double deviation = found ? found->number() : no_value;
    table.rows.push_back({text(shots ? count(shots) : "exact"),
                          text(shots ? score_with_deviation(mean, deviation) : score(mean))});
    if (shots == 0)
      chart.marks.push_back({false, mean, "exact"});
    else
      series.points.push_back({static_cast<double>(shots), mean, mean - deviation, mean + deviation});
  }
  chart.series = {series};
  // The exact score counts for the axis although it has no place on it.
  if (!chart.marks.empty() && !series.points.empty()) {
    Series exact{
        "exact",
        {{series.points.front().x, chart.marks[0].value}, {series.points.back().x, chart.marks[0].value}}};
    exact.quiet = true;
    chart.series.push_back(std::move(exact));
  }
  return charts.add(chart) + table.html();
}

Html strengths_html(const JsonField& list, Charts& charts) {
  if (list.list().empty()) return {};
  Table table{"Strength of the noise", {{"strength", false}, {"mean score"}, {"mitigated"}}, {}};
  Chart chart{"Score and noise",
              "Mean score over the strength of the noise, without and with mitigation.",
              {"strength of the noise"},
              {"mean score"},
              {},
              {}};
  Series plain{"noisy", {}}, mitigated{"mitigated", {}};
  for (const JsonField& row : list.list()) {
    const double strength = row.at("strength").number(), mean = row.at("mean").number_or_nan();
    const auto found = row.find("mitigated");
    const double better = found ? found->number() : no_value;
    table.rows.push_back({text(number(strength)), text(score(mean)), text(score(better))});
    plain.points.push_back({strength, mean});
    mitigated.points.push_back({strength, better});
  }
  chart.series.push_back(plain);
  if (std::any_of(mitigated.points.begin(), mitigated.points.end(),
                  [](const Point& p) { return std::isfinite(p.y); }))
    chart.series.push_back(mitigated);
  return charts.add(chart) + table.html();
}

}  // namespace

Section noise_sweep_section(const JsonField& root, Charts& charts) {
  require_json_format(root, "qmtl-noise-sweep", 1);
  const auto title = root.find("title");
  const Html shots = shots_html(root.at("shots"), charts),
             strengths = strengths_html(root.at("noise"), charts);
  // A chart above its table, in two columns where there is room.
  const Html body = charts_html(element("div", shots) + element("div", strengths));
  return {"noise-sweep", "Noise" + (title ? ": " + title->text() : ""), body};
}

}  // namespace qmtl::report
