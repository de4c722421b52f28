// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/compare_results.h"

#include <fmt/format.h>

#include <cmath>

#include "runtime/base/json_field.h"
#include "runtime/model/metrics.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

double value_of(double mean, const std::vector<double>& tasks, const std::optional<double>& argmax,
                int task) {
  if (task < 0) return mean;
  return static_cast<std::size_t>(task) < tasks.size() ? tasks[static_cast<std::size_t>(task)]
                                                       : argmax.value_or(NAN);
}

/// Every run of variant v, or the baseline of every split where v is the number of variants.
std::vector<double> values_of(const CompareResult& result, std::size_t v, int task) {
  std::vector<double> values;
  if (v == result.variants.size())
    for (const Scores& s : result.baselines)
      values.push_back(value_of(s.mean, s.tasks, s.argmax_accuracy, task));
  else
    for (const auto& [trial, r] : result.variants[v].runs)
      values.push_back(value_of(r.mean, r.tasks, r.argmax, task));
  return values;
}

bool lower_is_better(const CompareResult& result, int task) {
  return task >= 0 && static_cast<std::size_t>(task) < result.tasks.size() &&
         !metric_info(result.tasks[static_cast<std::size_t>(task)].metric).higher_is_better;
}

/// Mean over a split's seeds.
double of_split(const CompareResult& result, std::size_t v, std::size_t split, int task) {
  const std::vector<double> values = values_of(result, v, task);
  const std::size_t seeds = values.size() / result.splits.size();
  double sum = 0;
  for (std::size_t s = 0; s < seeds; ++s) sum += values[split * seeds + s];
  return sum / static_cast<double>(seeds) * (lower_is_better(result, task) ? -1 : 1);
}

std::size_t reference(const CompareSpec& spec) {
  std::size_t v = 0;
  while (spec.variants[v].name != spec.reference) ++v;
  return v;
}

std::string text(const char* format, double value) {
  return std::isfinite(value) ? fmt::format(fmt::runtime(format), value) : "-";
}

std::string plus_minus(const Spread& s) {
  return text("{:.4f}", s.mean) + (std::isfinite(s.deviation) ? " +- " + text("{:.4f}", s.deviation) : "");
}

std::string interval(const Difference& d) {
  if (!std::isfinite(d.low)) return text("{:+.4f}", d.mean);
  return text("{:+.4f}", d.mean) + " [" + text("{:+.4f}", d.low) + ", " + text("{:+.4f}", d.high) + "]" +
         (d.low > 0 || d.high < 0 ? " *" : "");
}

double mean_seconds(const VariantResult& variant) {
  double sum = 0;
  for (const auto& run : variant.runs) sum += run.result.seconds;
  return sum / static_cast<double>(variant.runs.size());
}

/// Of a variant's runs, those that have it: older stores do not.
Spread calibration_of(const VariantResult& variant, std::size_t task) {
  std::vector<double> errors;
  for (const auto& run : variant.runs)
    if (task < run.result.calibration.size() && std::isfinite(run.result.calibration[task]))
      errors.push_back(run.result.calibration[task]);
  return spread(errors);
}

Json runs_json(const CompareResult& result, const VariantResult& variant) {
  Json runs = Json::array();
  for (const auto& [trial, r] : variant.runs) {
    Json run;
    run["split"] = result.splits[trial->split].name;
    run["seed"] = trial->seed;
    run["choice"] = Json::object();
    for (const std::string& set : trial->point)
      run["choice"][set.substr(0, set.find('='))] = set.substr(set.find('=') + 1);
    run["validation"] = json_number(r.validation);
    run["mean"] = json_number(r.mean);
    for (std::size_t t = 0; t < result.tasks.size(); ++t)
      run["tasks"][result.tasks[t].name] = json_number(r.tasks[t]);
    run["argmax"] = r.argmax ? json_number(*r.argmax) : Json(nullptr);
    for (std::size_t t = 0; t < r.calibration.size(); ++t)
      if (std::isfinite(r.calibration[t])) run["calibration"][result.tasks[t].name] = r.calibration[t];
    run["best_epoch"] = r.best_epoch;
    run["seconds"] = r.seconds;
    run["run_hash"] = r.run_hash;
    runs.push_back(std::move(run));
  }
  return runs;
}

Json spread_json(const Spread& s) {
  return {{"mean", json_number(s.mean)}, {"sd", json_number(s.deviation)}};
}

Json summary_json(const CompareResult& result, std::size_t v) {
  Json summary = spread_json(result.spread_of(v, -1));
  std::vector<double> validation;
  for (const auto& run : result.variants[v].runs) validation.push_back(run.result.validation);
  summary["validation"] = json_number(spread(validation).mean);
  summary["seconds"] = mean_seconds(result.variants[v]);
  for (std::size_t t = 0; t < result.tasks.size(); ++t)
    summary["tasks"][result.tasks[t].name] = spread_json(result.spread_of(v, static_cast<int>(t)));
  if (result.has_argmax())
    summary["argmax"] = spread_json(result.spread_of(v, static_cast<int>(result.tasks.size())));
  for (std::size_t t = 0; t < result.tasks.size(); ++t)
    if (const Spread error = calibration_of(result.variants[v], t); std::isfinite(error.mean))
      summary["calibration"][result.tasks[t].name] = spread_json(error);
  return summary;
}

