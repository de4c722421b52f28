// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/emulated_device.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hardware/transpile/target_json.h"
#include "io/sources/inflate.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "tools/workflows/training/load.h"

namespace qmtl {

void set_device(EmulatorOptions& options, const EmulatedDevice& device) {
  DeviceTarget& target = options.target;
  if (!device.noise.empty()) {
    options.noise = load_noise(device.noise);
    if (device.noise.ends_with(".json")) {
      options.properties = inflate_file(device.noise, "the properties of an IBM backend");
      target = target_of_properties(options.properties, device.noise);
    }
  }
  if (!device.coupling.empty()) target = find_target(device.coupling);
  if (!device.basis.empty()) set_basis(target, device.basis);
  if (!device.name.empty())
    target.name = device.name;
  else if (options.properties.empty())
    target.name = "emulated";
  if (!device.qubits) return;
  int least = 1;
  for (const auto& [a, b] : target.coupling) least = std::max({least, a + 1, b + 1});
  if (*device.qubits < least || *device.qubits > 4096)
    throw usage_error("--qubits: expected " + std::to_string(least) + " to 4096, found " +
                      std::to_string(*device.qubits));
  target.qubits = *device.qubits;
}

std::vector<Fault> read_faults(const std::string& file) {
  std::vector<Fault> faults;
  try {
    const auto json = parse_json(inflate_file(file, "a list of faults"), file);
    for (const auto& rule : json.at("faults")) faults.push_back(parse_fault(rule));
  } catch (const nlohmann::json::exception& error) {
    throw usage_error(file + ": expected {\"faults\": [RULE, ...]}: " + error.what());
  }
  return faults;
}

}  // namespace qmtl
