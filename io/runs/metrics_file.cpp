// SPDX-License-Identifier: Apache-2.0
#include "io/runs/metrics_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "io/files/atomic_file.h"
#include "runtime/base/json_field.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const TimingRecord& timing) {
  Json json{{"steps", timing.steps},
            {"seconds", json_rounded(timing.seconds)},
            {"samples_per_second", json_rounded(timing.samples_per_second)}};
  Json& phases = json["phases"] = Json::object();
  for (const PhaseSeconds& phase : timing.phases) {
    Json& one = phases[phase.phase] = {{"mean", json_rounded(phase.mean)}, {"max", json_rounded(phase.max)}};
    if (phase.ranks.empty()) continue;
    Json& ranks = one["ranks"] = Json::array();
    for (double seconds : phase.ranks) ranks.push_back(json_rounded(seconds));
  }
  return json;
}

/// The numbers of `values` under the tasks' names.
Json by_task(const std::vector<std::string>& tasks, const std::vector<double>& values) {
  Json json = Json::object();
  for (std::size_t i = 0; i < std::min(tasks.size(), values.size()); ++i)
    json[tasks[i]] = json_number(values[i]);
  return json;
}

std::vector<double> read_tasks(const JsonField& field, const std::vector<std::string>& tasks) {
  std::vector<double> values;
  for (const std::string& task : tasks) values.push_back(field.at(task).number_or_nan());
  return values;
}

TimingRecord read_timing(const JsonField& root) {
  TimingRecord timing;
  const auto field = root.find("timing");
  if (!field) return timing;
  timing.steps = field->at("steps").count();
  timing.seconds = field->at("seconds").number_or_nan();
  timing.samples_per_second = field->at("samples_per_second").number_or_nan();
  for (const auto& [name, phase] : field->at("phases").members()) {
    PhaseSeconds& seconds = timing.phases.emplace_back();
    seconds.phase = name;
    seconds.mean = phase.at("mean").number_or_nan();
    seconds.max = phase.at("max").number_or_nan();
    if (const auto ranks = phase.find("ranks"))
      for (const JsonField& rank : ranks->list()) seconds.ranks.push_back(rank.number_or_nan());
  }
  return timing;
}

EpochRecord read_epoch(const JsonField& root, const std::vector<std::string>& tasks) {
  EpochRecord record;
  record.epoch = static_cast<int>(root.at("epoch").integer(0, std::numeric_limits<int>::max()));
  record.step = root.at("step").count();
  record.learning_rate = root.at("learning_rate").number_or_nan();
  record.train_loss = root.at("train_loss").number_or_nan();
  record.validation_loss = root.at("validation_loss").number_or_nan();
  record.validation_mean = root.at("validation_mean").number_or_nan();
  record.validation = read_tasks(root.at("tasks"), tasks);
  if (const auto metrics = root.find("metrics"))
    for (const std::string& task : tasks) {
      std::vector<MetricScore>& scores = record.metrics.emplace_back();
      if (const auto several = metrics->find(task))
        for (const auto& [metric, value] : several->members())
          scores.push_back({metric, value.number_or_nan()});
    }
  return record;
}

StepMetrics read_step(const JsonField& root, const std::vector<std::string>& tasks) {
  StepMetrics record;
  record.step = root.at("step").count();
  record.epoch = static_cast<int>(root.at("epoch").integer(0, std::numeric_limits<int>::max()));
  record.learning_rate = root.at("learning_rate").number_or_nan();
  record.losses = read_tasks(root.at("losses"), tasks);
  record.timing = read_timing(root);
  return record;
}

}  // namespace

std::string metrics_line(const EpochRecord& record, const std::vector<std::string>& tasks,
                         const TimingRecord& timing) {
  Json line;
  line["kind"] = "epoch";
  line["epoch"] = record.epoch;
  line["step"] = record.step;
  line["learning_rate"] = json_number(record.learning_rate);
  line["train_loss"] = json_number(record.train_loss);
  line["validation_loss"] = json_number(record.validation_loss);
  line["validation_mean"] = json_number(record.validation_mean);
  line["tasks"] = by_task(tasks, record.validation);
  for (std::size_t t = 0; t < std::min(tasks.size(), record.metrics.size()); ++t)
    if (record.metrics[t].size() > 1)
      for (const MetricScore& score : record.metrics[t])
        line["metrics"][tasks[t]][score.metric] = json_number(score.value);
  Json& norms = line["gradient_norms"] = Json::object();
  for (std::size_t i = 0; i < record.gradient_norms.size(); ++i)
    if (!std::isnan(record.gradient_norms[i]))
      norms[std::string(name(static_cast<ParamPart>(i)))] = json_number(record.gradient_norms[i]);
  if (!record.task_weights.empty()) line["task_weights"] = by_task(tasks, record.task_weights);
  if (timing.steps > 0) line["timing"] = to_json(timing);
  return json_text(line) + "\n";
}

std::string metrics_line(const StepMetrics& record, const std::vector<std::string>& tasks) {
  double loss = 0;
  for (double one : record.losses) loss += one;
  Json line;
  line["kind"] = "step";
  line["epoch"] = record.epoch;
  line["step"] = record.step;
  line["learning_rate"] = json_number(record.learning_rate);
  line["loss"] = json_number(loss);
  line["losses"] = by_task(tasks, record.losses);
  if (record.timing.steps > 0) line["timing"] = to_json(record.timing);
  return json_text(line) + "\n";
}

void read_metrics_line(std::string_view line, const std::string& where, const std::vector<std::string>& tasks,
                       MetricsFile& metrics) {
  const Json parsed = parse_json(line, where);
  const JsonField root(parsed, where);
  const auto kind = root.find("kind");  // an older file has epochs alone and does not say so
  if (!kind || kind->text() == "epoch") {
    metrics.epochs.push_back(read_epoch(root, tasks));
    metrics.timings.push_back(read_timing(root));
  } else if (kind->text() == "step") {
    metrics.steps.push_back(read_step(root, tasks));
  } else {
    kind->wrong("\"epoch\" or \"step\"");
  }
}

MetricsFile read_metrics(const std::string& path, const std::vector<std::string>& tasks) {
  std::istringstream lines(read_file(path));
  MetricsFile metrics;
  int number = 0;
  for (std::string line; std::getline(lines, line);)
    read_metrics_line(line, path + ":" + std::to_string(++number), tasks, metrics);
  return metrics;
}

std::string metrics_until(const std::string& content, int epoch, std::int64_t step) {
  std::istringstream lines(content);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const auto record = exceeds(line, {}) ? nlohmann::json() : nlohmann::json::parse(line, nullptr, false);
    const auto count = [&](const char* field) -> std::int64_t {
      if (!record.is_object() || !record.contains(field) || !record[field].is_number_integer())
        return INT64_MAX;
      return record[field].get<std::int64_t>();
    };
    const bool is_step = record.is_object() && record.value("kind", nlohmann::json("epoch")) == "step";
    if (is_step ? count("step") <= step : count("epoch") <= epoch) kept += line + "\n";
  }
  return kept;
}

}  // namespace qmtl
