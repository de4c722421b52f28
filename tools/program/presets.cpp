// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/ansatz/presets.h"

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "io/config/config.h"
#include "runtime/base/error.h"
#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/circuit/draw.h"
#include "tools/program/commands.h"
#include "tools/program/options.h"

namespace qmtl {
namespace {

const Usage usage{
    "qmtl presets [NAME] [options]",
    "Lists the published circuits that circuit.preset and block.preset may name; with NAME shows one of them "
    "on a few\n"
    "qubits: its gates, its trained numbers, and the layers that a configuration would say by hand.",
    "  qmtl presets\n"
    "  qmtl presets sim-14 --qubits 4 --layers 1"};

AnsatzSpec shown(const Preset& preset, int qubits, int layers) {
  AnsatzSpec spec;
  spec.qubits = qubits;
  spec.preset = preset.name;
  spec.layers = layers;
  spec.placement = Placement::global;
  spec.block_layers = 0;
  spec.readout = ReadoutKind::first;
  return spec;
}

void print_one(const Preset& preset, int qubits, int layers) {
  const AnsatzSpec spec = shown(preset, qubits, layers);
  const Assembly assembly = assemble(spec);
  Circuit stage = assembly.circuit;
  stage.blocks.clear();
  std::printf("%s: %s\n\n%s\n%d trained numbers, %d inputs. By hand:\n\n", std::string(preset.name).c_str(),
              std::string(preset.source).c_str(), draw(stage).c_str(), assembly.layout.total,
              assembly.circuit.sample_inputs());
  for (const CircuitLayer& layer : stage_layers(spec))
    std::printf("%s\n", written_layer(layer, "circuit.layer").c_str());
}

nlohmann::ordered_json to_json(const Preset& preset, int qubits, int layers) {
  const Assembly assembly = assemble(shown(preset, qubits, layers));
  return {{"name", preset.name},
          {"source", preset.source},
          {"uploads", preset.uploads},
          {"qubits", qubits},
          {"layers", layers},
          {"trained", assembly.layout.total},
          {"inputs", assembly.circuit.sample_inputs()}};
}

}  // namespace

int presets_command(const Ranks& ranks, const Arguments& args) {
  boost::program_options::options_description own("Options of presets");
  own.add_options()("qubits", boost::program_options::value<int>()->default_value(4), "qubits of the stage")(
      "layers", boost::program_options::value<int>()->default_value(1), "repetitions");
  const auto options = parse_options(ranks, usage, own, {"name"}, {}, args);
  if (!options) return 0;
  const auto number = [&](const char* option, int least, int most) {
    const int found = options->values.at(option).as<int>();
    if (found < least || found > most)
      throw usage_error("--" + std::string(option) + ": expected " + std::to_string(least) + " to " +
                        std::to_string(most) + ", found " + std::to_string(found));
    return found;
  };
  const int qubits = number("qubits", 1, 32), layers = number("layers", 0, 32);
  const std::string name = options->has("name") ? options->text("name") : "";
  if (!name.empty() && !options->common.json) {
    print_one(preset_named(name), qubits, layers);
    return 0;
  }
  if (options->common.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Preset& preset : preset_table())
      if (name.empty() || preset.name == name) list.push_back(to_json(preset, qubits, layers));
    if (list.empty()) preset_named(name);
    std::cout << list.dump(2) << std::endl;
    return 0;
  }
  for (const Preset& preset : preset_table()) {
    const Assembly assembly = assemble(shown(preset, qubits, layers));
    std::printf("%-26s %4d trained, %3d inputs on %d qubits   %s\n", std::string(preset.name).c_str(),
                assembly.layout.total, assembly.circuit.sample_inputs(), qubits,
                std::string(preset.source).c_str());
  }
  return 0;
}

}  // namespace qmtl
