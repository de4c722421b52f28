// SPDX-License-Identifier: Apache-2.0
#include "tools/program/replay/text.h"

#include <algorithm>

#include "hardware/replay/analysis.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

void add_line(std::string& text, std::string key, std::size_t width, const std::string& value) {
  key.resize(width, ' ');
  text += key + value + "\n";
}

std::string shown(const Json& value) {
  if (value.is_null()) return "-";
  if (!value.is_number_float()) return value.is_string() ? value.get<std::string>() : value.dump();
  return significant(value.get<double>(), 6);
}

/// The named fields of objects as a table.
std::string table_of(const Json& list, const std::vector<std::string>& fields) {
  std::vector<std::vector<std::string>> rows{fields};
  for (const Json& entry : list) {
    rows.emplace_back();
    for (const std::string& field : fields)
      rows.back().push_back(entry.contains(field) ? shown(entry[field]) : "-");
  }
  return text_table(rows);
}

std::string endpoint_text(const Json& endpoint) {
  return shown(endpoint["kind"]) + ", " + shown(endpoint["backend"]) + " at " + shown(endpoint["place"]);
}

}  // namespace

std::string score_text(const Json& value) { return value.is_number() ? fixed(value.get<double>(), 4) : "-"; }

std::string replay_plan_table(const ReplayForecast& forecast) {
  const Json json = replay_plan_json(forecast);
  std::string text =
      table_of(json["jobs"], {"phase", "programs", "rows", "shots", "executions", "cost", "seconds"});
  const auto line = [&](const char* key, const std::string& value) { add_line(text, key, 16, value); };
  text += "\n";
  line("endpoint", endpoint_text(json["endpoint"]));
  line("samples", shown(json["samples"]));
  line("programs", shown(json["programs"]) + " of up to " + shown(json["qubits"]) + " qubits, depth " +
                       shown(json["depth"]) + ", " + shown(json["gates"]) + " gates, " +
                       shown(json["two_qubit_gates"]) + " of them on two qubits");
  if (const Json& success = json["success"]; !success.is_null()) {
    const auto worst = std::min_element(success.begin(), success.end(), [](const Json& a, const Json& b) {
      return a["product"].get<double>() < b["product"].get<double>();
    });
    const auto factor = [&](const char* key) { return fixed((*worst)[key].get<double>(), 3); };
    line("success", factor("product") + " of executions without an error" +
                        (success.size() > 1 ? ", the program with the fewest" : "") + ": gates " +
                        factor("gates") + " x readout " + factor("readout") + " x waiting " +
                        factor("waiting"));
  } else {
    line("success", "not known: the device tells no errors of its gates");
  }
  for (const Json& remark : json["layout"]) line("layout", shown(remark));
  line("shots", json["shots"].dump());
  line("executions", shown(json["executions"]));
  for (const Json& kind : json["mitigation"])
    line(
        "mitigation",
        shown(kind["kind"]) + ": " + shown(kind["programs"]) + " programs in the place of one, " +
            significant(kind["overhead"].get<double>(), 3) + " times the shots for the same error" +
            (kind["bias"].is_null() ? "" : ", leaves at most " + significant(kind["bias"].get<double>(), 3)));
  line("expectations", "standard error " + significant(json["expected_error"]["measured"].get<double>(), 3) +
                           " measured, " + significant(json["expected_error"]["mitigated"].get<double>(), 3) +
                           " mitigated");
  line("cost", shown(json["cost"]["amount"]) + " " + shown(json["cost"]["unit"]) + " (" +
                   shown(json["cost"]["basis"]) + ")");
  line("time", shown(json["seconds"]) + " s on the device; wait " + shown(json["wait_seconds"]) +
                   " s, jobs in the queue " + shown(json["queue"]));
  line("folder", shown(json["folder"]));
  if (json.contains("scores")) text += "\n" + foreseen_table(json["scores"]);
  return text;
}

