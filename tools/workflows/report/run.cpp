// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "io/runs/run_folder.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/circuit/draw.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/model/layers/circuit_copies.h"
#include "runtime/model/metrics.h"
#include "tools/workflows/report/format.h"
#include "tools/workflows/report/sections.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/results.h"

namespace qmtl::report {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> task_names(const Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const TaskSpec& task : checkpoint.config.model.tasks) names.push_back(task.name);
  return names;
}

/// The record of an epoch, or null.
const EpochRecord* record_of(const Run& run, int epoch) {
  for (const EpochRecord& record : run.history)
    if (record.epoch == epoch) return &record;
  return nullptr;
}

template <class Value>
Series curve(const Run& run, const std::string& name, Value value) {
  Series series{name, {}};
  for (const EpochRecord& record : run.history)
    series.points.push_back({static_cast<double>(record.epoch), value(record)});
  return series;
}

/// A logarithmic axis where values span more than a factor of 20.
bool spans_decades(const std::vector<Series>& all) {
  double least = INFINITY, largest = 0;
  for (const Series& series : all)
    for (const Point& point : series.points)
      if (std::isfinite(point.y)) least = std::min(least, point.y), largest = std::max(largest, point.y);
  return least > 0 && largest > 20 * least;
}

std::vector<Mark> best_mark(const Run& run) {
  const int best = run.checkpoint.state.best_epoch;
  if (best == 0) return {};
  return {{true, static_cast<double>(best), "best epoch"}};
}

Html loss_chart(const Run& run, Charts& charts) {
  Chart chart{"Loss", "Training and validation loss per epoch.", {"epoch"}, {"loss"}, {}, best_mark(run)};
  chart.series = {curve(run, "training", [](const EpochRecord& r) { return r.train_loss; }),
                  curve(run, "validation", [](const EpochRecord& r) { return r.validation_loss; })};
  chart.y.logarithmic = spans_decades(chart.series);
  return charts.add(chart);
}

/// A task's validation score after an epoch.
double score_of(const EpochRecord& record, const std::vector<TaskSpec>& tasks, std::size_t t,
                const std::string& metric) {
  if (tasks[t].metric == metric) return record.validation[t];
  if (t < record.metrics.size())
    for (const MetricScore& score : record.metrics[t])
      if (score.metric == metric) return score.value;
  return no_value;
}

/// The curves of all tasks of one metric; of many tasks the median, the lowest and the highest at the end are
/// coloured.
Html metric_chart(const Run& run, const std::string& metric, Charts& charts) {
  const std::vector<TaskSpec>& tasks = run.checkpoint.config.model.tasks;
  Chart chart{"Validation " + metric,
              "The validation " + metric + " of every task per epoch.",
              {"epoch"},
              {metric},
              {},
              best_mark(run)};
  std::vector<Series> curves;
  for (std::size_t t = 0; t < tasks.size(); ++t)
    if (const auto all = metrics_of(tasks[t]); std::find(all.begin(), all.end(), metric) != all.end())
      curves.push_back(
          curve(run, tasks[t].name, [&](const EpochRecord& r) { return score_of(r, tasks, t, metric); }));
  if (curves.size() <= most_curves) {
    chart.series = curves;
    return charts.add(chart);
  }
  Series median{"median", {}}, lowest{"lowest", {}}, highest{"highest", {}};
  for (std::size_t e = 0; e < run.history.size(); ++e) {
    std::vector<double> values;
    for (const Series& one : curves)
      if (std::isfinite(one.points[e].y)) values.push_back(one.points[e].y);
    if (values.empty()) continue;
    std::sort(values.begin(), values.end());
    const double epoch = static_cast<double>(run.history[e].epoch);
    const std::size_t half = values.size() / 2;
    median.points.push_back(
        {epoch, values.size() % 2 ? values[half] : 0.5 * (values[half - 1] + values[half])});
    lowest.points.push_back({epoch, values.front()});
    highest.points.push_back({epoch, values.back()});
  }
  chart.title += " (" + count(static_cast<std::int64_t>(curves.size())) + " tasks)";
  chart.series = {median, lowest, highest};
  for (Series& one : curves) {
    one.quiet = true;
    chart.series.push_back(std::move(one));
  }
  return charts.add(chart);
}

