// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/results.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/text.h"
#include "runtime/model/metrics.h"
#include "runtime/train/loop/evaluate.h"

namespace qmtl {
namespace {

std::string number(double value) { return std::isfinite(value) ? fixed(value, 4) : "undefined"; }

}  // namespace

Scores score_rows(const Ranks& ranks, const Learner& learner, const Dataset& data,
                  const std::vector<std::size_t>& rows) {
  return score_logits(ranks, learner.spec(), data, rows, predict_rows(ranks, learner, rows));
}

Scores score_logits(const Ranks& ranks, const ModelSpec& spec, const Dataset& data,
                    const std::vector<std::size_t>& rows, const std::vector<float>& logits) {
  Scores scores;
  ranks.together([&] {
    scores.tasks = evaluate(data, spec, rows, logits.data());
    scores.mean = mean_score(spec, scores.tasks);
    scores.argmax_accuracy = argmax_accuracy(data, spec, rows, logits.data());
  });
  return scores;
}

ParameterCount count_parameters(const std::vector<ParamInfo>& params) {
  ParameterCount count;
  for (const ParamInfo& param : params) (param.head ? count.head : count.backbone) += param.size;
  return count;
}

nlohmann::ordered_json report_json(const Report& report, const ModelSpec& spec) {
  nlohmann::ordered_json json;
  json["run_hash"] = report.run_hash;
  json["checkpoint"] = report.checkpoint;
  json["split"] = report.split;
  json["epochs"] = report.epochs;
  json["best_epoch"] = report.best_epoch;
  json["steps"] = report.steps;
  json["seconds"] = report.seconds;
  json["samples_per_second"] = report.samples_per_second;
  json["interrupted"] = report.interrupted;
  if (report.imbalance) json["imbalance"] = *report.imbalance;
  auto& tasks = json["tasks"] = nlohmann::ordered_json::object();
  for (std::size_t t = 0; t < spec.tasks.size(); ++t)
    tasks[spec.tasks[t].name] = {{"metric", spec.tasks[t].metric}, {"value", report.scores.tasks[t]}};
  json["mean"] = report.scores.mean;
  if (report.scores.argmax_accuracy) json["argmax_accuracy"] = *report.scores.argmax_accuracy;
  json["parameters"] = {{"backbone", report.parameters.backbone}, {"head", report.parameters.head}};
  if (report.added) json["added_parameters"] = *report.added;
  if (report.frozen) json["frozen_parameters"] = *report.frozen;
  return json;
}

std::string report_text(const Report& report, const ModelSpec& spec) {
  std::size_t name = 13, metric = 8;  // room for the totals' names
  for (const TaskSpec& task : spec.tasks) {
    name = std::max(name, task.name.size());
    metric = std::max(metric, task.metric.size());
  }
  const auto line = [&](std::string first, std::string second, const std::string& third) {
    first.resize(std::max(first.size(), name + 2), ' ');
    second.resize(std::max(second.size(), metric + 2), ' ');
    return first + second + third + "\n";
  };
  std::string text = line("task", "metric", report.split);
  for (std::size_t t = 0; t < spec.tasks.size(); ++t)
    text += line(spec.tasks[t].name, spec.tasks[t].metric, number(report.scores.tasks[t]));
  text += line("mean", "", number(report.scores.mean));
  if (report.scores.argmax_accuracy)
    text += line("largest logit", "accuracy", number(*report.scores.argmax_accuracy));
  const std::string speed =
      fixed(report.seconds, 1) + " s, " + fixed(report.samples_per_second, 0) + " samples/s";
  text += "\nparameters   head " + std::to_string(report.parameters.head) + ", backbone " +
          std::to_string(report.parameters.backbone) +
          (report.added ? ", added " + std::to_string(*report.added) : "") +
          (report.frozen ? ", frozen " + std::to_string(*report.frozen) : "") + "\nepochs       " +
          std::to_string(report.epochs) + " (best " + std::to_string(report.best_epoch) + "), steps " +
          std::to_string(report.steps) + ", " + speed + "\ncheckpoint   " + report.checkpoint +
          "\nrun hash     " + report.run_hash + "\n";
  return text;
}

}  // namespace qmtl
