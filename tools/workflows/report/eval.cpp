// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "tools/workflows/report/format.h"
#include "tools/workflows/report/sections.h"

namespace qmtl::report {
namespace {

/// More classes than this in one matrix cannot be told apart.
constexpr std::size_t most_classes = 30;
/// More tasks than this are folded away.
constexpr std::size_t most_open = 4;

using Members = std::vector<std::pair<std::string, JsonField>>;

Html score_table(const JsonField& root, const Members& tasks) {
  Table table{"Scores on " + root.at("split").text(), {{"task", false}, {"metric", false}, {"score"}}, {}};
  const auto baseline = root.find("baseline");
  std::vector<std::string> worse;
  if (baseline) {
    table.caption += "; baseline: the best constant answer, learnt from the training labels";
    table.columns.push_back({"baseline"});
    for (const JsonField& name : baseline->at("no_better_tasks").list()) worse.push_back(name.text());
  }
  const auto add = [&](const std::string& task, const std::string& metric, double value, double constant,
                       bool tagged) {
    Html shown = text(score(value));
    if (tagged) shown += element("span", text("no better"), css_class("tag"));
    table.rows.push_back({text(task), text(metric), shown});
    if (baseline) table.rows.back().push_back(text(score(constant)));
  };
  for (const auto& [name, task] : tasks) {
    add(name, task.at("metric").text(), task.at("value").number_or_nan(), optional_number(task, "baseline"),
        std::find(worse.begin(), worse.end(), name) != worse.end());
    if (const auto metrics = task.find("metrics"))
      for (const auto& [metric, value] : metrics->members())
        if (metric != task.at("metric").text())
          add("", metric, value.at("value").number_or_nan(), optional_number(value, "baseline"), false);
  }
  add("mean", "", root.at("mean").number_or_nan(), baseline ? optional_number(*baseline, "mean") : no_value,
      false);
  if (const auto largest = root.find("argmax_accuracy"))
    add("largest logit", "accuracy", largest->number_or_nan(),
        baseline ? optional_number(*baseline, "argmax_accuracy") : no_value, false);
  return table.html();
}

Html calibration_chart(const Members& tasks, Charts& charts) {
  Chart chart{"Calibration",
              "For each task how often what was given a probability was true, over that probability; well "
              "calibrated tasks lie on the diagonal.",
              {"probability"},
              {"frequency"},
              {},
              {}};
  for (const auto& [name, task] : tasks) {
    const auto calibration = task.find("calibration");
    if (!calibration) continue;
    Series& series = chart.series.emplace_back(Series{name, {}});
    for (const JsonField& bin : calibration->at("bins").list())
      series.points.push_back({bin.at("probability").number_or_nan(), bin.at("frequency").number_or_nan()});
  }
  if (chart.series.empty()) return {};
  for (Series& series : chart.series) series.quiet = chart.series.size() > most_curves;
  Series diagonal{"calibrated", {{0, 0}, {1, 1}}};
  diagonal.dashed = true;
  chart.series.push_back(std::move(diagonal));
  return charts.add(chart);
}

/// Counts of one row share out its colour.
Html heat(std::int64_t value, double whole) {
  const double share = whole > 0 ? 0.55 * static_cast<double>(value) / whole : 0.0;
  return element("span", text(count(value)),
                 Html::trusted("class=\"heat\" style=\"--share:" + fixed(share, 3) + "\""));
}

/// A row of a confusion matrix; throws where it has another length.
std::vector<std::int64_t> counts_of(const JsonField& row, std::size_t classes) {
  std::vector<std::int64_t> counts;
  for (const JsonField& cell : row.list()) counts.push_back(cell.count());
  if (counts.size() != classes) row.wrong(std::to_string(classes) + " numbers, one for each class");
  return counts;
}

/// The classes, and beside them what they were taken for.
Html class_table(const std::string& name, const JsonField& task) {
  const std::vector<JsonField> classes = task.at("per_class").list();
  const bool columns = task.at("kind").text() == "multilabel";
  const auto confusion = task.find("confusion");
  const bool side_by_side = confusion && !columns && classes.size() <= most_classes;
  Table table{name + ": expected calibration error " +
                  score(task.at("calibration").at("expected_error").number_or_nan()),
              {{columns ? "column" : "class", false}, {"precision"}, {"recall"}, {"F1"}, {"support"}},
              {}};
  if (confusion && columns) table.columns.insert(table.columns.end(), {{"false 1"}, {"false 0"}});
  for (std::size_t c = 0; side_by_side && c < classes.size(); ++c)
    table.columns.push_back({"as " + classes[c].at("name").text()});
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const JsonField& one = classes[c];
    std::vector<Html>& row = table.rows.emplace_back();
    row = {text(one.at("name").text()), text(score(one.at("precision").number_or_nan())),
           text(score(one.at("recall").number_or_nan())), text(score(one.at("f1").number_or_nan())),
           text(count(one.at("support").count()))};
    if (confusion && columns) {
      const JsonField matrix = confusion->at(c);
      row.push_back(text(count(counts_of(matrix.at(std::size_t{0}), 2)[1])));
      row.push_back(text(count(counts_of(matrix.at(std::size_t{1}), 2)[0])));
    }
    if (!side_by_side) continue;
    double whole = 0;
    const std::vector<std::int64_t> counts = counts_of(confusion->at(c), classes.size());
    for (std::int64_t value : counts) whole += static_cast<double>(value);
    for (std::int64_t value : counts) row.push_back(heat(value, whole));
  }
  return table.html();
}

Html thresholds_table(const Members& tasks) {
  Table table{"Thresholds, chosen on validation",
              {{"output", false}, {"probability"}, {"metric", false}, {"validation"}, {"at 0.5"}},
              {}};
  for (const auto& [name, task] : tasks) {
    const auto threshold = task.find("threshold");
    if (!threshold) continue;
    const std::vector<JsonField> outputs = threshold->at("outputs").list();
    for (std::size_t o = 0; o < outputs.size(); ++o)
      table.rows.push_back(
          {text(outputs.size() > 1 ? name + ", " + task.at("per_class").at(o).at("name").text() : name),
           text(fixed(outputs[o].at("probability").number(), 4)), text(threshold->at("metric").text()),
           text(score(outputs[o].at("score").number_or_nan())),
           text(score(outputs[o].at("score_at_half").number_or_nan()))});
  }
  return table.rows.empty() ? Html() : table.html();
}

/// The features with the largest drops, and all of them folded away.
Html importance_html(const JsonField& importance, const Members& tasks, Charts& charts) {
  constexpr std::size_t most_bars = 20;
  const std::vector<JsonField> features = importance.at("features").list();
  const std::string repeats = count(importance.at("repeats").count());
  Table table{
      "Drop of the mean score, its 95 % interval over " + repeats + " repeats, and drops of the tasks",
      {{"feature", false}, {"drop"}, {"interval"}},
      {}};
  for (const auto& [name, task] : tasks)
    table.columns.push_back({name + " (" + task.at("metric").text() + ")"});
  const bool one_input = std::all_of(features.begin(), features.end(), [&](const JsonField& one) {
    return one.at("input").text() == features.front().at("input").text();
  });
  Chart chart{"Permutation importance",
              "For each feature by how much the mean score drops when its values are permuted, with the "
              "interval over "
              "the repeats.",
              {"drop of the mean score"},
              {""},
              {},
              {{true, 0, "no drop"}}};
  Series series{"drop", {}};
  series.line = false;
  series.across = true;
  for (const JsonField& one : features) {
    const std::string input = one.at("input").text(), feature = one.at("feature").text();
    const std::string name = one_input || feature.starts_with(input) ? feature : input + "." + feature;
    const double drop = one.at("drop").number_or_nan(), low = one.at("low").number_or_nan(),
                 high = one.at("high").number_or_nan();
    std::vector<Html>& row = table.rows.emplace_back();
    row = {text(name), text(signed_score(drop)),
           text(std::isfinite(low) && std::isfinite(high) ? signed_score(low) + " to " + signed_score(high)
                                                          : "–")};
    for (const auto& [task, unused] : tasks)
      row.push_back(text(signed_score(one.at("tasks").at(task).at("drop").number_or_nan())));
    if (series.points.size() == most_bars) continue;
    series.points.push_back({drop, static_cast<double>(chart.categories.size()), low, high});
    chart.categories.push_back(name);
  }
  chart.series = {series};
  return charts_html(charts.add(chart)) + details("Importance of every feature", table.html());
}

}  // namespace

