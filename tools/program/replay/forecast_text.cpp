// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/text.h"
#include "tools/program/replay/text.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

std::string deviation_text(const Json& value) {
  return value.is_number() ? significant(value.get<double>(), 2) : "-";
}

std::string plan_text(const Json& plan) {
  std::string text = plan["mitigate"].get<std::string>();
  if (plan["suppress"] != "none") text += " + " + plan["suppress"].get<std::string>();
  return text;
}

/// What a score's columns are called, behind those that say of what it is one.
const std::vector<std::string> score_columns{"exact", "forecast", "95 % interval", "sd of shots",
                                             "sd of device"};

void add_score(std::vector<std::string>& row, const Json& score) {
  row.push_back(score_text(score["exact"]));
  row.push_back(score_text(score["value"]));
  row.push_back(score_text(score["low"]) + " .. " + score_text(score["high"]));
  row.push_back(deviation_text(score["sd"]["shots"]));
  row.push_back(deviation_text(score["sd"]["device"]));
}

}  // namespace

std::string foreseen_table(const Json& plan) {
  std::vector<std::vector<std::string>> table{{"task", "metric"}};
  table[0].insert(table[0].end(), score_columns.begin(), score_columns.end());
  for (const auto& [task, score] : plan["tasks"].items()) {
    table.push_back({task, score["metric"].get<std::string>()});
    add_score(table.back(), score);
  }
  table.push_back({"mean", ""});
  add_score(table.back(), plan["mean"]);
  return text_table(table);
}

namespace {

std::string plans_table(const Json& plans) {
  std::vector<std::vector<std::string>> table{{"mitigate", "qubits", "shots", "executions"}};
  table[0].insert(table[0].end(), score_columns.begin(), score_columns.end());
  for (const Json& plan : plans) {
    table.push_back({plan_text(plan), plan["qubits"].get<std::string>(), plan["shots"].dump(),
                     plan["executions"].dump()});
    add_score(table.back(), plan["mean"]);
  }
  return text_table(table);
}

}  // namespace

std::string score_forecast_text(const Json& json) {
  const Json& plans = json["plans"];
  std::string text = "on " + json["target"]["name"].get<std::string>() + ", " + json["samples"].dump() +
                     " samples of the split " + json["split"].get<std::string>() + "; " +
                     json["draws"].dump() + " draws, calibration uncertain by " +
                     significant(100 * json["uncertainty"].get<double>(), 3) + " %\n\n";
  if (plans.size() > 1)
    text +=
        "mean score of each plan\n" + plans_table(plans) + "\ntasks, by the first plan with the most shots\n";
  const Json* shown = &plans[0];
  for (const Json& plan : plans) {
    if (plan["mitigate"] != plans[0]["mitigate"] || plan["qubits"] != plans[0]["qubits"]) break;
    shown = &plan;
  }
  text += foreseen_table(*shown);
  for (const Json& remark : json["remarks"]) text += "\n" + remark.get<std::string>();
  if (!json.contains("cheapest")) return text + "\n";
  const Json& cheapest = json["cheapest"];
  const std::string width = significant(cheapest["width"].get<double>(), 4);
  if (cheapest["plan"].is_null())
    return text + "\n\nno number of shots makes the mean's interval as narrow as " + width +
           ": the calibration's uncertainty alone makes it wider; more mitigation or other qubits may\n";
  return text + "\n\nan interval of " + width + " costs least with " + plan_text(cheapest["plan"]) +
         ", qubits " + cheapest["plan"]["qubits"].get<std::string>() + ": " + cheapest["shots"].dump() +
         " shots, " + cheapest["executions"].dump() + " executions\n";
}

}  // namespace qmtl
