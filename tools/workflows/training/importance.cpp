// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/importance.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/json_field.h"
#include "runtime/base/philox.h"
#include "runtime/base/text.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/metrics.h"
#include "runtime/model/statistics.h"
#include "runtime/train/loop/evaluate.h"
#include "tools/workflows/training/results.h"
#include "tools/workflows/training/thresholds.h"

namespace qmtl {
namespace {

/// What a column is called without its category or mark.
std::string stem(const std::string& name) {
  constexpr std::string_view mark = ".missing";
  if (name.ends_with(mark)) return name.substr(0, name.size() - mark.size());
  return name.substr(0, name.find('='));
}

void add_named(const std::vector<std::string>& names, std::size_t input, std::vector<Feature>& features) {
  for (std::size_t c = 0; c < names.size(); ++c) {
    const bool goes_on = c > 0 && stem(names[c]) == stem(names[c - 1]) && stem(names[c]) != names[c];
    if (!goes_on) features.push_back({input, names[c], {}});
    Feature& feature = features.back();
    feature.columns.push_back(c);
    if (feature.columns.size() > 1) feature.name = stem(names[c]);
  }
}

void add_numbered(const Input& input, std::size_t number, std::vector<Feature>& features) {
  if (input.width > most_numbers) {
    Feature& all = features.emplace_back(Feature{number, input.name, {}});
    for (std::size_t c = 0; c < input.width; ++c) all.columns.push_back(c);
    return;
  }
  for (std::size_t c = 0; c < input.width; ++c)
    features.push_back(
        {number, input.width == 1 ? input.name : input.name + "[" + std::to_string(c) + "]", {c}});
}

/// The input that a feature belongs to, where it may be changed.
Input& input_of(Dataset& data, const ModelSpec& spec, const Feature& feature) {
  return *std::find_if(data.inputs.begin(), data.inputs.end(),
                       [&](const Input& input) { return input.name == spec.inputs[feature.input]; });
}

/// A feature's numbers of the rows, [rows, columns].
std::vector<float> take(const Input& input, const Feature& feature, const std::vector<std::size_t>& rows) {
  std::vector<float> numbers;
  for (std::size_t row : rows)
    for (std::size_t column : feature.columns) numbers.push_back(input.values[row * input.width + column]);
  return numbers;
}

/// Gives row rows[i] the numbers of rows[order[i]].
void put(Input& input, const Feature& feature, const std::vector<std::size_t>& rows,
         const std::vector<float>& numbers, const std::vector<std::size_t>& order) {
  const std::size_t width = feature.columns.size();
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t c = 0; c < width; ++c)
      input.values[rows[i] * input.width + feature.columns[c]] = numbers[order[i] * width + c];
}

Drop drop_of(const std::vector<double>& drops) {
  const Spread found = spread(drops);
  if (drops.size() < 2) return {found.mean, NAN, NAN};
  const double half =
      student_95(drops.size() - 1) * found.deviation / std::sqrt(static_cast<double>(drops.size()));
  return {found.mean, found.mean - half, found.mean + half};
}

nlohmann::ordered_json drop_json(const Drop& drop) {
  return {{"drop", json_number(drop.mean)}, {"low", json_number(drop.low)}, {"high", json_number(drop.high)}};
}

std::string drop_text(double value) {
  if (!std::isfinite(value)) return "";
  const std::string size = fixed(std::abs(value), 4);
  return (size == fixed(0.0, 4) ? "" : value < 0 ? "-" : "+") + size;
}

}  // namespace

std::vector<Feature> features_of(const Dataset& data, const ModelSpec& spec) {
  std::vector<Feature> features;
  const std::vector<const Input*> inputs = bind_inputs(data, spec);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i]->column_names.empty())
      add_numbered(*inputs[i], i, features);
    else
      add_named(inputs[i]->column_names, i, features);
  return features;
}

