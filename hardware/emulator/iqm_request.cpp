// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/iqm_request.h"

#include <algorithm>
#include <set>

namespace qmtl {
namespace {

using Json = nlohmann::json;

constexpr std::size_t most_iqm_circuits = 5000, most_instructions = 1'000'000;
constexpr std::int64_t most_iqm_shots = 1'000'000;

/// One circuit on its way to a program: QB1 is qubit 0.
class IqmCircuitReader {
 public:
  IqmCircuitReader(const EmulatorOptions& options, const SortedJsonField& mapping) : options_(options) {
    if (mapping.is_null()) return;
    for (const SortedJsonField& row : mapping.list())
      mapping_[row.at("logical_name").text()] = row.at("physical_name").text();
  }

  EmulatedRun read(const SortedJsonField& circuit, std::size_t& instructions) {
    EmulatedRun run;
    DeviceProgram& program = run.sweep.program;
    program.name = "circuit";
    program.qubits = options_.target.qubits;
    program.physical = true;
    measured_.clear();
    for (const SortedJsonField& instruction : circuit.at("instructions").list()) {
      if (++instructions > most_instructions)
        circuit.wrong("at most " + std::to_string(most_instructions) + " instructions in a job");
      add(instruction, run);
    }
    if (program.measured.empty()) circuit.wrong("a measurement");
    return run;
  }

 private:
  int qubit(const SortedJsonField& name) const {
    const auto mapped = mapping_.find(name.text());
    const std::string& text = mapped == mapping_.end() ? name.text() : mapped->second;
    const bool digits = text.size() > 2 && text.size() < 8 && text.starts_with("QB") && text[2] != '0' &&
                        text.find_first_not_of("0123456789", 2) == std::string::npos;
    const int number = digits ? std::stoi(text.substr(2)) - 1 : -1;
    if (number < 0 || number >= options_.target.qubits)
      name.wrong("a qubit from QB1 to QB" + std::to_string(options_.target.qubits));
    return number;
  }

  /// Radians; turns under the older name.
  static double angle(const SortedJsonField& args, const std::string& key) {
    if (const auto turns = args.find(key + "_t")) return 4 * half_pi * turns->number();
    return args.at(key).number();
  }

  void add(const SortedJsonField& instruction, EmulatedRun& run) {
    DeviceProgram& program = run.sweep.program;
    std::vector<int> locus;
    for (const SortedJsonField& name : instruction.at(instruction.find("locus") ? "locus" : "qubits").list())
      locus.push_back(qubit(name));
    const std::string& gate = instruction.at("name").text();
    if (gate == "barrier") return;
    for (int place : locus)
      if (measured_.contains(place))
        instruction.wrong("no " + gate +
                          " on a qubit behind its measurement: this emulator reads at the end");
    const SortedJsonField args = instruction.at("args");
    const auto require = [&](std::size_t size) {
      if (locus.size() != size || std::set<int>(locus.begin(), locus.end()).size() != size)
        instruction.wrong("a locus of " + std::to_string(size) + " qubits");
    };
    if (gate == "prx") {
      require(1);
      const double turn = angle(args, "angle"), phase = angle(args, "phase");
      // PRX(t, p) = RZ(p) RX(t) RZ(-p)
      program.ops.push_back({device_rotation("Z"), locus[0], -1, {-phase, {}}});
      program.ops.push_back({device_rotation("X"), locus[0], -1, {turn, {}}});
      program.ops.push_back({device_rotation("Z"), locus[0], -1, {phase, {}}});
    } else if (gate == "cz") {
      require(2);
      const auto& pairs = options_.target.coupling;
      const auto coupled = [&](int a, int b) {
        return std::find(pairs.begin(), pairs.end(), std::pair(a, b)) != pairs.end();
      };
      if (!pairs.empty() && !coupled(locus[0], locus[1]) && !coupled(locus[1], locus[0]))
        instruction.wrong("a locus that is calibrated for cz");
      program.ops.push_back({device_gate_by_name("cz").value(), locus[0], locus[1], {}});
    } else if (gate == "measure" || gate == "measurement") {
      require(std::max<std::size_t>(locus.size(), 1));
      run.registers.push_back({args.at("key").text(), static_cast<int>(locus.size())});
      for (int place : locus) {
        measured_.insert(place);
        program.measured.push_back(place);
      }
    } else {
      instruction.wrong("prx, cz, measure or barrier", "'" + gate.substr(0, 40) + "'");
    }
  }

  const EmulatorOptions& options_;
  std::map<std::string, std::string> mapping_;
  std::set<int> measured_;
};

}  // namespace

std::vector<std::string> iqm_qubits(const EmulatorOptions& options) {
  std::vector<std::string> names;
  for (int q = 1; q <= options.target.qubits; ++q) names.push_back("QB" + std::to_string(q));
  return names;
}

std::vector<std::pair<int, int>> iqm_pairs(const EmulatorOptions& options) {
  std::set<std::pair<int, int>> pairs;
  for (const auto& [a, b] : options.target.coupling) pairs.insert(std::minmax(a, b));
  if (options.target.coupling.empty())
    for (int a = 0; a < options.target.qubits; ++a)
      for (int b = a + 1; b < options.target.qubits; ++b) pairs.insert({a, b});
  return {pairs.begin(), pairs.end()};
}

std::shared_ptr<EmulatedJob> read_iqm_job(const Json& body, const EmulatorOptions& options) {
  const SortedJsonField root = request_fields(body);
  only(root, {"circuits", "calibration_set_id", "qubit_mapping", "shots", "max_circuit_duration_over_t2",
              "heralding_mode", "move_gate_validation", "move_gate_frame_tracking", "active_reset_cycles",
              "dd_mode", "dd_strategy", "move_validation_mode", "move_gate_frame_tracking_mode"});
  const auto circuits = root.at("circuits").list();
  if (circuits.empty() || circuits.size() > most_iqm_circuits)
    root.at("circuits").wrong("1 to " + std::to_string(most_iqm_circuits) + " circuits");
  const auto given = root.find("shots");
  auto job = std::make_shared<EmulatedJob>();
  job->service = "iqm";
  job->request = body;
  const Json none;
  const auto mapping = root.find("qubit_mapping");
  IqmCircuitReader reader(options, mapping ? *mapping : request_fields(none));
  std::size_t instructions = 0;
  for (const SortedJsonField& circuit : circuits) {
    circuit.at("name").text();
    job->runs.push_back(reader.read(circuit, instructions));
    job->runs.back().shots = given ? given->integer(1, most_iqm_shots) : 1;
    if (const auto metadata = circuit.find("metadata"); metadata && job->tag.empty())
      if (const auto tag = metadata->find("qmtl_tag")) job->tag = tag->text();
  }
  return job;
}

}  // namespace qmtl
