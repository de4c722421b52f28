// SPDX-License-Identifier: Apache-2.0
#include "io/data/match_data.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "io/sources/numbers.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

template <class Value>
std::vector<Value> in_order(const std::vector<Value>& values, const std::vector<std::size_t>& places) {
  if (values.empty()) return {};
  std::vector<Value> ordered;
  ordered.reserve(values.size());
  for (std::size_t first = 0; first < values.size(); first += places.size())
    for (std::size_t place : places) ordered.push_back(values[first + place]);
  return ordered;
}

void match_input(Input& input, const InputMeaning& known, const std::string& where, MatchReport& report) {
  if (known.columns.empty()) return;
  if (input.column_names.empty()) {
    report.doubts.push_back(where + ": its columns have no names; they are taken in the model's order: " +
                            listed_names(known.columns));
    return;
  }
  if (input.column_names != known.columns) {
    const std::vector<std::size_t> places = match_columns(known.columns, input.column_names, where);
    report.notes.push_back(where +
                           ": its columns are put into the model's order: " + listed_names(known.columns));
    input.values = in_order(input.values, places);
    input.shift = in_order(input.shift, places);
    input.units = in_order(input.units, places);
    input.column_names = known.columns;
  }
  for (std::size_t i = 0; i < std::min(input.units.size(), known.units.size()); ++i)
    if (!input.units[i].empty() && !known.units[i].empty() && input.units[i] != known.units[i])
      throw data_error(where + ": column " + shown(known.columns[i]) + ": expected numbers in " +
                       shown(known.units[i]) + " as the model was trained on, found " +
                       shown(input.units[i]) + "; convert them");
}

void match_labels(Task& task, const TaskSpec& spec, const TaskMeaning& known, const std::string& where,
                  MatchReport& report) {
  if (!task.unit.empty() && !known.unit.empty() && task.unit != known.unit)
    throw data_error(where + ": expected labels in " + shown(known.unit) +
                     " as the model was trained on, found " + shown(task.unit) + "; convert them");
  if (known.classes.empty() || task.class_names == known.classes) return;
  if (task.class_names.empty()) {
    if (task.outputs() == spec.outputs &&
        std::any_of(task.labels.begin(), task.labels.end(), [](float label) { return !std::isnan(label); }))
      report.doubts.push_back(where + ": its classes have no names; they are taken in the model's order: " +
                              listed_names(known.classes));
    return;
  }
  const std::vector<int> match = match_classes(known.classes, task.class_names, task.kind);
  const bool columns = task.kind == TaskKind::multilabel;
  const auto refuse = [&](std::size_t unknown) {
    throw data_error(where + ": expected the " + (columns ? "labels " : "classes ") +
                     listed_names(known.classes) + " of the model, found " + listed_names(task.class_names) +
                     ": the model does not know \"" + shown(task.class_names[unknown]) +
                     "\"; leave it out, or train a model with it");
  };
  std::vector<float> labels;
  if (columns) {
    labels.assign(task.labels.size() / task.columns * known.classes.size(),
                  std::numeric_limits<float>::quiet_NaN());
    for (std::size_t c = 0; c < match.size(); ++c) {
      if (match[c] < 0) refuse(c);
      for (std::size_t row = 0; row < task.labels.size() / task.columns; ++row)
        labels[row * known.classes.size() + static_cast<std::size_t>(match[c])] =
            task.labels[row * task.columns + c];
    }
    task.columns = known.classes.size();
  } else {
    labels = task.labels;
    for (float& label : labels) {
      if (std::isnan(label)) continue;
      const auto found = static_cast<std::size_t>(label);
      if (match[found] < 0) refuse(found);
      label = static_cast<float>(match[found]);
    }
    task.classes = spec.classes;
  }
  report.notes.push_back(where + ": its " + (columns ? "labels " : "classes ") +
                         listed_names(task.class_names) + " are the model's " + listed_names(known.classes) +
                         " by their names");
  task.labels = std::move(labels);
  task.class_names = known.classes;
}

}  // namespace

std::string listed_names(const std::vector<std::string>& names) {
  constexpr std::size_t most = 24;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i ? ", " : "") + shown(names[i]);
  if (names.size() > most) text += ", ... (" + std::to_string(names.size()) + " in all)";
  return names.empty() ? "none" : text;
}

