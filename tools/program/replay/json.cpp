// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/json_field.h"
#include "tools/program/replay/text.h"
#include "tools/workflows/replay/device_json.h"

namespace qmtl {

using Json = nlohmann::ordered_json;

Json replay_plan_json(const ReplayForecast& forecast) {
  Json json{{"folder", forecast.folder},
            {"identity", forecast.identity},
            {"endpoint",
             {{"kind", forecast.endpoint_kind},
              {"backend", forecast.endpoint_backend},
              {"place", forecast.endpoint_place}}},
            {"samples", forecast.samples},
            {"programs", forecast.programs},
            {"shots", forecast.shots},
            {"gates", forecast.gates},
            {"two_qubit_gates", forecast.two_qubit_gates},
            {"depth", forecast.depth},
            {"qubits", forecast.qubits}};
  // Without properties of the device nothing is known of its errors.
  json["success"] = Json(nullptr);
  if (forecast.calibrated) {
    json["success"] = Json::array();
    for (const SuccessEstimate& program : forecast.success) json["success"].push_back(success_json(program));
  }
  json["layout"] = forecast.remarks;
  auto& jobs = json["jobs"] = Json::array();
  for (const ReplayForecast::Job& job : forecast.jobs)
    jobs.push_back({{"phase", name(job.phase)},
                    {"programs", job.programs},
                    {"rows", job.rows},
                    {"shots", job.shots},
                    {"executions", job.executions},
                    {"cost", job.cost},
                    {"seconds", job.seconds}});
  auto& kinds = json["mitigation"] = Json::array();
  for (const MitigationCost& cost : forecast.mitigation.kinds)
    kinds.push_back({{"kind", cost.kind},
                     {"programs", json_number(cost.programs)},
                     {"overhead", json_number(cost.overhead)},
                     {"bias", cost.bias ? json_number(*cost.bias) : Json(nullptr)}});
  json["expected_error"] = {{"measured", json_number(forecast.mitigation.measured_error)},
                            {"mitigated", json_number(forecast.mitigation.mitigated_error)}};
  const CostEstimate& total = forecast.total;
  if (forecast.scores) json["scores"] = foreseen_scores_json(*forecast.scores, forecast.tasks);
  json["executions"] = forecast.executions;
  json["cost"] = {{"amount", total.amount}, {"unit", total.unit}, {"basis", total.basis}};
  json["paid"] = forecast.paid;
  json["seconds"] = total.seconds;
  json["wait_seconds"] = total.wait_seconds ? Json(*total.wait_seconds) : Json(nullptr);
  json["queue"] = total.queue ? Json(*total.queue) : Json(nullptr);
  return json;
}

Json replay_status_json(const ReplayStatus& status) {
  Json json{{"folder", status.folder}, {"identity", status.identity}};
  auto& jobs = json["jobs"] = Json::array();
  Json states = Json::object();
  for (const ReplayStatus::Job& job : status.jobs) {
    const std::string state(name(job.last.state));
    Json entry{{"job", job.last.job},
               {"tag", job.last.tag},
               {"state", state},
               {"ids", job.last.ids},
               {"executions", job.last.executions},
               {"estimate", job.last.estimate},
               {"spent", job.spent}};
    if (!job.last.detail.empty()) entry["detail"] = job.last.detail;
    if (job.service) {
      entry["service"] = name(job.service->state);
      if (job.service->queue) entry["queue"] = *job.service->queue;
      if (job.service->wait_seconds) entry["wait_seconds"] = *job.service->wait_seconds;
    } else if (!job.service_error.empty()) {
      entry["service"] = "not known: " + job.service_error;
    }
    states[state] = states.value(state, 0) + 1;
    jobs.push_back(std::move(entry));
  }
  json["states"] = states;
  json["spent"] = status.spent;
  return json;
}

}  // namespace qmtl
