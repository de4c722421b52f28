// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/error.h"
#include "runtime/base/json_field.h"
#include "tools/workflows/replay/device_json.h"
#include "tools/workflows/replay/session.h"

namespace qmtl {

using Json = nlohmann::ordered_json;

std::string replay_plan_text(const ReplayPlan& plan) {
  const EndpointLimits& limits = plan.limits;
  const Json json{{"format", "qmtl-replay-plan"},
                  {"version", 1},
                  {"target", device_json(plan.target)},
                  {"limits",
                   {{"sweeps", limits.sweeps},
                    {"rows", limits.rows},
                    {"executions", limits.executions},
                    {"shots", limits.shots},
                    {"gates", limits.gates},
                    {"bytes", limits.bytes},
                    {"least_shots", limits.least_shots}}},
                  {"paid", plan.paid},
                  {"unit", plan.unit},
                  {"shots", plan.shots},
                  {"probe", plan.probe},
                  {"calibration", plan.calibration}};
  return json.dump(1) + "\n";
}

ReplayPlan parse_replay_plan(const std::string& text, const std::string& file) {
  const Json json = parse_json(text, file);
  const JsonField root(json, file);
  require_json_format(root, "qmtl-replay-plan", 1);
  ReplayPlan plan;
  plan.target = parse_device(root.at("target"));
  const JsonField limits = root.at("limits");
  plan.limits = {limits.at("sweeps").count(),
                 limits.at("rows").count(),
                 limits.at("executions").count(),
                 limits.at("shots").count(),
                 limits.at("gates").count(),
                 limits.at("bytes").count(),
                 0,
                 0};
  if (const auto least = limits.find("least_shots")) plan.limits.least_shots = least->count();
  plan.paid = root.at("paid").boolean();
  plan.unit = root.at("unit").text();
  for (const JsonField& shots : root.at("shots").list()) plan.shots.push_back(shots.count());
  plan.probe = root.at("probe").boolean();
  plan.calibration = root.at("calibration").text();
  return plan;
}

}  // namespace qmtl
