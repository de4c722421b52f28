// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/results.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/json_field.h"
#include "runtime/base/text.h"
#include "runtime/model/baseline.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/metrics.h"
#include "runtime/train/loop/evaluate.h"

namespace qmtl {
Scores score_rows(const Ranks& ranks, const Learner& learner, const Dataset& data,
                  const std::vector<std::size_t>& rows) {
  return score_logits(ranks, learner.spec(), data, rows, predict_rows(ranks, learner, rows));
}

Scores score_logits(const Ranks& ranks, const ModelSpec& spec, const Dataset& data,
                    const std::vector<std::size_t>& rows, const std::vector<float>& logits) {
  Scores scores;
  ranks.together([&] {
    scores.metrics = evaluate_all(data, spec, rows, logits);
    scores.tasks = first_scores(scores.metrics);
    scores.mean = mean_score(spec, scores.tasks);
    scores.argmax_accuracy = argmax_accuracy(data, spec, rows, logits);
  });
  return scores;
}

Scores baseline_scores(const ModelSpec& spec, const Dataset& learnt, const Dataset& data,
                       const std::vector<std::size_t>& rows) {
  const std::vector<const Task*> from = bind_tasks(learnt, spec), on = bind_tasks(data, spec);
  const std::vector<std::size_t> training = learnt.rows(Split::train);
  Scores scores;
  for (std::size_t t = 0; t < spec.tasks.size(); ++t) {
    std::vector<MetricScore>& task = scores.metrics.emplace_back();
    for (const std::string& metric : metrics_of(spec.tasks[t]))
      task.push_back(
          {metric, score_constant(*on[t], metric, rows, constant_answer(*from[t], metric, training))});
  }
  scores.tasks = first_scores(scores.metrics);
  scores.mean = mean_score(spec, scores.tasks);
  scores.argmax_accuracy = constant_argmax_accuracy(learnt, training, data, rows, spec);
  return scores;
}

std::vector<std::string> no_better_tasks(const ModelSpec& spec, const Scores& scores,
                                         const Scores& baseline) {
  std::vector<std::string> names;
  for (std::size_t t = 0; t < spec.tasks.size(); ++t) {
    const double value = scores.tasks[t], constant = baseline.tasks[t];
    if (!std::isnan(value) && !std::isnan(constant) &&
        !metric_info(spec.tasks[t].metric).better(value, constant))
      names.push_back(spec.tasks[t].name);
  }
  return names;
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
  for (std::size_t t = 0; t < spec.tasks.size(); ++t) {
    auto& task = tasks[spec.tasks[t].name] = {{"metric", spec.tasks[t].metric},
                                              {"value", json_number(report.scores.tasks[t])}};
    if (report.baseline) task["baseline"] = json_number(report.baseline->tasks[t]);
    const TaskMeaning& meaning = report.meaning.task(spec.tasks[t].name);
    if (!meaning.classes.empty()) task["classes"] = meaning.classes;
    if (!meaning.unit.empty()) task["unit"] = meaning.unit;
    if (spec.tasks[t].metrics.empty() || report.scores.metrics.empty()) continue;
    for (std::size_t m = 0; m < report.scores.metrics[t].size(); ++m) {
      const MetricScore& score = report.scores.metrics[t][m];
      auto& one = task["metrics"][score.metric] = {{"value", json_number(score.value)}};
      if (report.baseline) one["baseline"] = json_number(report.baseline->metrics[t][m].value);
    }
  }
  json["mean"] = json_number(report.scores.mean);
  if (report.scores.argmax_accuracy) json["argmax_accuracy"] = *report.scores.argmax_accuracy;
  if (report.baseline) {
    auto& baseline = json["baseline"] = {{"mean", json_number(report.baseline->mean)}};
    if (report.baseline->argmax_accuracy) baseline["argmax_accuracy"] = *report.baseline->argmax_accuracy;
    baseline["no_better_tasks"] = no_better_tasks(spec, report.scores, *report.baseline);
  }
  json["parameters"] = {{"backbone", report.parameters.backbone}, {"head", report.parameters.head}};
  if (report.added) json["added_parameters"] = *report.added;
  if (report.frozen) json["frozen_parameters"] = *report.frozen;
  return json;
}

nlohmann::ordered_json evaluation_json(const Report& report, const ModelSpec& spec) {
  nlohmann::ordered_json json{{"format", "qmtl-eval"}, {"version", 1}};
  json.update(report_json(report, spec));
  for (std::size_t t = 0; t < report.classes.size(); ++t) {
    auto& task = json["tasks"][spec.tasks[t].name];
    task["kind"] = spec.tasks[t].kind;
    if (report.classes[t]) add_classes(task, *report.classes[t]);
  }
  for (std::size_t t = 0; t < report.thresholds.size(); ++t) {
    if (report.thresholds[t].outputs.empty()) continue;
    auto& task = json["tasks"][spec.tasks[t].name];
    task["value_at_half"] = json_number(report.at_half->tasks[t]);
    auto& found = task["threshold"] = {{"metric", report.thresholds[t].metric}, {"chosen_on", "validation"}};
    for (const Threshold& one : report.thresholds[t].outputs)
      found["outputs"].push_back({{"probability", one.probability()},
                                  {"logit", one.logit},
                                  {"score", json_number(one.score)},
                                  {"score_at_half", json_number(one.score_at_zero)}});
  }
  if (report.importance) json["importance"] = importance_json(*report.importance, spec);
  return json;
}

std::string thresholds_text(const Report& report, const ModelSpec& spec) {
  if (report.thresholds.empty()) return "";
  std::vector<std::vector<std::string>> rows{{"threshold", "probability", "metric", "validation", "at 0.5"}};
  for (std::size_t t = 0; t < report.thresholds.size(); ++t) {
    const std::vector<Threshold>& outputs = report.thresholds[t].outputs;
    for (std::size_t o = 0; o < outputs.size(); ++o)
      rows.push_back({visible(spec.tasks[t].name) +
                          (outputs.size() > 1 ? ", " + visible(report.classes[t] ? report.classes[t]->names[o]
                                                                                 : std::to_string(o))
                                              : ""),
                      fixed(outputs[o].probability(), 4), report.thresholds[t].metric,
                      score_text(outputs[o].score), score_text(outputs[o].score_at_zero)});
  }
  return "\n" + text_table(rows);
}

std::string report_text(const Report& report, const ModelSpec& spec) {
  const auto& baseline = report.baseline;
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const std::string& first, const std::string& second, double value,
                       std::optional<double> constant, bool worse) {
    rows.push_back({first, second, score_text(value)});
    if (!baseline) return;
    rows.back().push_back(constant ? score_text(*constant) + (worse ? "  no better" : "") : "");
  };
  rows.push_back({"task", "metric", report.split});
  if (baseline) rows.back().push_back("baseline");
  const std::vector<std::string> worse =
      baseline ? no_better_tasks(spec, report.scores, *baseline) : std::vector<std::string>{};
  for (std::size_t t = 0; t < spec.tasks.size(); ++t) {
    const TaskSpec& task = spec.tasks[t];
    add(visible(task.name), task.metric, report.scores.tasks[t],
        baseline ? std::optional(baseline->tasks[t]) : std::nullopt,
        std::find(worse.begin(), worse.end(), task.name) != worse.end());
    if (report.scores.metrics.empty()) continue;
    for (std::size_t m = 1; m < report.scores.metrics[t].size(); ++m)
      add("", report.scores.metrics[t][m].metric, report.scores.metrics[t][m].value,
          baseline ? std::optional(baseline->metrics[t][m].value) : std::nullopt, false);
  }
  add("mean", "", report.scores.mean, baseline ? std::optional(baseline->mean) : std::nullopt, false);
  if (report.scores.argmax_accuracy)
    add("largest logit", "accuracy", *report.scores.argmax_accuracy,
        baseline ? baseline->argmax_accuracy : std::nullopt, false);
  std::string text = text_table(rows);
  if (baseline) text += "baseline: the best constant answer, learnt from the training labels\n";
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

std::string baseline_warning(const Report& report, const ModelSpec& spec) {
  if (!report.baseline) return "";
  const std::vector<std::string> names = no_better_tasks(spec, report.scores, *report.baseline);
  if (names.empty()) return "";
  constexpr std::size_t shown = 10;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), shown); ++i)
    list += (list.empty() ? "" : ", ") + visible(names[i]);
  if (names.size() > shown) list += " and " + std::to_string(names.size() - shown) + " more";
  return std::to_string(names.size()) + " of " + std::to_string(spec.tasks.size()) +
         (spec.tasks.size() == 1 ? " task" : " tasks") + (names.size() == 1 ? " is" : " are") +
         " no better on " + report.split + " than the baseline, the best constant answer: " + list;
}

}  // namespace qmtl