Importance permutation_importance(const Ranks& ranks, const Learner& learner, Dataset& data,
                                  const std::vector<std::size_t>& rows, const std::vector<float>& base,
                                  const std::vector<TaskThresholds>& thresholds, int repeats) {
  const ModelSpec& spec = learner.spec();
  const auto scores_of = [&](const std::vector<float>& logits) {
    const Scores plain = score_logits(ranks, spec, data, rows, logits);
    return thresholds.empty() ? plain : score_at(spec, data, rows, logits, thresholds, plain);
  };
  const Scores whole = scores_of(base);
  const RandomStream stream(0, Purpose::importance);
  std::vector<std::vector<std::size_t>> orders;
  for (int r = 0; r < repeats; ++r)
    orders.push_back(stream.permutation(rows.size(), static_cast<std::uint32_t>(r)));

  Importance result;
  result.repeats = repeats;
  const std::vector<Feature> features = features_of(data, spec);
  spdlog::info("importance: {} feature{}, {} prediction{} of {} rows each", features.size(),
               features.size() == 1 ? "" : "s", repeats, repeats == 1 ? "" : "s", rows.size());
  for (const Feature& feature : features) {
    Input& input = input_of(data, spec, feature);
    const std::vector<float> numbers = take(input, feature, rows);
    std::vector<double> mean;
    std::vector<std::vector<double>> tasks(spec.tasks.size());
    for (const std::vector<std::size_t>& order : orders) {
      put(input, feature, rows, numbers, order);
      const Scores without = scores_of(predict_rows(ranks, learner, rows));
      mean.push_back(whole.mean - without.mean);
      for (std::size_t t = 0; t < tasks.size(); ++t) {
        const double fall = whole.tasks[t] - without.tasks[t];
        tasks[t].push_back(metric_info(spec.tasks[t].metric).higher_is_better ? fall : -fall);
      }
    }
    std::vector<std::size_t> same(rows.size());
    for (std::size_t i = 0; i < same.size(); ++i) same[i] = i;
    put(input, feature, rows, numbers, same);
    FeatureImportance& found = result.features.emplace_back();
    found.input = spec.inputs[feature.input];
    found.feature = feature;
    found.drop = drop_of(mean);
    for (const std::vector<double>& drops : tasks) found.tasks.push_back(drop_of(drops));
  }
  std::stable_sort(
      result.features.begin(), result.features.end(),
      [](const FeatureImportance& a, const FeatureImportance& b) { return a.drop.mean > b.drop.mean; });
  return result;
}

nlohmann::ordered_json importance_json(const Importance& importance, const ModelSpec& spec) {
  nlohmann::ordered_json json{{"repeats", importance.repeats}, {"features", nlohmann::ordered_json::array()}};
  for (const FeatureImportance& one : importance.features) {
    auto& entry = json["features"].emplace_back();
    entry = {{"input", one.input}, {"feature", one.feature.name}, {"numbers", one.feature.columns.size()}};
    entry.update(drop_json(one.drop));
    for (std::size_t t = 0; t < spec.tasks.size(); ++t)
      entry["tasks"][spec.tasks[t].name] = drop_json(one.tasks[t]);
  }
  return json;
}

std::string importance_text(const Importance& importance, const ModelSpec& spec, std::size_t most) {
  constexpr std::size_t most_tasks = 6;
  std::vector<std::vector<std::string>> rows{{"feature", "drop", "low", "high"}};
  const std::size_t tasks = spec.tasks.size() > 1 && spec.tasks.size() <= most_tasks ? spec.tasks.size() : 0;
  for (std::size_t t = 0; t < tasks; ++t) rows.front().push_back(visible(spec.tasks[t].name));
  const std::size_t shown = std::min(most, importance.features.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const FeatureImportance& one = importance.features[i];
    const bool prefixed = spec.inputs.size() > 1 && !one.feature.name.starts_with(one.input);
    rows.push_back({visible((prefixed ? one.input + "." : "") + one.feature.name), drop_text(one.drop.mean),
                    drop_text(one.drop.low), drop_text(one.drop.high)});
    for (std::size_t t = 0; t < tasks; ++t) rows.back().push_back(drop_text(one.tasks[t].mean));
  }
  std::string text =
      "\nimportance: by how much the mean score drops when a feature's values are permuted, with 95 % "
      "interval, " +
      std::to_string(importance.repeats) + (importance.repeats == 1 ? " repeat\n" : " repeats\n") +
      text_table(rows);
  if (shown < importance.features.size())
    text += "and " + std::to_string(importance.features.size() - shown) + " more: --json has all\n";
  return text;
}

}  // namespace qmtl