std::vector<std::size_t> match_columns(const std::vector<std::string>& wanted,
                                       const std::vector<std::string>& found, const std::string& where) {
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<std::string> twice, missing, unknown;
  for (std::size_t i = 0; i < found.size(); ++i)
    if (!places.emplace(found[i], i).second) twice.push_back(found[i]);
  std::vector<std::size_t> order;
  std::vector<bool> used(found.size(), false);
  for (const std::string& name : wanted) {
    const auto place = places.find(name);
    if (place == places.end()) {
      missing.push_back(name);
      continue;
    }
    order.push_back(place->second);
    used[place->second] = true;
  }
  for (std::size_t i = 0; i < found.size(); ++i)
    if (!used[i]) unknown.push_back(found[i]);
  if (missing.empty() && unknown.empty() && twice.empty()) return order;
  throw data_error(where + ": expected the columns " + listed_names(wanted) + ", found " +
                   listed_names(found) + (missing.empty() ? "" : "; missing: " + listed_names(missing)) +
                   (unknown.empty() ? "" : "; not known to the model: " + listed_names(unknown)) +
                   (twice.empty() ? "" : "; there twice: " + listed_names(twice)));
}

std::vector<int> match_classes(const std::vector<std::string>& known, const std::vector<std::string>& found,
                               TaskKind kind) {
  std::unordered_map<std::string, int> by_text, by_number;
  for (std::size_t i = 0; i < known.size(); ++i) {
    by_text.emplace(known[i], static_cast<int>(i));
    if (const std::string number = canonical_number(known[i]); !number.empty())
      if (const auto [entry, fresh] = by_number.emplace(number, static_cast<int>(i)); !fresh)
        entry->second = -1;  // the model tells "1" from "1.0"
  }
  std::vector<int> match;
  for (const std::string& name : found) {
    if (const auto place = by_text.find(name); place != by_text.end()) {
      match.push_back(place->second);
      continue;
    }
    const std::string number = canonical_number(name);
    const auto place = number.empty() ? by_number.end() : by_number.find(number);
    match.push_back(place == by_number.end() ? -1 : place->second);
  }
  // Two ways to write one number are two classes where the data tell them apart.
  std::vector<std::size_t> times(known.size(), 0);
  for (int place : match)
    if (place >= 0) ++times[static_cast<std::size_t>(place)];
  for (std::size_t i = 0; i < match.size(); ++i)
    if (match[i] >= 0 && times[static_cast<std::size_t>(match[i])] > 1 &&
        found[i] != known[static_cast<std::size_t>(match[i])])
      match[i] = -1;
  if (kind == TaskKind::binary && known.size() == 2 && known[0] == "not " + known[1])
    for (std::size_t i = 0; i < match.size(); ++i)
      if (match[i] < 0) match[i] = 0;
  return match;
}

MatchReport match_data(Dataset& data, const ModelSpec& spec, const Meaning& meaning,
                       const std::string& where) {
  MatchReport report;
  for (Input& input : data.inputs)
    match_input(input, meaning.input(input.name), where + ": input " + input.name, report);
  for (Task& task : data.tasks)
    for (const TaskSpec& known : spec.tasks)
      if (known.name == task.name && known.kind == name(task.kind))
        match_labels(task, known, meaning.task(task.name), where + ": task " + task.name, report);
  adopt_meaning(data, meaning);
  return report;
}

void adopt_meaning(Dataset& data, const Meaning& meaning) {
  for (Input& input : data.inputs) {
    const InputMeaning& known = meaning.input(input.name);
    if (input.column_names.empty() && known.columns.size() == input.width) input.column_names = known.columns;
    if (input.units.empty() && known.units.size() == input.width) input.units = known.units;
  }
  for (Task& task : data.tasks) {
    const TaskMeaning& known = meaning.task(task.name);
    if (task.class_names.empty() && known.classes.size() == class_names_of(task.kind, task.outputs()))
      task.class_names = known.classes;
    if (task.unit.empty()) task.unit = known.unit;
  }
  if (data.description.empty()) data.description = meaning.description;
}

}  // namespace qmtl
