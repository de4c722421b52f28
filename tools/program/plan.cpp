// SPDX-License-Identifier: Apache-2.0
#include "tools/program/text/plan.h"

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

}  // namespace

int plan_command(const Ranks& ranks, const Arguments& args) {
  const auto options = parse_options(ranks, usage, {}, {"config"}, {"config"}, args);
  if (!options) return 0;
  const ModelPlan found = plan_model(options->text("config"), options->common.set, options->common.simd);
  nlohmann::ordered_json exports;
#ifdef QMTL_HARDWARE
  exports = exports_json(found);
#endif
  if (options->common.json) {
    nlohmann::ordered_json json = plan_json(found);
    if (!exports.is_null()) json["exports"] = exports;
    std::cout << json.dump(2) << std::endl;
  } else {
    print_model_plan(found, options->common.threads);
    print_exports(exports);
  }
  return 0;
}

}  // namespace qmtl