/// A table of the tasks with classes, or nothing where no run has the errors.
std::string calibration_table(const CompareResult& result) {
  std::string out = "\n| task: expected calibration error |", rows;
  for (const VariantSpec& variant : result.spec.variants) out += " " + variant.name + " |";
  out += "\n|---|";
  for (std::size_t v = 0; v < result.variants.size(); ++v) out += "---:|";
  for (std::size_t t = 0; t < result.tasks.size(); ++t) {
    std::string row = "| " + result.tasks[t].name + " |";
    bool any = false;
    for (const VariantResult& variant : result.variants) {
      const Spread error = calibration_of(variant, t);
      any = any || std::isfinite(error.mean);
      row += " " + text("{:.3f}", error.mean) +
             (std::isfinite(error.deviation) ? " +- " + text("{:.3f}", error.deviation) : "") + " |";
    }
    if (any) rows += row + "\n";
  }
  return rows.empty() ? "" : out + "\n" + rows;
}

Json baseline_json(const CompareResult& result) {
  const std::size_t v = result.variants.size();
  Json summary = spread_json(result.spread_of(v, -1));
  for (std::size_t t = 0; t < result.tasks.size(); ++t)
    summary["tasks"][result.tasks[t].name] = spread_json(result.spread_of(v, static_cast<int>(t)));
  if (result.has_argmax())
    summary["argmax"] = spread_json(result.spread_of(v, static_cast<int>(result.tasks.size())));
  return summary;
}

Json difference_json(const CompareResult& result, std::size_t v, const std::string& of, int task) {
  const Difference d = result.difference(v, task);
  return {{"a", result.spec.reference},
          {"b", result.spec.variants[v].name},
          {"of", of},
          {"mean", json_number(d.mean)},
          {"low", json_number(d.low)},
          {"high", json_number(d.high)},
          {"n", d.splits},
          {"p", json_number(d.p)}};
}

}  // namespace

bool CompareResult::has_argmax() const { return variants.front().runs.front().result.argmax.has_value(); }

namespace {

std::vector<double> split_differences(const CompareResult& result, std::size_t a, std::size_t b, int task) {
  std::vector<double> differences;
  for (std::size_t s = 0; s < result.splits.size(); ++s) {
    const double d = of_split(result, a, s, task) - of_split(result, b, s, task);
    if (std::isfinite(d)) differences.push_back(d);
  }
  return differences;
}

double test_share(const CompareResult& result) {
  const Dataset& first = result.splits.front().data;
  return static_cast<double>(first.rows(Split::test).size()) /
         static_cast<double>(first.rows(Split::train).size());
}

}  // namespace

Difference CompareResult::difference(std::size_t v, int task) const {
  return paired_difference(split_differences(*this, reference(spec), v, task), test_share(*this));
}

MeanDifference CompareResult::mean_difference_of(std::size_t a, std::size_t b) const {
  return mean_difference(split_differences(*this, a, b, -1), test_share(*this));
}

Spread CompareResult::spread_of(std::size_t v, int task) const {
  std::vector<double> values = values_of(*this, v, task);
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  return spread(values);
}

std::vector<std::string> CompareResult::no_better_tasks(std::size_t v) const {
  Scores scores, baseline;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    scores.tasks.push_back(spread_of(v, static_cast<int>(t)).mean);
    baseline.tasks.push_back(spread_of(variants.size(), static_cast<int>(t)).mean);
  }
  ModelSpec model;
  model.tasks = tasks;
  return qmtl::no_better_tasks(model, scores, baseline);
}

