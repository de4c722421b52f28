// SPDX-License-Identifier: Apache-2.0
#include "tools/program/text/inspect_classical.h"

#include <fmt/format.h>

#include <cmath>
#include <iostream>

#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "tools/workflows/training/classical.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

std::string changed_text(double changed) {
  return std::isfinite(changed) ? fmt::format("{:.2f} %", 100 * changed) : "-";
}

void add_model(std::vector<std::vector<std::string>>& rows, const ClassicalTask& task,
               const LocalModel& model, const std::string& cut) {
  rows.push_back({task.name, cut, fmt::format("{} of {}", model.terms, task.terms),
                  std::to_string(model.degree), std::to_string(model.parameters),
                  fmt::format("{:.3g}", model.rms), fmt::format("{:.3g}", model.greatest),
                  changed_text(model.changed)});
}

std::string degrees_text(const ClassicalTask& task) {
  std::string text;
  for (const DegreeShare& share : task.degrees)
    text += fmt::format("{}degree {}: {} ({:.1f} %, {:.1f} %)", text.empty() ? "" : "; ", share.degree,
                        share.terms, 100 * share.variance, 100 * share.norm);
  return text;
}

std::string text_of(const ClassicalReport& report) {
  if (!report.circuit) return classical_remark(report) + "\n";
  std::string text = fmt::format(
      "The head's logits as sums of products of cosines and sines; rows of {}. Terms of each degree "
      "(coordinates that a\n"
      "term multiplies) and their share of the variance over the rows, of the norm over uniform angles:\n\n",
      report.split);
  std::vector<std::vector<std::string>> rows{
      {"task", "cut by", "terms", "degree", "parameters", "RMS error", "greatest", "decisions changed"}};
  for (const ClassicalTask& task : report.tasks) {
    const std::string remark = classical_remark(report, task);
    text += task.name + ": " +
            (remark.empty() ? fmt::format("{} terms, logit deviation {:.3g}, {} rows\n  {}\n", task.terms,
                                          task.deviation, task.rows, degrees_text(task))
                            : remark + "\n");
    if (!remark.empty()) continue;
    add_model(rows, task, task.by_weight, "weight");
    add_model(rows, task, task.by_degree, "degree");
  }
  if (report.layer_circuits > 0) text += "The circuits of the backbone's layers are not looked at.\n";
  if (rows.size() == 1) return text;
  return text +
         fmt::format(
             "\nSmallest classical local models with an RMS error of at most {} deviations of the logits; "
             "the "
             "head itself has\n{} parameters in all tasks:\n\n",
             report.epsilon, report.head_parameters) +
         text_table(rows);
}

}  // namespace

void add_classical_options(po::options_description& own) {
  own.add_options()("classical", "the smallest classical local models that reproduce the trained head")(
      "epsilon", po::value<double>()->value_name("E"),
      "with --classical: largest RMS error, in deviations of the logits (default 0.05)")(
      "split", po::value<std::string>()->value_name("NAME"),
      "with --classical: rows to compare on: train, validation (default) or test");
}

int inspect_classical(const Ranks& ranks, const Options& options) {
  ClassicalRequest request;
  request.checkpoint = options.text("file");
  request.split = options.text_or("split", request.split);
  if (options.has("epsilon")) request.epsilon = options.values["epsilon"].as<double>();
  const ClassicalReport report = classical_report(ranks, request);
  if (!ranks.root()) return 0;
  if (options.common.json)
    std::cout << json_text(classical_json(report), 2) << std::endl;
  else
    std::cout << text_of(report) << std::flush;
  return 0;
}

}  // namespace qmtl
