// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/error.h"
#include "runtime/base/json_field.h"
#include "tools/workflows/replay/session.h"

namespace qmtl {

using Json = nlohmann::ordered_json;

std::string replay_plan_text(const ReplayPlan& plan) {
  Json basis = Json::array();
  for (DeviceGate gate : plan.target.basis) basis.push_back(info(gate).name);
  const EndpointLimits& limits = plan.limits;
  const Json json{{"format", "qmtl-replay-plan"},
                  {"version", 1},
                  {"target",
                   {{"name", plan.target.name},
                    {"qubits", plan.target.qubits},
                    {"basis", basis},
                    {"coupling", plan.target.coupling}}},
                  {"limits",
                   {{"sweeps", limits.sweeps},
                    {"rows", limits.rows},
                    {"executions", limits.executions},
                    {"shots", limits.shots},
                    {"gates", limits.gates},
                    {"bytes", limits.bytes}}},
                  {"paid", plan.paid},
                  {"unit", plan.unit},
                  {"shots", plan.shots},
                  {"probe", plan.probe},
                  {"calibration", plan.calibration}};
  return json.dump(1) + "\n";
}

namespace {

DeviceGate parse_gate(const JsonField& field) {
  for (const DeviceGateInfo& row : device_gates)
    if (row.name == field.text()) return row.gate;
  field.wrong("a gate of devices");
}

DeviceTarget parse_target_field(const JsonField& root) {
  DeviceTarget target;
  target.name = root.at("name").text();
  target.qubits = static_cast<int>(root.at("qubits").count());
  for (const JsonField& gate : root.at("basis").list()) target.basis.push_back(parse_gate(gate));
  for (const JsonField& pair : root.at("coupling").list()) {
    const auto qubits = pair.list();
    if (qubits.size() != 2) pair.wrong("two qubits");
    target.coupling.emplace_back(static_cast<int>(qubits[0].count()), static_cast<int>(qubits[1].count()));
  }
  return target;
}

}  // namespace

ReplayPlan parse_replay_plan(const std::string& text, const std::string& file) {
  const Json json = parse_json(text, file);
  const JsonField root(json, file);
  require_json_format(root, "qmtl-replay-plan", 1);
  ReplayPlan plan;
  plan.target = parse_target_field(root.at("target"));
  const JsonField limits = root.at("limits");
  plan.limits = {limits.at("sweeps").count(),
                 limits.at("rows").count(),
                 limits.at("executions").count(),
                 limits.at("shots").count(),
                 limits.at("gates").count(),
                 limits.at("bytes").count(),
                 0};
  plan.paid = root.at("paid").boolean();
  plan.unit = root.at("unit").text();
  for (const JsonField& shots : root.at("shots").list()) plan.shots.push_back(shots.count());
  plan.probe = root.at("probe").boolean();
  plan.calibration = root.at("calibration").text();
  return plan;
}

}  // namespace qmtl