/// The training loss of every task at the steps that have a line.
Html task_loss_chart(const Run& run, Charts& charts) {
  const std::vector<TaskSpec>& tasks = run.checkpoint.config.model.tasks;
  if (run.steps.size() < 2) return {};
  Chart chart{"Training loss of the tasks",
              "The weighted loss of every task at single steps.",
              {"step"},
              {"loss"},
              {},
              {}};
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    Series& series = chart.series.emplace_back(Series{tasks[t].name, {}});
    series.quiet = tasks.size() > most_curves;
    for (const StepMetrics& step : run.steps)
      series.points.push_back({static_cast<double>(step.step), step.losses[t]});
  }
  chart.y.logarithmic = spans_decades(chart.series);
  return charts.add(chart);
}

Html curves_html(const Run& run, Charts& charts) {
  Html figures = loss_chart(run, charts) + task_loss_chart(run, charts);
  std::vector<std::string> metrics;
  for (const TaskSpec& task : run.checkpoint.config.model.tasks)
    for (const std::string& metric : metrics_of(task))
      if (std::find(metrics.begin(), metrics.end(), metric) == metrics.end()) metrics.push_back(metric);
  for (const std::string& metric : metrics) figures += metric_chart(run, metric, charts);
  if (metrics.size() > 1) {
    Chart chart{"Validation mean",
                "Mean of the tasks' validation scores per epoch, those where lower is better negated.",
                {"epoch"},
                {"mean"},
                {},
                best_mark(run)};
    chart.series = {curve(run, "mean", [](const EpochRecord& r) { return r.validation_mean; })};
    figures += charts.add(chart);
  }
  return charts_html(figures);
}

Html final_table(const Run& run) {
  const EpochRecord* best = record_of(run, run.checkpoint.state.best_epoch);
  const EpochRecord* last = run.history.empty() ? nullptr : &run.history.back();
  Table table{"Validation scores", {{"task", false}, {"kind", false}, {"metric", false}}, {}};
  table.columns.push_back({best ? "best epoch (" + std::to_string(best->epoch) + ")" : "best epoch"});
  const Meaning& meaning = run.checkpoint.meaning;
  const auto classes = [&](const std::string& task) {
    constexpr std::size_t most = 12;
    const std::vector<std::string>& names = meaning.task(task).classes;
    std::string all = meaning.task(task).unit;
    for (std::size_t c = 0; c < std::min(names.size(), most); ++c) all += (c ? ", " : "") + names[c];
    return all + (names.size() > most ? ", ... (" + std::to_string(names.size()) + ")" : "");
  };
  const bool named = !meaning.tasks.empty();
  if (named) table.columns.insert(table.columns.begin() + 2, Column{"classes or unit", false});
  table.columns.push_back({last ? "last epoch (" + std::to_string(last->epoch) + ")" : "last epoch"});
  const auto& tasks = run.checkpoint.config.model.tasks;
  const auto add = [&](std::vector<Html> row, const std::string& means) {
    if (named) row.insert(row.begin() + 2, text(means));
    table.rows.push_back(std::move(row));
  };
  for (std::size_t t = 0; t < tasks.size(); ++t)
    for (const std::string& metric : metrics_of(tasks[t]))
      add({text(tasks[t].name), text(tasks[t].kind), text(metric),
           text(score(best ? score_of(*best, tasks, t, metric) : no_value)),
           text(score(last ? score_of(*last, tasks, t, metric) : no_value))},
          metric == tasks[t].metric ? classes(tasks[t].name) : "");
  add({element("b", text("mean")),
       {},
       {},
       element("b", text(score(best ? best->validation_mean : no_value))),
       text(score(last ? last->validation_mean : no_value))},
      "");
  return table.html();
}