double optional_number(const JsonField& field, const std::string& key) {
  const auto found = field.find(key);
  return found ? found->number_or_nan() : no_value;
}

Html eval_html(const JsonField& root, Charts& charts) {
  require_json_format(root, "qmtl-eval", 1);
  const Members tasks = root.at("tasks").members();
  Html body = score_table(root, tasks);
  body += thresholds_table(tasks);
  body += charts_html(calibration_chart(tasks, charts));
  if (const auto importance = root.find("importance")) body += importance_html(*importance, tasks, charts);
  const auto with_classes = std::count_if(
      tasks.begin(), tasks.end(), [](const auto& task) { return task.second.find("per_class").has_value(); });
  for (const auto& [name, task] : tasks) {
    if (!task.find("per_class")) continue;
    const Html tables = class_table(name, task);
    body +=
        static_cast<std::size_t>(with_classes) > most_open ? details("Classes of " + name, tables) : tables;
  }
  return body;
}

Section eval_section(const JsonField& root, Charts& charts) {
  Html body = eval_html(root, charts);
  body += definitions({{"checkpoint", text(root.at("checkpoint").text())},
                       {"run hash", hash_text(root.at("run_hash").text())}});
  return {"eval", "Evaluation on " + root.at("split").text(), std::move(body)};
}

}  // namespace qmtl::report
