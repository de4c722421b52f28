// SPDX-License-Identifier: Apache-2.0
#include "tools/program/text/plan.h"

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/program/options.h"
#ifdef QMTL_HARDWARE
#include "tools/workflows/export/export.h"
#endif

namespace qmtl {
namespace {

const Usage usage{
    "qmtl plan CONFIG [options]",
    "Shows what a configuration would train, without training: the circuit, the parameters of every "
    "part, dead\nparameters and other warnings, how the engine runs it, and what that costs.",
    "  qmtl plan benchmarks/digits/digits.toml\n"
    "  qmtl plan digits.toml --set circuit.qubits=40 --set block.entangler=cz-ring --json",
    true};

#ifdef QMTL_HARDWARE
/// Which forms the trained model could be exported in: a refusal after the training comes too late.
void print_exports(const ModelPlan& found) {
  if (!found.model) {
    std::printf("%-12s not tried: the model is large\n", "exports");
    return;
  }
  std::string possible;
  std::vector<ExportObstacle> obstacles = export_obstacles(*found.model);
  for (const ExportObstacle& obstacle : obstacles)
    if (obstacle.reason.empty()) possible.append(possible.empty() ? "" : ", ").append(obstacle.form);
  std::printf("%-12s %s\n", "exports", possible.empty() ? "none" : possible.c_str());
  for (auto one = obstacles.begin(); one != obstacles.end(); ++one) {
    if (one->reason.empty()) continue;
    std::string forms(one->form);
    for (auto other = one + 1; other != obstacles.end(); ++other)
      if (other->reason == one->reason) {
        forms.append(", ").append(other->form);
        other->reason.clear();
      }
    std::printf("%-12s not %s: %s\n", "", forms.c_str(), one->reason.c_str());
  }
}
#endif

}  // namespace

int plan_command(const Ranks& ranks, const Arguments& args) {
  const auto options = parse_options(ranks, usage, {}, {"config"}, {"config"}, args);
  if (!options) return 0;
  const ModelPlan found = plan_model(options->text("config"), options->common.set, options->common.simd);
  if (options->common.json) {
    nlohmann::ordered_json json = plan_json(found);
#ifdef QMTL_HARDWARE
    json["exports"] = exports_json(found);
#endif
    std::cout << json.dump(2) << std::endl;
    return 0;
  }
  print_model_plan(found, options->common.threads);
#ifdef QMTL_HARDWARE
  print_exports(found);
#endif
  return 0;
}

}  // namespace qmtl