Json compare_json(const CompareResult& result) {
  const CompareSpec& spec = result.spec;
  Json json;
  json["format"] = "qmtl-compare";
  json["version"] = 1;
  json["title"] = spec.title;
  const Dataset& data = result.splits.front().data;
  json["data"] = {{"title", data.title}, {"hash", data.hash}, {"samples", data.samples}};
  json["seeds"] = spec.seeds;
  for (const SplitData& split : result.splits) json["splits"].push_back(split.name);
  json["grid"] = Json::object();
  for (const GridKey& key : spec.grid) json["grid"][key.key] = key.values;
  for (const TaskSpec& task : result.tasks) json["metric"][task.name] = task.metric;
  json["left_out"] = Json::object();
  for (const auto& [task, reason] : spec.left_out) json["left_out"][task] = reason;
  json["reference"] = spec.reference;
  json["baseline"] = baseline_json(result);
  for (std::size_t v = 0; v < spec.variants.size(); ++v) {
    const VariantResult& variant = result.variants[v];
    const auto& first = variant.runs.front();
    Json row;
    row["name"] = spec.variants[v].name;
    row["head"] = first.trial->config.model.head.kind;
    row["width"] = first.trial->config.model.head.width;
    row["ablation"] = spec.variants[v].ablation;
    row["parameters"] = {{"head", first.result.head}, {"backbone", first.result.backbone}};
    row["runs"] = runs_json(result, variant);
    row["summary"] = summary_json(result, v);
    row["no_better_tasks"] = result.no_better_tasks(v);
    json["variants"].push_back(std::move(row));
  }
  json["differences"] = Json::array();
  for (std::size_t v = 0; v < spec.variants.size(); ++v) {
    if (spec.variants[v].name == spec.reference) continue;
    json["differences"].push_back(difference_json(result, v, "mean", -1));
    if (result.has_argmax())
      json["differences"].push_back(
          difference_json(result, v, "argmax", static_cast<int>(result.tasks.size())));
  }
  return json;
}

std::string compare_markdown(const CompareResult& result) {
  const CompareSpec& spec = result.spec;
  const bool argmax = result.has_argmax();
  const int last = static_cast<int>(result.tasks.size());
  std::string out = "| variant | head parameters | all | mean |" +
                    std::string(argmax ? " largest logit |" : "") + " " + spec.reference + " minus it |" +
                    (argmax ? " largest logit |" : "") + " validation | s |\n|---|---:|---:|---:|" +
                    (argmax ? "---:|" : "") + "---:|" + (argmax ? "---:|" : "") + "---:|---:|\n";
  for (std::size_t v = 0; v < spec.variants.size(); ++v) {
    const TrialResult& first = result.variants[v].runs.front().result;
    const bool own = spec.variants[v].name == spec.reference;
    std::vector<double> validation;
    for (const auto& run : result.variants[v].runs) validation.push_back(run.result.validation);
    out += "| " + spec.variants[v].name + (spec.variants[v].ablation ? " (ablation)" : "") + " | " +
           std::to_string(first.head) + " | " + std::to_string(first.head + first.backbone) + " | " +
           plus_minus(result.spread_of(v, -1)) + " |" +
           (argmax ? " " + plus_minus(result.spread_of(v, last)) + " |" : "") + " " +
           (own ? "" : interval(result.difference(v, -1))) + " |" +
           (argmax ? " " + (own ? "" : interval(result.difference(v, last))) + " |" : "") + " " +
           text("{:.4f}", spread(validation).mean) + " | " +
           text("{:.1f}", mean_seconds(result.variants[v])) + " |\n";
  }
  const std::size_t baseline = spec.variants.size();
  out += "| baseline | 0 | 0 | " + plus_minus(result.spread_of(baseline, -1)) + " |" +
         (argmax ? " " + plus_minus(result.spread_of(baseline, last)) + " |" : "") + " " +
         interval(result.difference(baseline, -1)) + " |" +
         (argmax ? " " + interval(result.difference(baseline, last)) + " |" : "") + " | |\n";
  out += "\n| task (metric) |";
  for (const VariantSpec& variant : spec.variants) out += " " + variant.name + " |";
  out += " baseline |\n|---|";
  for (std::size_t v = 0; v <= spec.variants.size(); ++v) out += "---:|";
  out += "\n";
  for (std::size_t t = 0; t < result.tasks.size(); ++t) {
    out += "| " + result.tasks[t].name + " (" + result.tasks[t].metric +
           (result.tasks[t].in_mean ? "" : ", not in the mean") + ") |";
    for (std::size_t v = 0; v <= spec.variants.size(); ++v) {
      const Spread s = result.spread_of(v, static_cast<int>(t));
      out += " " + text("{:.3f}", s.mean) +
             (std::isfinite(s.deviation) ? " +- " + text("{:.3f}", s.deviation) : "") + " |";
    }
    out += "\n";
  }
  out += calibration_table(result);
  out += "\nBaseline: the best constant answer, learnt from the training labels.";
  for (std::size_t v = 0; v < spec.variants.size(); ++v) {
    std::string names;
    for (const std::string& name : result.no_better_tasks(v)) names += (names.empty() ? "" : ", ") + name;
    if (!names.empty()) out += " No better than it is " + spec.variants[v].name + " in " + names + ".";
  }
  return out + "\n" +
         fmt::format(
             "\n{} splits ({}), {} seed{} each; +- is the standard deviation over all runs; in brackets "
             "the 95 % interval of "
             "the paired difference over splits, corrected for the rows that splits share (Nadeau & "
             "Bengio 2003), * where it "
             "excludes 0. mean: of the tasks' test scores, those where lower is better negated.\n",
             result.splits.size(), name(spec.splits.kind), spec.seeds.size(),
             spec.seeds.size() == 1 ? "" : "s");
}

}  // namespace qmtl
