// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "tools/workflows/report/format.h"
#include "tools/workflows/report/sections.h"

namespace qmtl::report {
namespace {

struct Variant {
  std::string name, head;
  std::int64_t width = 0, head_parameters = 0, parameters = 0;  ///< width 0: not said
  bool ablation = false;
  double mean = no_value, deviation = no_value, validation = no_value, seconds = no_value;
  std::map<std::string, std::pair<double, double>, std::less<>> tasks;  ///< mean and deviation
  std::vector<std::string> no_better;
  std::vector<JsonField> runs;
};

void read_summary(const JsonField& summary, Variant& variant) {
  variant.mean = summary.at("mean").number_or_nan();
  variant.deviation = optional_number(summary, "sd");
  variant.validation = optional_number(summary, "validation");
  variant.seconds = optional_number(summary, "seconds");
  for (const auto& [task, value] : summary.at("tasks").members())
    variant.tasks[task] = {value.at("mean").number_or_nan(), optional_number(value, "sd")};
}

Variant read_variant(const JsonField& field) {
  Variant variant;
  variant.name = field.at("name").text();
  variant.head = field.at("head").text();
  if (const auto width = field.find("width")) variant.width = width->count();
  if (const auto ablation = field.find("ablation")) variant.ablation = ablation->boolean();
  const JsonField parameters = field.at("parameters");
  variant.head_parameters = parameters.at("head").count();
  variant.parameters = variant.head_parameters + parameters.at("backbone").count();
  read_summary(field.at("summary"), variant);
  if (const auto names = field.find("no_better_tasks"))
    for (const JsonField& name : names->list()) variant.no_better.push_back(name.text());
  variant.runs = field.at("runs").list();
  return variant;
}

/// The tasks in the order of the file: those with a metric, then any others that the variants name.
std::vector<std::string> task_order(const JsonField& root, const std::vector<Variant>& variants) {
  std::vector<std::string> order;
  if (const auto metric = root.find("metric"))
    for (const auto& [task, name] : metric->members()) order.push_back(task);
  for (const Variant& variant : variants)
    for (const auto& [task, value] : variant.tasks)
      if (std::find(order.begin(), order.end(), task) == order.end()) order.push_back(task);
  return order;
}

Html name_html(const Variant& variant) {
  Html name = text(variant.name);
  if (variant.ablation) name += element("span", text("ablation"), css_class("tag"));
  return name;
}

/// The constant answers, as a variant without parameters, where the file has them.
std::vector<Variant> with_baseline(const JsonField& root, std::vector<Variant> variants) {
  if (const auto summary = root.find("baseline")) {
    Variant& baseline = variants.emplace_back();
    baseline.name = "baseline";
    baseline.head = "constant answer";
    read_summary(*summary, baseline);
  }
  return variants;
}

Html score_html(const Variant& variant, const std::string& task) {
  const auto found = variant.tasks.find(task);
  if (found == variant.tasks.end()) return text("–");
  Html value = text(score_with_deviation(found->second.first, found->second.second));
  const auto& names = variant.no_better;
  if (std::find(names.begin(), names.end(), task) != names.end())
    value += element("span", text("no better"), css_class("tag"));
  return value;
}

Html variant_table(const JsonField& root, const std::vector<Variant>& variants) {
  const std::vector<std::string> tasks = task_order(root, variants);
  const auto metrics = root.find("metric");
  Table table{
      root.find("baseline")
          ? "Test scores: mean ± standard deviation over seeds and splits; the highest mean is bold; "
            "baseline: the "
            "best constant answer, learnt from the training labels"
          : "Test scores: mean ± standard deviation over seeds and splits; the highest mean is bold",
      {{"variant", false}, {"head", false}, {"width"}, {"head parameters"}, {"all parameters"}, {"mean"}},
      {}};
  table.columns.push_back({"validation"});
  for (const std::string& task : tasks) {
    const auto metric = metrics ? metrics->find(task) : std::nullopt;
    table.columns.push_back({metric ? task + " (" + metric->text() + ")" : task});
  }
  table.columns.push_back({"time of a run"});
  double highest = -INFINITY;
  for (const Variant& variant : variants)
    if (variant.mean > highest) highest = variant.mean;
  for (const Variant& variant : with_baseline(root, variants)) {
    const Html mean = text(score_with_deviation(variant.mean, variant.deviation));
    std::vector<Html> row{name_html(variant),
                          text(variant.head),
                          text(variant.width ? count(variant.width) : "–"),
                          text(count(variant.head_parameters)),
                          text(count(variant.parameters)),
                          variant.mean == highest ? element("b", mean) : mean,
                          text(score(variant.validation))};
    for (const std::string& task : tasks) row.push_back(score_html(variant, task));
    row.push_back(text(duration(variant.seconds)));
    table.rows.push_back(std::move(row));
  }
  return table.html();
}

Html decision_html(const std::string& decision) {
  return decision == "undecided" ? text(decision) : element("b", text(decision));
}

/// What the comparison was to answer, whether that was fixed beforehand, and its answers.
Html questions_html(const JsonField& root) {
  Html body;
  if (const auto design = root.find("design")) {
    const bool confirmatory = design->at("status").text() == "confirmatory";
    body += element("p", element("b", text(confirmatory ? "Confirmatory" : "Exploratory, no confirmation")) +
                             text((confirmatory ? ": the design was registered beforehand, " : ": ") +
                                  design->at("reason").text()));
  }
  const auto questions = root.find("questions");
  if (!questions || questions->list().empty()) return body;
  Table table{
      "Questions and their answers: differences of the mean test score with the interval of the one test "
      "that belongs to each; p adjusted over all of them (Holm)",
      {{"question", false},
       {"variants", false},
       {"test", false},
       {"difference"},
       {"interval"},
       {"p adjusted"},
       {"decision", false},
       {"head parameters"},
       {"detectable"}},
      {}};
  for (const JsonField& question : questions->list()) {
    bool first = true;
    for (const JsonField& pair : question.at("pairs").list()) {
      const double low = pair.at("low").number_or_nan(), high = pair.at("high").number_or_nan();
      const double margin = optional_number(question, "margin");
      std::string test = question.at("test").text();
      if (std::isfinite(margin)) test += ", margin " + score(margin);
      const std::string words = question.at("text").text();
      const std::string asked = question.at("name").text() + (words.empty() ? "" : ": " + words);
      table.rows.push_back(
          {text(first ? asked : ""), text(question.at("of").text() + " − " + pair.at("against").text()),
           text(test), text(signed_score(pair.at("difference").number_or_nan())),
           text(std::isfinite(low) && std::isfinite(high) ? signed_score(low) + " to " + signed_score(high)
                                                          : "–"),
           text(first ? probability(question.at("p_adjusted").number_or_nan()) : ""),
           first ? decision_html(question.at("decision").text()) : text(""),
           text("× " + score(pair.at("parameter_ratio").number_or_nan())),
           text(score(pair.at("detectable").number_or_nan()))});
      first = false;
    }
  }
  return body + element("h3", text("Questions")) + table.html();
}

Html parameter_chart(const std::vector<Variant>& variants, Charts& charts, bool all) {
  Chart chart{
      all ? "Score and all parameters" : "Score and head parameters",
      "One point per variant: its mean test score, with one standard deviation to each side, over its "
      "number of parameters on a logarithmic axis.",
      {all ? "all parameters" : "head parameters", true},
      {"mean test score"},
      {},
      {}};
  for (const Variant& v : variants) {
    const double x = static_cast<double>(all ? v.parameters : v.head_parameters);
    Series series{v.name, {{x, v.mean, v.mean - v.deviation, v.mean + v.deviation}}};
    series.line = false;
    chart.series.push_back(std::move(series));
  }
  return charts.add(chart);
}

Html differences_html(const JsonField& root, Charts& charts) {
  const auto differences = root.find("differences");
  if (!differences || differences->list().empty()) return {};
  Table table{
      "Differences of paired runs", {{"difference", false}, {"mean"}, {"interval"}, {"pairs"}, {"p"}}, {}};
  Chart chart{
      "Differences of paired runs with their intervals",
      "For each pair of variants the mean difference of their test scores and its interval; an interval "
      "that leaves out zero is a difference beyond chance.",
      {"difference of the mean test score"},
      {""},
      {},
      {{true, 0, "equal"}}};
  Series series{"difference", {}};
  series.line = false;
  series.across = true;
  for (const JsonField& field : differences->list()) {
    const auto of = field.find("of");
    const bool largest_logit = of && of->text() == "argmax";
    const std::string name = field.at("a").text() + " − " + field.at("b").text();
    const double mean = field.at("mean").number_or_nan(), low = field.at("low").number_or_nan(),
                 high = field.at("high").number_or_nan();
    table.rows.push_back(
        {text(largest_logit ? name + " (largest logit)" : name), text(signed_score(mean)),
         text(std::isfinite(low) && std::isfinite(high) ? signed_score(low) + " to " + signed_score(high)
                                                        : "–"),
         text(count(field.at("n").count())), text(probability(field.at("p").number_or_nan()))});
    if (largest_logit) continue;  // another quantity than the chart's
    series.points.push_back({mean, static_cast<double>(chart.categories.size()), low, high});
    chart.categories.push_back(name);
  }
  chart.series = {series};
  return element("h3", text("Differences")) + charts_html(charts.add(chart)) + table.html();
}

std::string joined(const std::optional<JsonField>& list) {
  std::string all;
  if (list)
    for (const JsonField& entry : list->list()) all += (all.empty() ? "" : ", ") + entry.shown();
  return all;
}

Html runs_html(const std::vector<Variant>& variants) {
  Table table{
      "Every run", {{"variant", false}, {"split", false}, {"seed"}, {"chosen", false}, {"validation"}}, {}};
  for (const char* title : {"test mean", "largest-logit accuracy", "best epoch", "time"})
    table.columns.push_back({title});
  table.columns.push_back({"run hash", false});
  for (const Variant& variant : variants)
    for (const JsonField& run : variant.runs) {
      std::string choice;
      if (const auto chosen = run.find("choice"))
        for (const auto& [key, value] : chosen->members())
          choice += (choice.empty() ? "" : ", ") + key + " = " + value.shown();
      const auto epoch = run.find("best_epoch");
      table.rows.push_back(
          {text(variant.name), text(run.at("split").shown()), text(run.at("seed").shown()),
           text(choice.empty() ? "–" : choice), text(score(optional_number(run, "validation"))),
           text(score(run.at("mean").number_or_nan())), text(score(optional_number(run, "argmax"))),
           text(epoch ? count(epoch->count()) : "–"), text(duration(optional_number(run, "seconds"))),
           hash_text(run.at("run_hash").text())});
    }
  return details("Every run and its hash", table.html());
}

Html data_html(const JsonField& root) {
  std::vector<std::pair<std::string, Html>> entries;
  if (const auto data = root.find("data")) {
    if (const auto title = data->find("title")) entries.emplace_back("data", text(title->text()));
    if (const auto samples = data->find("samples"))
      entries.emplace_back("samples", text(count(samples->count())));
    if (const auto hash = data->find("hash")) entries.emplace_back("data hash", hash_text(hash->text()));
  }
  entries.emplace_back("seeds", text(joined(root.find("seeds"))));
  entries.emplace_back("splits", text(joined(root.find("splits"))));
  if (const auto left_out = root.find("left_out"))
    for (const auto& [task, reason] : left_out->members())
      entries.emplace_back("left out", text(task + ": " + reason.text()));
  return definitions(entries);
}

}  // namespace

Section compare_section(const JsonField& root, Charts& charts) {
  require_json_format(root, "qmtl-compare", 1);
  std::vector<Variant> variants;
  for (const JsonField& field : root.at("variants").list()) variants.push_back(read_variant(field));
  if (variants.empty()) root.at("variants").wrong("at least one variant");
  const auto title = root.find("title");
  Html body = questions_html(root) + variant_table(root, variants);
  body += charts_html(parameter_chart(variants, charts, false) + parameter_chart(variants, charts, true));
  body += differences_html(root, charts);
  body += element("h3", text("Data and splits")) + data_html(root) + runs_html(variants);
  return {"compare", "Comparison" + (title ? ": " + title->text() : ""), std::move(body)};
}

}  // namespace qmtl::report
