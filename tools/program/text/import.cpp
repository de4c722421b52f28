// SPDX-License-Identifier: Apache-2.0
#include "tools/program/text/import.h"

#include <algorithm>

#include "io/sources/text_encoding.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

std::string task_line(const ImportReport::TaskLabels& task) {
  std::string text = "labels       " + shown(task.task) + ": " + std::to_string(task.labels) + " labels, " +
                     std::to_string(task.missing) + " missing";
  if (task.classes.empty())
    return task.labels == 0 ? text : text + ", " + shortest(task.least) + " to " + shortest(task.most);
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(most, task.classes.size()); ++i)
    text += (i ? ", " : "; ") + shown(task.classes[i].name) + " " + std::to_string(task.classes[i].count);
  return text +
         (task.classes.size() > most ? ", ... " + std::to_string(task.classes.size()) + " in all" : "");
}

}  // namespace

std::string guess_text(const Guess& guess) { return guess.where + ": " + guess.found + "; say " + guess.say; }

std::string import_text(const ImportReport& report) {
  std::string text = "rows         " + std::to_string(report.rows) + "\n";
  std::size_t listed = 0, others = 0;
  for (const ImportReport::Column& column : report.columns) {
    if (column.missing == 0) continue;
    constexpr std::size_t most = 20;
    if (listed++ < most)
      text += "missing      " + shown(column.name) + ": " + std::to_string(column.missing) + " cells\n";
    else
      ++others;
  }
  if (others > 0) text += "missing      cells in " + std::to_string(others) + " more columns\n";
  for (const ImportReport::TaskLabels& task : report.tasks) text += task_line(task) + "\n";
  for (const std::string& note : report.notes) text += "note         " + note + "\n";
  for (const Guess& guess : report.guesses) text += "guessed      " + guess_text(guess) + "\n";
  return text;
}

nlohmann::ordered_json import_json(const ImportReport& report) {
  using Json = nlohmann::ordered_json;
  Json json;
  json["rows"] = report.rows;
  Json& missing = json["missing"] = Json::object();
  for (const ImportReport::Column& column : report.columns) missing[column.name] = column.missing;
  Json& tasks = json["tasks"] = Json::object();
  for (const ImportReport::TaskLabels& task : report.tasks) {
    Json& entry = tasks[task.task] = {{"labels", task.labels}, {"missing", task.missing}};
    if (task.classes.empty()) {
      if (task.labels > 0) entry["least"] = task.least, entry["most"] = task.most;
      continue;
    }
    Json& classes = entry["classes"] = Json::array();
    for (const ImportReport::Class& one : task.classes)
      classes.push_back({{"name", one.name}, {"count", one.count}});
  }
  json["notes"] = report.notes;
  Json& guesses = json["guesses"] = Json::array();
  for (const Guess& guess : report.guesses)
    guesses.push_back({{"where", guess.where}, {"found", guess.found}, {"say", guess.say}});
  return json;
}

}  // namespace qmtl
