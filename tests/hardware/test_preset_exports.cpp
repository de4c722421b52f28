// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "hardware/formats/ionq.h"
#include "hardware/formats/qasm_writer.h"
#include "hardware/head_outputs.h"
#include "hardware/transpile/target_json.h"
#include "hardware/transpile/topologies.h"
#include "hardware/transpile/transpile.h"
#include "runtime/circuit/ansatz/by_hand.h"
#include "tests/hardware/transpile_cases.h"
#include "tests/oracle/published.h"
#include "tests/run_length.h"

using namespace qmtl;

namespace {

/// A device with fixed angles alone between two qubits, and one that also turns by rx and rzz.
std::vector<DeviceTarget> devices() {
  DeviceTarget fixed = heavy_hex_target(3), turning = fixed;
  set_basis(fixed, "cz,rz,sx,x");
  set_basis(turning, "cz,rz,sx,x,rx,rzz");
  fixed.name = "fixed";
  turning.name = "fractional";
  return {fixed, turning};
}

/// Every form of one program of a preset, as files beside what they must be.
class PresetFiles {
 public:
  explicit PresetFiles(std::string folder) : folder_(std::move(folder)) {}

  void add(const oracle::Published& published, HeadSplit split) {
    const oracle::PublishedCircuit bound(published);
    const Circuit& circuit = bound.made.circuit;
    nlohmann::json entry{{"preset", published.preset},
                         {"case", oracle::describe(published)},
                         {"split", name(split)},
                         {"values", published.values},
                         {"sums", bound.made.outputs}};
    for (const HeadProgram& head : split_head(circuit, bound.params, split)) {
      const std::vector<double> inputs =
          input_values(head, bound.params, 1, bound.angles, static_cast<std::size_t>(circuit.angles));
      nlohmann::json program = written(head.program, inputs);
      for (const ReadOutput& read : read_outputs(circuit, bound.params, head)) {
        nlohmann::json terms = nlohmann::json::array();
        for (const BitTerm& term : read.terms)
          terms.push_back({{"bits", term.bits}, {"weight", term.weight}});
        program["outputs"].push_back({{"output", read.output}, {"terms", terms}});
      }
      entry["programs"].push_back(program);
    }
    entry["stage"] = stage(published, circuit, bound);
    list_.push_back(entry);
  }
  void finish() const { std::ofstream(folder_ + "/presets.json") << list_.dump(); }

 private:
  /// The stage with the sample's and the trained numbers open, and its state for the case's numbers.
  nlohmann::json stage(const oracle::Published& published, const Circuit& circuit,
                       const oracle::PublishedCircuit& bound) {
    DeviceProgram whole;
    whole.qubits = circuit.qubits;
    for (const Op& op : circuit.shared) {
      const double angle = op.source == Source::angle ? bound.angles[static_cast<std::size_t>(op.index)]
                                                      : fixed_angle(op, bound.params);
      whole.ops.push_back({device_gate(op.gate), op.q0, op.q1, {angle, {}}});
    }
    nlohmann::json entry{{"file", write(write_qasm_program(stage_by_hand(oracle::spec_of(published))))},
                         {"state", state(whole, {})}};
    const std::vector<double> inputs = oracle::function_inputs(circuit, published.inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i) entry["inputs"]["z" + std::to_string(i)] = inputs[i];
    for (std::size_t i = 0; i < published.params.size(); ++i)
      entry["inputs"]["w" + std::to_string(i)] = published.params[i];
    return entry;
  }
  static nlohmann::json state(const DeviceProgram& program, const std::vector<double>& inputs) {
    std::map<int, int> slots;
    for (int q = 0; q < program.qubits; ++q) slots[q] = q;
    nlohmann::json amplitudes = nlohmann::json::array();
    for (const auto& amplitude : oracle::state_of(program, inputs, slots))
      amplitudes.push_back({amplitude.real(), amplitude.imag()});
    return amplitudes;
  }
  nlohmann::json written(const DeviceProgram& program, const std::vector<double>& inputs) {
    const DeviceProgram bound = with_inputs(program, inputs);
    nlohmann::json entry{{"qubits", program.qubits}, {"measured", program.measured}};
    entry["inputs"] = nlohmann::json::object();
    for (std::size_t i = 0; i < inputs.size(); ++i) entry["inputs"][program.inputs[i]] = inputs[i];
    entry["state"] = state(program, inputs);
    const auto file = [&](const std::string& form, const std::string& text) {
      entry["files"][form] = write(text);
    };
    file("qasm3", write_qasm3(program));
    file("qasm3 bound", write_qasm3(bound));
    file("qasm2", write_qasm2(bound));
    file("ionq", ionq_input(bound).dump());
    for (const IonqGatesName& row : ionq_gates) {
      if (row.gates == IonqGates::qis) continue;
      const TranspileResult result = transpile(program, ionq_target(row.gates));
      entry["native"].push_back(
          {{"gates", row.name},
           {"file", write(ionq_input(with_inputs(result.program, inputs), row.gates).dump())},
           {"measured", result.program.measured}});
    }
    for (const DeviceTarget& device : devices()) {
      for (const DeviceProgram* one : {&program, &bound}) {
        const TranspileResult result = transpile(*one, device);
        nlohmann::json isa{{"device", device.name},
                           {"bound", one == &bound},
                           {"file", write(write_qasm3(result.program))},
                           {"measured", result.program.measured},
                           {"two_qubit_gates", result.two_qubit_gates}};
        for (DeviceGate gate : device.basis) isa["basis"].push_back(info(gate).name);
        isa["coupling"] = device.coupling;
        entry["isa"].push_back(isa);
      }
    }
    return entry;
  }
  std::string write(const std::string& text) {
    const std::string file = "export" + std::to_string(files_++);
    std::ofstream(folder_ + "/" + file) << text;
    return file;
  }

  std::string folder_;
  nlohmann::json list_ = nlohmann::json::array();
  int files_ = 0;
};

}  // namespace

// For readers that are not ours: tests/hardware/preset_exports.py gives the folder.
TEST_CASE("Presets in every form are written for other readers", "[preset-files]") {
  const char* folder = std::getenv("QMTL_FORMATS_FOLDER");
  if (!folder) return;
  const bool all = test::long_run();
  PresetFiles files(folder);
  std::set<std::string> seen;
  for (const oracle::Published& published : oracle::published_cases(QMTL_SOURCE_DIR)) {
    if (!seen.insert(published.preset).second && !all) continue;
    files.add(published, HeadSplit::wide);
    if (all) files.add(published, HeadSplit::cones);
  }
  files.finish();
}
