// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "hardware/transpile/avoided_parts.h"
#include "hardware/transpile/target_json.h"
#include "hardware/transpile/transpile.h"
#include "runtime/base/error.h"
#include "tools/workflows/export/circuit.h"
#include "tools/workflows/replay/device_json.h"
#include "tools/workflows/replay/endpoint_file.h"

namespace qmtl {
namespace {

DeviceTarget target_of(const ExportOptions& options) {
  if (options.target.empty())
    throw usage_error(
        "--to isa: expected --target with a backend configuration, line-N, ring-N, grid-RxC or heavy-hex-D");
  DeviceTarget target = find_target(options.target);
  if (!options.basis.empty() || target.basis.empty())
    set_basis(target, options.basis.empty() ? "cz,rz,sx,x" : options.basis);
  if (!options.properties.empty()) target.properties = load_properties(options.properties);
  target.avoided = avoided_parts(options.qubits, options.avoid, target);
  return target;
}

nlohmann::ordered_json export_isa(const ExportSource& source) {
  const DeviceTarget target = target_of(source.asked.options);
  HeadCircuits head = head_circuits(source);
  std::vector<std::string> basis;
  for (DeviceGate gate : target.basis) basis.emplace_back(info(gate).name);
  std::vector<std::string> remarks;
  nlohmann::ordered_json device{{"target", target.name}, {"basis", basis}};
  for (HeadProgram& program : head.programs) {
    TranspileResult result = transpile(program.program, target);
    device["layouts"].push_back({{"program", program.program.name},
                                 {"layout_kind", result.layout_kind},
                                 {"layout", result.layout},
                                 {"measured", result.program.measured},
                                 {"swaps", result.swaps},
                                 {"depth", result.depth},
                                 {"two_qubit_depth", result.two_qubit_depth},
                                 {"two_qubit_gates", result.two_qubit_gates}});
    if (target.properties.known()) device["layouts"].back()["success"] = success_json(result.success);
    for (const std::string& remark : result.remarks)
      if (std::find(remarks.begin(), remarks.end(), remark) == remarks.end()) {
        remarks.push_back(remark);
        spdlog::info("the layout {}", remark);
      }
    program.program = std::move(result.program);
  }
  // Readings keep their classical bits, so that all the rest is as without a device.
  nlohmann::ordered_json json = write_circuits(source, head, qasm3_form);
  if (!remarks.empty()) device["avoided"] = remarks;
  json.update(device);
  return json;
}

constexpr std::array<std::string_view, 8> device_options{"split", "max-qubits", "bound",  "target",
                                                         "basis", "properties", "qubits", "avoid"};

}  // namespace

const ExportFormat isa_format{"isa", "OpenQASM 3 for a device's coupling map and basis gates", device_options,
                              export_isa, check_has_circuit};

}  // namespace qmtl