/// Of the run's best epoch on its splits; those of an older checkpoint say so.
Html evaluations_html(const Run& run, Charts& charts) {
  Html html;
  for (const JsonField& evaluation : run.evaluations) {
    html += element("h3", text("Evaluation on " + evaluation.at("split").text()));
    if (const std::string& hash = evaluation.at("run_hash").text(); hash != run.checkpoint.run_hash)
      html += element(
          "p", text("Of another state of this run (run hash " + hash.substr(0, 12) + "): evaluate it again."),
          css_class("note"));
    html += eval_html(evaluation, charts);
  }
  return html;
}

Html parameter_table(const Checkpoint& checkpoint) {
  Table table{
      "Trainable parameters", {{"tensor", false}, {"part", false}, {"shape", false}, {"numbers"}}, {}};
  for (const ParamInfo& param : checkpoint.params) {
    std::string shape;
    for (std::size_t extent : param.shape) shape += (shape.empty() ? "" : " × ") + std::to_string(extent);
    table.rows.push_back({text(param.name), text(param.head ? "head" : "backbone"),
                          text(shape.empty() ? "1" : shape),
                          text(count(static_cast<std::int64_t>(param.size)))});
  }
  return table.html();
}

Html circuit_html(const ModelSpec& model) {
  if (!head_kind(model.head.kind).circuit()) return {};
  const Circuit circuit = build(head_ansatz(model));
  DrawOptions options;
  options.width = 110;
  return element("h3", text("Circuit")) +
         element("p",
                 text("The shared stage and the first task block. RY(a3) is a rotation by the sample's angle "
                      "3, RY(p3) by parameter 3; ● on both qubits is a CZ, ● and ⊕ a CX.")) +
         preformatted(draw(circuit, options), "Circuit drawing", css_class("circuit"));
}

/// The circuits of layers, one copy of each.
Html layer_circuits_html(const std::vector<LayerSpec>& layers, const std::string& where) {
  Html html;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerSpec& layer = layers[i];
    const std::string at = where + "." + std::to_string(i);
    html += layer_circuits_html(layer.layers, at);
    if (layer.kind != LayerKind::circuit) continue;
    DrawOptions options;
    options.width = 110;
    html +=
        element("h3", text("Circuits of the layer " + at)) +
        element("p",
                text(std::string("One copy; every copy has ") +
                     (layer.circuit.share ? "the same trained numbers." : "trained numbers of its own."))) +
        preformatted(draw(assemble_copy(layer.circuit, at).circuit, options), "Drawing of " + at,
                     css_class("circuit"));
  }
  return html;
}

Html layer_circuits_html(const BackboneSpec& backbone) {
  Html html;
  for (const BranchSpec& branch : backbone.branches)
    html += layer_circuits_html(branch.layers, "branch." + branch.input);
  return html + layer_circuits_html(backbone.trunk, "trunk");
}

Html epoch_table(const Run& run) {
  Table table{"Every epoch", {{"epoch"}, {"step"}, {"learning rate"}, {"training loss"}}, {}};
  table.columns.push_back({"validation loss"});
  table.columns.push_back({"validation mean"});
  for (const TaskSpec& task : run.checkpoint.config.model.tasks) table.columns.push_back({task.name});
  for (const EpochRecord& record : run.history) {
    std::vector<Html> row{text(std::to_string(record.epoch)),   text(count(record.step)),
                          text(number(record.learning_rate)),   text(number(record.train_loss)),
                          text(number(record.validation_loss)), text(score(record.validation_mean))};
    for (double value : record.validation) row.push_back(text(score(value)));
    table.rows.push_back(std::move(row));
  }
  return details("Every epoch's numbers", table.html());
}

}  // namespace

Run read_run(const std::string& folder) {
  Run run;
  const fs::path path = fs::path(folder).lexically_normal();
  run.name = (path.has_filename() ? path : path.parent_path()).filename().string();
  if (run.name.empty() || run.name == "." || run.name == "..") run.name = folder;
  run.file = checkpoint_file(folder);
  run.checkpoint = read_checkpoint(run.file);
  MetricsFile metrics =
      read_metrics((fs::path(folder) / "metrics.jsonl").string(), task_names(run.checkpoint));
  run.history = std::move(metrics.epochs);
  run.timings = std::move(metrics.timings);
  run.steps = std::move(metrics.steps);
  run.starts = read_starts(folder);
  run.restarts = read_restarts(folder);
  for (const std::string& file : evaluation_files(folder)) {
    JsonSource source;
    source.name = file;
    run.evaluations.push_back(JsonField::parse(read_file(file), source));
  }
  return run;
}

