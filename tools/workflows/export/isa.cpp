// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/target_json.h"
#include "hardware/transpile/transpile.h"
#include "runtime/base/error.h"
#include "tools/workflows/export/circuit.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

void add_options(po::options_description& own) {
  own.add_options()("target", po::value<std::string>()->value_name("FILE|NAME"),
                    "isa: an IBM backend configuration (JSON), or line-N, ring-N, grid-RxC, heavy-hex-D")(
      "basis", po::value<std::string>()->value_name("GATES"),
      "isa: the device's gates (default: those of the file, else cz,rz,sx,x)");
}

DeviceTarget target_of(const Options& options) {
  if (!options.has("target"))
    throw usage_error(
        "--to isa: expected --target with a backend configuration, line-N, ring-N, grid-RxC or heavy-hex-D");
  DeviceTarget target = find_target(options.text("target"));
  if (options.has("basis") || target.basis.empty()) set_basis(target, options.text_or("basis", "cz,rz,sx,x"));
  return target;
}

nlohmann::ordered_json write(const ExportRequest& request) {
  const DeviceTarget target = target_of(request.options);
  HeadCircuits head = head_circuits(request);
  std::vector<std::string> basis;
  for (DeviceGate gate : target.basis) basis.emplace_back(info(gate).name);
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
    program.program = std::move(result.program);
  }
  // Readings keep their classical bits, so that all the rest is as without a device.
  nlohmann::ordered_json json = write_circuits(request, head, qasm3_form);
  json.update(device);
  return json;
}

}  // namespace

const ExportFormat isa_format{"isa", "OpenQASM 3 for a device's coupling map and basis gates", add_options,
                              write};

}  // namespace qmtl
