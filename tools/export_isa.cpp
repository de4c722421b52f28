#include <filesystem>

#include "hardware/formats/qasm_writer.h"
#include "hardware/split.h"
#include "hardware/transpile/target_json.h"
#include "hardware/transpile/transpile.h"
#include "io/atomic_file.h"
#include "runtime/error.h"
#include "tools/export_format.h"

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

nlohmann::ordered_json description(const TranspileResult& result, const HeadProgram& head) {
  return {{"program", result.program.name},
          {"blocks", head.blocks},
          {"bits", head.bits},
          {"inputs", result.program.inputs},
          {"layout_kind", result.layout_kind},
          {"layout", result.layout},
          {"measured", result.program.measured},
          {"swaps", result.swaps},
          {"depth", result.depth},
          {"two_qubit_depth", result.two_qubit_depth},
          {"two_qubit_gates", result.two_qubit_gates}};
}

nlohmann::ordered_json write(const ExportRequest& request) {
  const Circuit* circuit = request.learner.circuit();
  if (!circuit) throw usage_error("--to isa: expected a head with a circuit, this checkpoint has none");
  const DeviceTarget target = target_of(request.options);
  const std::vector<HeadProgram> heads =
      split_head(*circuit, request.learner.circuit_params(),
                 parse_head_split(request.options.has("split") ? request.options.text("split") : "wide"), {},
                 target.qubits);
  nlohmann::ordered_json programs = nlohmann::ordered_json::array();
  std::vector<std::string> texts;
  for (const HeadProgram& head : heads) {
    const TranspileResult result = transpile(head.program, target);
    programs.push_back(description(result, head));
    texts.push_back(write_qasm3(result.program));
  }
  // Nothing is written unless every program fits the device.
  const bool single = heads.size() == 1;
  if (!single) std::filesystem::create_directories(request.out);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string file =
        single ? request.out
               : (std::filesystem::path(request.out) / (heads[i].program.name + ".qasm")).string();
    write_file(file, texts[i]);
    programs[i]["file"] = file;
  }
  std::vector<std::string> basis;
  for (DeviceGate gate : target.basis) basis.emplace_back(info(gate).name);
  nlohmann::ordered_json json{
      {"out", request.out}, {"target", target.name}, {"qubits", target.qubits}, {"basis", basis}};
  // One program is told flat, so that the plain lines are readable.
  if (single)
    json.update(programs[0]);
  else
    json["programs"] = programs;
  return json;
}

}  // namespace

const ExportFormat isa_format{"isa", "OpenQASM 3 for a device's coupling map and basis gates", add_options,
                              write};

}  // namespace qmtl