Section run_section(const Run& run, Charts& charts) {
  const Checkpoint& checkpoint = run.checkpoint;
  const ParameterCount parameters = count_parameters(checkpoint.params);
  const EpochRecord* best = record_of(run, checkpoint.state.best_epoch);
  const std::string epochs =
      std::to_string(checkpoint.state.best_epoch) + " of " +
      std::to_string(run.history.empty() ? checkpoint.state.epoch : run.history.back().epoch);
  Html body = facts_html({{score(best ? best->validation_mean : no_value), "validation mean, best epoch"},
                          {epochs, "best epoch"},
                          {count(static_cast<std::int64_t>(parameters.head)), "head parameters"},
                          {count(static_cast<std::int64_t>(parameters.backbone)), "backbone parameters"},
                          {checkpoint.config.model.head.kind, "head"},
                          {checkpoint.plan, "plan of the circuit engine"}});
  body += curves_html(run, charts);
  body += final_table(run);
  body += evaluations_html(run, charts);
  body += timing_html(run, charts);
  body += parameter_table(checkpoint);
  body += circuit_html(checkpoint.config.model);
  body += layer_circuits_html(checkpoint.config.model.backbone);
  body += classical_html(run);
  body += epoch_table(run);
  body += details("Configuration as resolved", preformatted(checkpoint.config_text, "Configuration"));
  body += environment_html(run);
  body += element("h3", text("Hashes"));
  body += definitions({{"run hash", hash_text(checkpoint.run_hash)},
                       {"data hash", hash_text(checkpoint.data_hash)},
                       {"content hash", hash_text(checkpoint.content_hash)},
                       {"program", text("qmtl " + checkpoint.program_version)}});
  return {"run", "Run " + run.name, std::move(body)};
}

Section runs_section(const std::vector<Run>& runs, Charts& charts) {
  Table table{"Runs", {{"run", false}, {"head", false}, {"head parameters"}, {"all parameters"}}, {}};
  table.columns.push_back({"epochs"});
  table.columns.push_back({"best epoch"});
  table.columns.push_back({"validation mean"});
  Chart chart{
      "Validation mean of every run", "One curve per run, over the epochs.", {"epoch"}, {"mean"}, {}, {}};
  for (const Run& run : runs) {
    const ParameterCount parameters = count_parameters(run.checkpoint.params);
    const EpochRecord* best = record_of(run, run.checkpoint.state.best_epoch);
    table.rows.push_back({text(run.name), text(run.checkpoint.config.model.head.kind),
                          text(count(static_cast<std::int64_t>(parameters.head))),
                          text(count(static_cast<std::int64_t>(parameters.head + parameters.backbone))),
                          text(std::to_string(run.history.empty() ? 0 : run.history.back().epoch)),
                          text(std::to_string(run.checkpoint.state.best_epoch)),
                          text(score(best ? best->validation_mean : no_value))});
    chart.series.push_back(
        curve(run, run.name, [](const EpochRecord& record) { return record.validation_mean; }));
    chart.series.back().quiet = runs.size() > most_curves;
  }
  return {"runs", "All runs", table.html() + charts_html(charts.add(chart))};
}

Html facts_html(const std::vector<Fact>& facts) {
  Html tiles;
  for (const Fact& fact : facts)
    tiles += element("div", element("b", text(fact.value)) + element("span", text(fact.meaning)));
  return element("div", tiles, css_class("facts")) + Html::trusted("\n");
}

Html charts_html(const Html& figures) {
  if (figures.empty()) return {};
  return element("div", figures, css_class("charts")) + Html::trusted("\n");
}

}  // namespace qmtl::report
