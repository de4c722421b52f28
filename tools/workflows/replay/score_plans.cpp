// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "hardware/transpile/properties_json.h"
#include "runtime/base/error.h"
#include "runtime/base/json_field.h"
#include "runtime/model/statistics.h"
#include "tools/workflows/replay/device_json.h"
#include "tools/workflows/replay/score_forecast.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

/// The device on this machine, as an endpoint's file would name it.
EndpointConfig simulated(const CalibratedDevice& device) {
  return {"noisy", EndpointSettings("--target", {{"target", device.file}}), load_noise(device.file),
          parse_properties(device.text, device.file)};
}

/// One mitigation on one choice of qubits, planned with the most shots.
struct ComparedPlan {
  std::string qubits;
  ReplaySession session;
};

std::vector<ComparedPlan> make_plans(const Ranks& ranks, const ForecastRequest& request,
                                     const CalibratedDevice& device) {
  const EndpointConfig config = simulated(device);
  std::vector<ComparedPlan> plans;
  for (const std::string& qubits : request.qubits)
    for (const MitigationSettings& mitigation : request.mitigations) {
      ReplayRequest asked = request.replay;
      static_cast<MitigationSettings&>(asked) = mitigation;
      asked.qubits = qubits;
      asked.shots = *std::max_element(request.shots.begin(), request.shots.end());
      plans.push_back({qubits, plan_session(ranks, std::move(asked), config, request.simd)});
    }
  return plans;
}

Json foreseen_json(const ForeseenScore& score) {
  return {{"exact", json_number(score.exact)},
          {"value", json_number(score.interval.value)},
          {"low", json_number(score.interval.low)},
          {"high", json_number(score.interval.high)},
          {"sd", {{"shots", json_number(score.of_shots)}, {"device", json_number(score.of_device)}}}};
}

Json plan_json(const ComparedPlan& plan) {
  const ReplaySession& session = plan.session;
  double success = 1;
  for (const SuccessEstimate& program : session.programs.success)
    success = std::min(success, program.product());
  Json json{{"mitigate", mitigation_names(session.request, MitigationOption::mitigate)},
            {"suppress", mitigation_names(session.request, MitigationOption::suppress)},
            {"qubits", plan.qubits.empty() ? "best" : plan.qubits},
            {"programs", session.parts.size()},
            {"two_qubit_gates", session.programs.two_qubit_gates},
            {"depth", session.programs.depth},
            {"success", json_number(success)}};
  json["read"] = session.programs.read;
  return json;
}

Json scores_json(const ComparedPlan& plan, const ForeseenScores& scores) {
  Json json = plan_json(plan);
  json["shots"] = scores.shots;
  json["executions"] = scores.executions;
  json.update(foreseen_scores_json(scores, plan.session.model.spec().tasks));
  return json;
}

/// The fewest shots with which the mean score's interval is as narrow as wished; nothing where no number is
/// enough. The variance is what the device brings in, and what the shots do, which falls with their number.
std::optional<std::int64_t> shots_for(double width, const ForeseenScores& with_most, int draws) {
  const ForeseenScore& mean = with_most.mean;
  const double reach =
      student_95(static_cast<std::size_t>(draws) - 1) * std::sqrt(1 + 1.0 / static_cast<double>(draws));
  const double left = std::pow(width / (2 * reach), 2) - mean.of_device * mean.of_device;
  if (!(left > 0)) return std::nullopt;
  const double shots = std::ceil(mean.of_shots * mean.of_shots * static_cast<double>(with_most.shots) / left);
  if (!(shots < 1e12)) return std::nullopt;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(shots));
}

/// The plan with the fewest executions that reaches the width, among those planned with any number of shots.
Json cheapest_json(double width, const std::vector<ComparedPlan>& plans,
                   const std::vector<std::vector<ForeseenScores>>& found, int draws) {
  Json best{{"width", width}};
  std::int64_t fewest = 0;
  for (std::size_t p = 0; p < plans.size(); ++p) {
    const auto shots = shots_for(width, found[p].back(), draws);
    if (!shots) continue;
    const std::int64_t executions = executions_with(plans[p].session, *shots);
    if (fewest != 0 && executions >= fewest) continue;
    fewest = executions;
    best["plan"] = plan_json(plans[p]);
    best["shots"] = *shots;
    best["executions"] = executions;
    best["value"] = json_number(found[p].back().mean.interval.value);
  }
  if (fewest == 0) best["plan"] = nullptr;
  return best;
}

}  // namespace

Json foreseen_scores_json(const ForeseenScores& scores, const std::vector<TaskSpec>& tasks) {
  Json of_tasks = Json::object();
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    Json& task = of_tasks[tasks[t].name] = {{"metric", tasks[t].metric}};
    task.update(foreseen_json(scores.tasks[t]));
  }
  return {{"tasks", std::move(of_tasks)}, {"mean", foreseen_json(scores.mean)}};
}

Json forecast_scores(const Ranks& ranks, const ForecastRequest& request) {
  const CalibratedDevice device = load_calibrated(request.target);
  if (request.width && !(*request.width > 0))
    throw usage_error("--width: expected a number above 0, the interval's whole width");
  const std::vector<ComparedPlan> plans = make_plans(ranks, request, device);
  std::vector<std::vector<ForeseenScores>> found;
  for (const ComparedPlan& plan : plans)
    found.push_back(foresee_scores(plan.session, device, request.shots, request.foresight, request.working));

  const ReplaySession& first = plans.front().session;
  Json json{{"format", "qmtl-forecast"},
            {"version", 1},
            {"checkpoint", first.model.checkpoint_path},
            {"run_hash", first.model.checkpoint.run_hash},
            {"data", first.request.data},
            {"split", first.request.split},
            {"samples", first.model.rows.size()},
            {"target", {{"file", device.file}, {"name", device.listed.name}}},
            {"head_split", name(first.request.head_split)},
            {"draws", request.foresight.draws},
            {"uncertainty", request.foresight.uncertainty},
            {"seed", request.foresight.seed},
            {"relayout", request.foresight.relayout}};
  Json& list = json["plans"] = Json::array();
  for (std::size_t p = 0; p < plans.size(); ++p)
    for (const ForeseenScores& scores : found[p]) list.push_back(scores_json(plans[p], scores));
  if (request.width) json["cheapest"] = cheapest_json(*request.width, plans, found, request.foresight.draws);
  json["remarks"] = first.programs.remarks;
  return json;
}

}  // namespace qmtl
