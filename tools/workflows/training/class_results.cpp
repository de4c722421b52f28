// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/class_results.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/json_field.h"
#include "runtime/base/text.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/heads/head_table.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

/// Classes that stand side by side in a terminal; of more the commonest confusions are told.
constexpr std::size_t most_columns = 8;

std::vector<std::string> class_names(const TaskMeaning& task, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t c = 0; c < count; ++c) names.push_back(class_name(task, c));
  return names;
}

std::size_t count_at(const ClassReport& report, std::size_t matrix, std::size_t label, std::size_t chosen) {
  const auto& counts = report.confusion[matrix];
  const auto found = counts.find({static_cast<std::uint32_t>(label), static_cast<std::uint32_t>(chosen)});
  return found == counts.end() ? 0 : found->second;
}

Json matrix_json(const ClassReport& report, std::size_t matrix, std::size_t classes) {
  Json rows = Json::array();
  for (std::size_t label = 0; label < classes; ++label) {
    Json& row = rows.emplace_back(Json::array());
    for (std::size_t chosen = 0; chosen < classes; ++chosen)
      row.push_back(count_at(report, matrix, label, chosen));
  }
  return rows;
}

Rows class_rows(const TaskClasses& classes) {
  const ClassReport& report = classes.report;
  const std::size_t count = report.classes.size();
  const bool columns = report.confusion.size() > 1, side_by_side = !columns && count <= most_columns;
  Rows rows{{columns ? "column" : "class", "precision", "recall", "F1", "support"}};
  if (columns) rows.front().insert(rows.front().end(), {"false 1", "false 0"});
  for (std::size_t c = 0; side_by_side && c < count; ++c)
    rows.front().push_back("as " + visible(classes.names[c]));
  for (std::size_t c = 0; c < count; ++c) {
    const ClassScores& scores = report.classes[c];
    std::vector<std::string>& row = rows.emplace_back();
    row = {visible(classes.names[c]), score_text(scores.precision), score_text(scores.recall),
           score_text(scores.f1), std::to_string(scores.support)};
    if (columns)
      row.insert(row.end(),
                 {std::to_string(count_at(report, c, 0, 1)), std::to_string(count_at(report, c, 1, 0))});
    for (std::size_t chosen = 0; side_by_side && chosen < count; ++chosen)
      row.push_back(std::to_string(count_at(report, 0, c, chosen)));
  }
  return rows;
}

/// The confusions that happen most, of equals the first labels'.
std::string commonest_confusions(const TaskClasses& classes) {
  if (classes.report.confusion.size() > 1 || classes.names.size() <= most_columns) return "";
  using Confusion = std::pair<std::pair<std::uint32_t, std::uint32_t>, std::size_t>;
  std::vector<Confusion> all;
  for (const auto& entry : classes.report.confusion.front())
    if (entry.first.first != entry.first.second) all.push_back(entry);
  std::stable_sort(all.begin(), all.end(),
                   [](const Confusion& a, const Confusion& b) { return a.second > b.second; });
  constexpr std::size_t told = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), told); ++i)
    text += (text.empty() ? "" : ", ") + visible(classes.names[all[i].first.first]) + " as " +
            visible(classes.names[all[i].first.second]) + " " + std::to_string(all[i].second);
  return text.empty() ? "" : "most often taken for others: " + text + "\n";
}

std::string bins_text(const Calibration& calibration) {
  Rows rows{{"probability", "samples", "mean", "frequency"}};
  for (const ReliabilityBin& bin : calibration.bins)
    rows.push_back({fixed(bin.low, 1) + " to " + fixed(bin.high, 1), std::to_string(bin.count),
                    bin.count == 0 ? "" : score_text(bin.probability),
                    bin.count == 0 ? "" : score_text(bin.frequency)});
  return text_table(rows);
}

}  // namespace

std::string score_text(double value) { return std::isfinite(value) ? fixed(value, 4) : "undefined"; }

AllClasses class_results(const ModelSpec& spec, const Meaning& meaning, const Dataset& data,
                         const std::vector<std::size_t>& rows, const std::vector<float>& logits,
                         const std::vector<std::vector<double>>& thresholds) {
  const std::vector<const Task*> tasks = bind_tasks(data, spec);
  const std::vector<std::size_t> columns = task_columns(spec);
  AllClasses all;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    auto report = class_report(*tasks[t], rows, logits, columns.back(), columns[t],
                               thresholds.empty() ? std::span<const double>() : thresholds[t]);
    auto& found = all.emplace_back();
    if (report) {
      const std::size_t count = report->classes.size();
      found = TaskClasses{class_names(meaning.task(spec.tasks[t].name), count), std::move(*report)};
    }
  }
  return all;
}

void add_classes(Json& task, const TaskClasses& classes) {
  const ClassReport& report = classes.report;
  Json& list = task["per_class"] = Json::array();
  for (std::size_t c = 0; c < report.classes.size(); ++c)
    list.push_back({{"name", classes.names[c]},
                    {"precision", json_number(report.classes[c].precision)},
                    {"recall", json_number(report.classes[c].recall)},
                    {"f1", json_number(report.classes[c].f1)},
                    {"support", report.classes[c].support}});
  if (report.confusion.size() > 1) {
    for (std::size_t column = 0; column < report.confusion.size(); ++column)
      task["confusion"].push_back(matrix_json(report, column, 2));
  } else if (report.classes.size() <= most_confused) {
    task["confusion"] = matrix_json(report, 0, report.classes.size());
  }
  Json& calibration =
      task["calibration"] = {{"expected_error", json_number(report.calibration.expected_error)}};
  for (const ReliabilityBin& bin : report.calibration.bins)
    calibration["bins"].push_back({{"low", bin.low},
                                   {"high", bin.high},
                                   {"count", bin.count},
                                   {"probability", json_number(bin.probability)},
                                   {"frequency", json_number(bin.frequency)}});
}

std::string classes_text(const ModelSpec& spec, const AllClasses& all, bool bins) {
  std::string text;
  for (std::size_t t = 0; t < all.size(); ++t) {
    if (!all[t]) continue;
    const Calibration& calibration = all[t]->report.calibration;
    text += "\n" + visible(spec.tasks[t].name) + ": expected calibration error " +
            score_text(calibration.expected_error) + "\n" + text_table(class_rows(*all[t])) +
            commonest_confusions(*all[t]) + (bins ? bins_text(calibration) : "");
  }
  return text;
}

std::size_t classes_lines(const AllClasses& all) {
  std::size_t lines = 0;
  for (const auto& task : all)
    if (task) lines += task->report.classes.size() + 3;
  return lines;
}

}  // namespace qmtl
