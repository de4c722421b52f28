// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/classical.h"

#include <fmt/format.h>

#include <cmath>

#include "runtime/base/error.h"
#include "tools/workflows/report/format.h"
#include "tools/workflows/report/sections.h"

namespace qmtl::report {
namespace {

std::string percent(double share) { return std::isfinite(share) ? fixed(100 * share, 2) + " %" : "–"; }

/// The terms of each degree and what they contribute.
Html degree_table(const ClassicalReport& report) {
  Table table{"Terms of the expansion by degree", {{"task", false}, {"degree"}, {"terms"}}, {}};
  table.columns.push_back({"share of the variance"});
  table.columns.push_back({"share of the norm"});
  for (const ClassicalTask& task : report.tasks)
    for (const DegreeShare& share : task.degrees)
      table.rows.push_back({text(task.name), text(std::to_string(share.degree)),
                            text(count(static_cast<std::int64_t>(share.terms))),
                            text(percent(share.variance)), text(percent(share.norm))});
  return table.rows.empty() ? Html() : table.html();
}

Html model_table(const ClassicalReport& report) {
  Table table{
      "Smallest classical local models", {{"task", false}, {"cut by", false}, {"terms"}, {"degree"}}, {}};
  for (const char* title : {"parameters", "RMS error", "greatest error", "decisions changed"})
    table.columns.push_back({title});
  const auto add = [&](const ClassicalTask& task, const LocalModel& model, const std::string& cut) {
    table.rows.push_back({text(task.name), text(cut),
                          text(count(static_cast<std::int64_t>(model.terms)) + " of " +
                               count(static_cast<std::int64_t>(task.terms))),
                          text(std::to_string(model.degree)),
                          text(count(static_cast<std::int64_t>(model.parameters))), text(number(model.rms)),
                          text(number(model.greatest)), text(percent(model.changed))});
  };
  for (const ClassicalTask& task : report.tasks)
    if (task.written) {
      add(task, task.by_weight, "weight");
      add(task, task.by_degree, "degree");
    }
  return table.rows.empty() ? Html() : table.html();
}

Html report_html(const ClassicalReport& report) {
  if (!report.circuit) return element("p", text("The head: " + classical_remark(report) + "."));
  Html html = element(
      "p",
      text(fmt::format(
          "Each logit is written out exactly as a sum of products of cosines and sines of the circuit's "
          "angles (its "
          "gates are pushed back from the readout as Pauli strings). A term's degree is the number of "
          "coordinates "
          "of the representation that it multiplies. Terms are dropped, the smallest deviation first (cut by "
          "weight) or the largest degree first (cut by degree), and replaced by their mean, as long as the "
          "RMS error "
          "over the rows of {} stays within {} deviations of the logits. What is left is a classical local "
          "model "
          "with one parameter for each term, each trained phase and each logit's constant; the head itself "
          "has {} "
          "in all tasks. Errors are of logits, of a regression in deviations of its labels. Shares of the "
          "norm are over independent, uniform angles.",
          report.split, report.epsilon, report.head_parameters)));
  if (report.layer_circuits > 0)
    html += element("p", text("The circuits of the backbone's layers are not looked at."), css_class("note"));
  for (const ClassicalTask& task : report.tasks)
    if (const std::string remark = classical_remark(report, task); !remark.empty())
      html += element("p", text(task.name + ": " + remark + "."));
  return html + model_table(report) + details("Every degree's share", degree_table(report));
}

}  // namespace

Html classical_html(const Run& run) {
  Html html = element("h3", text("How classical the head is"));
  try {
    const ClassicalRequest request{.checkpoint = run.file};
    return html + report_html(classical_report(OneRank(), run.checkpoint, request));
  } catch (const Error& error) {  // the data set need not be on this machine
    return html + element("p", text(std::string("Not computed: ") + error.what()), css_class("note"));
  }
}

}  // namespace qmtl::report
