// SPDX-License-Identifier: Apache-2.0
#include "tools/program/text/plan.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/program/options.h"

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
  if (options->common.json)
    std::cout << plan_json(found).dump(2) << std::endl;
  else
    print_model_plan(found, options->common.threads);
  return 0;
}

}  // namespace qmtl
