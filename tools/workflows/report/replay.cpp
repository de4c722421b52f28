// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "tools/workflows/report/format.h"
#include "tools/workflows/report/sections.h"

namespace qmtl::report {
namespace {

/// One task's scores; NaN where there is none.
struct Measured {
  std::string name, metric;
  double exact, rehearsed, spread, raw, value, low, high;
};

Measured read_measured(const std::string& name, const JsonField& field) {
  Measured row;
  row.name = name;
  const auto metric = field.find("metric");
  row.metric = metric ? metric->text() : "";
  row.exact = field.at("exact").number_or_nan();
  const auto rehearsed = field.find("rehearsed");
  row.rehearsed = rehearsed ? rehearsed->at("mean").number_or_nan() : no_value;
  row.spread = rehearsed ? rehearsed->at("sd").number_or_nan() : no_value;
  row.raw = field.at("raw").number_or_nan();
  row.value = field.at("value").number_or_nan();
  row.low = field.at("low").number_or_nan();
  row.high = field.at("high").number_or_nan();
  return row;
}

Html scores_table(const std::vector<Measured>& rows) {
  Table table{"Scores on the device: intervals of 95 % are over its shots, the samples are fixed",
              {{"task", false},
               {"metric", false},
               {"exact"},
               {"rehearsed"},
               {"measured"},
               {"mitigated"},
               {"interval"}},
              {}};
  for (const Measured& row : rows)
    table.rows.push_back({text(row.name), text(row.metric), text(score(row.exact)),
                          text(score_with_deviation(row.rehearsed, row.spread)), text(score(row.raw)),
                          text(score(row.value)),
                          text(std::isfinite(row.low) ? score(row.low) + " to " + score(row.high) : "none")});
  return table.html();
}

Html scores_chart(const std::vector<Measured>& rows, Charts& charts) {
  Chart chart{"Measured and exact scores",
              "For every task the measured score with its interval of 95 %, beside the exact one.",
              {"score"},
              {},
              {},
              {}};
  Series measured{"measured", {}}, exact{"exact", {}}, rehearsed{"rehearsed", {}};
  for (Series* series : {&measured, &exact, &rehearsed}) {
    series->line = false;
    series->across = true;
  }
  constexpr double apart = 0.22;  // good values are equal: one must not hide the other
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Measured& row = rows[i];
    const auto y = static_cast<double>(i);
    chart.categories.push_back(row.name);
    measured.points.push_back({row.value, y, row.low, row.high});
    exact.points.push_back({row.exact, y - apart});
    rehearsed.points.push_back(
        {row.rehearsed, y + apart, row.rehearsed - row.spread, row.rehearsed + row.spread});
  }
  chart.series = {measured, exact};
  if (std::any_of(rows.begin(), rows.end(), [](const Measured& row) { return std::isfinite(row.rehearsed); }))
    chart.series.push_back(rehearsed);
  return charts.add(chart);
}

std::string cost_text(const JsonField& cost) {
  return number(cost.at("amount").number()) + " " + cost.at("unit").text() +
         (cost.at("estimated").boolean() ? " (in part estimated)" : "");
}

std::string readout_text(const std::string& how) {
  if (how == "measured") return "undone, calibrated in this replay";
  if (how == "kept") return "undone by an earlier calibration";
  return "not undone";
}

std::string list_text(const JsonField& list) {
  std::string joined;
  for (const JsonField& entry : list.list()) joined += (joined.empty() ? "" : ", ") + number(entry.number());
  return joined;
}

Html about(const JsonField& root) {
  const JsonField endpoint = root.at("endpoint"), mitigation = root.at("mitigation");
  std::vector<std::pair<std::string, Html>> entries{
      {"endpoint", text(endpoint.at("kind").text() + ", " + endpoint.at("backend").text() + " at " +
                        endpoint.at("place").text())},
      {"checkpoint", text(root.at("checkpoint").text())},
      {"data", text(root.at("data").text() + ", " + root.at("split").text())},
      {"programs", text(count(root.at("programs").count()) + ", " + root.at("head_split").text() +
                        ", depth " + count(root.at("depth").count()))},
      {"shots of a program and sample", text(list_text(root.at("shots")))},
      {"readout errors", text(readout_text(mitigation.at("readout").text()))},
      {"noise factors", text(list_text(mitigation.at("noise_factors")))},
      {"dropped shots", text(count(root.at("dropped").count()))},
      {"run hash", hash_text(root.at("run_hash").text())},
      {"identity", hash_text(root.at("identity").text())}};
  for (const char* option : {"mitigate", "suppress"})
    if (const auto kinds = mitigation.find(option)) entries.emplace_back(option, text(kinds->text()));
  // Of reports that have them.
  if (const auto expectations = root.find("expectations"))
    for (const char* of : {"measured", "mitigated"}) {
      const JsonField rms = expectations->at("rms").at(of);
      entries.emplace_back(
          "expectations, " + std::string(of),
          text("root mean square distance from the exact ones " + number(rms.at("distance").number_or_nan()) +
               ", standard error " + number(rms.at("error").number_or_nan())));
    }
  if (const auto rehearsal = root.find("rehearsal"))
    entries.emplace_back("rehearsed with", text(rehearsal->at("noise").text() + ", " +
                                                count(rehearsal->at("runs").count()) + " times"));
  for (const JsonField& missing : root.at("missing").list())
    entries.emplace_back("missing", text(missing.text()));
  return definitions(entries);
}

}  // namespace

Section replay_section(const JsonField& root, Charts& charts) {
  require_json_format(root, "qmtl-replay", 1);
  std::vector<Measured> rows;
  for (const auto& [name, field] : root.at("tasks").members()) rows.push_back(read_measured(name, field));
  rows.push_back(read_measured("mean", root.at("mean")));
  const Measured& mean = rows.back();
  Html body = facts_html(
      {{score(mean.value), "mean score, mitigated where asked for"},
       {score(mean.exact), "mean score, exact"},
       {count(root.at("complete").count()) + " of " + count(root.at("samples").count()), "samples complete"},
       {count(root.at("jobs").count()), "jobs"},
       {count(root.at("executions").count()), "executions"},
       {cost_text(root.at("cost")), "cost"}});
  body += charts_html(scores_chart(rows, charts));
  body += scores_table(rows);
  body += about(root);
  return {"replay", "Replay: " + root.at("name").text(), std::move(body)};
}

}  // namespace qmtl::report