std::string replay_status_table(const ReplayStatus& status) {
  const Json json = replay_status_json(status);
  std::string text =
      table_of(json["jobs"], {"job", "state", "executions", "estimate", "spent", "service", "tag", "detail"});
  text += "\n";
  std::string states;
  for (const auto& [state, count] : json["states"].items())
    states += (states.empty() ? "" : ", ") + count.dump() + " " + state;
  add_line(text, "jobs", 16, states);
  add_line(text, "spent", 16, shown(json["spent"]));
  add_line(text, "folder", 16, shown(json["folder"]));
  return text;
}

std::string replay_text(const Json& json) {
  const bool rehearsed = json.contains("rehearsal");
  std::vector<std::vector<std::string>> table{{"task", "metric", "exact"}};
  if (rehearsed) table[0].push_back("rehearsed");
  // What is computed from counts as they came is measured; with errors undone it is mitigated.
  const Json& mitigation = json["mitigation"];
  const bool mitigated = mitigation["mitigate"] != "none" || mitigation["noise_factors"].size() > 1;
  table[0].push_back("measured");
  if (mitigated) table[0].push_back("mitigated");
  table[0].push_back("95 % interval");
  bool point = false;
  const auto add = [&](const std::string& task, const std::string& metric, const Json& score) {
    std::vector<std::string> row{task, metric, score_text(score["exact"])};
    if (rehearsed)
      row.push_back(score_text(score["rehearsed"]["mean"]) + " ± " + score_text(score["rehearsed"]["sd"]));
    row.push_back(score_text(score["raw"]));
    if (mitigated) row.push_back(score_text(score["value"]));
    point = point || (!score["low"].is_null() && score["low"] == score["high"]);
    row.push_back(score["low"].is_null() ? "none"
                                         : score_text(score["low"]) + " .. " + score_text(score["high"]));
    table.push_back(row);
  };
  for (const auto& [task, score] : json["tasks"].items()) add(task, score["metric"], score);
  add("mean", "", json["mean"]);
  std::string text = text_table(table) + "\n";
  if (json["mean"]["low"].is_null() && !json["mean"]["value"].is_null())
    text += "no intervals: they take " + std::to_string(fewest_bootstrap_shots) +
            " shots or more of each circuit, and --replicates above 0\n\n";
  if (point)
    text +=
        "an interval of one point: the score moves in steps, and shot noise reached no other of these "
        "samples; "
        "it says nothing of other samples\n\n";
  const auto line = [&](const char* key, const std::string& value) { add_line(text, key, 14, value); };
  if (mitigated) {
    std::string by = shown(mitigation["mitigate"]);
    if (mitigation["noise_factors"].size() > 1) by += ", noise factors " + mitigation["noise_factors"].dump();
    line("mitigated", by + "; the interval is of this");
  }
  line("samples", json["complete"].dump() + " of " + json["samples"].dump() + " (" + shown(json["split"]) +
                      ") have all their programs");
  line("endpoint", endpoint_text(json["endpoint"]));
  if (json["mitigation"].contains("unmitigated_qubits"))
    line("not corrected", "readings of qubits " + json["mitigation"]["unmitigated_qubits"].dump() +
                              ": their calibration says that they tell nothing");
  line("jobs",
       json["jobs"].dump() + ", " + json["executions"].dump() + " executions, shots " + json["shots"].dump());
  line("cost", json["cost"]["amount"].dump() + " " + shown(json["cost"]["unit"]) +
                   (json["cost"]["estimated"].get<bool>() ? " (in part estimated)" : ""));
  const Json& outputs = json["expectations"]["rms"];
  const auto distance = [&](const char* of) {
    return shown(outputs[of]["distance"]) + " (standard error " + shown(outputs[of]["error"]) + ") " + of;
  };
  line("expectations",
       "from the exact ones, root mean square: " + distance("measured") + ", " + distance("mitigated"));
  for (const Json& missing : json["missing"]) line("missing", shown(missing));
  if (!json["missing"].empty())
    line("", "`qmtl replay run FOLDER --retry` sends the missing rows again, and no other");
  return text;
}

}  // namespace qmtl
