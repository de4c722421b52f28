// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/ibm_backend.h"

#include "hardware/device_circuit.h"
#include "hardware/emulator/device_properties.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

Json pairs_of(const DeviceTarget& target) {
  Json pairs = Json::array();
  for (const auto& [a, b] : target.coupling) pairs.push_back({a, b});
  return pairs;
}

Json gate_entry(const DeviceGateInfo& row, const DeviceTarget& target) {
  Json entry{{"name", row.name},
             {"parameters", row.angle ? Json::array({"theta"}) : Json::array()},
             {"qasm_def", "gate " + std::string(row.name) + (row.angle ? "(theta)" : "") +
                              (row.qubits == 1 ? " q { }" : " q0,q1 { }")}};
  if (row.qubits == 2 && !target.coupling.empty()) {
    entry["coupling_map"] = pairs_of(target);
  } else if (row.qubits == 1) {
    entry["coupling_map"] = Json::array();
    for (int q = 0; q < target.qubits; ++q) entry["coupling_map"].push_back({q});
  }
  return entry;
}

Json measurement(const char* name, const char* unit, double value, const std::string& date) {
  return {{"name", name}, {"unit", unit}, {"value", value}, {"date", date}};
}

Json gate_properties(const GateProperties& gate, const std::string& date) {
  const DeviceGateInfo& row = info(gate.gate);
  std::string name = std::string(row.name) + std::to_string(gate.q0);
  Json qubits = Json::array({gate.q0});
  if (gate.q1 >= 0) name += "_" + std::to_string(gate.q1), qubits.push_back(gate.q1);
  return {
      {"gate", row.name},
      {"name", name},
      {"qubits", qubits},
      {"parameters", Json::array({measurement("gate_error", "", gate.error.value_or(0), date),
                                  measurement("gate_length", "ns", gate.length.value_or(0) * 1e9, date)})}};
}

}  // namespace

Json ibm_configuration(const EmulatorOptions& options) {
  const DeviceTarget& target = options.target;
  Json basis = Json::array({"id"}), gates = Json::array(), measured = Json::array();
  for (DeviceGate gate : emulated_gates(target)) {
    basis.push_back(info(gate).name);
    gates.push_back(gate_entry(info(gate), target));
  }
  for (int q = 0; q < target.qubits; ++q) measured.push_back(q);
  Json instructions = basis;
  for (const char* more : {"measure", "delay", "reset", "barrier"}) instructions.push_back(more);
  return {{"backend_name", target.name},
          {"backend_version", "1.0.0"},
          {"n_qubits", target.qubits},
          {"basis_gates", basis},
          {"gates", gates},
          {"coupling_map", target.coupling.empty() ? Json() : pairs_of(target)},
          {"supported_instructions", instructions},
          {"local", false},
          {"simulator", false},
          {"conditional", false},
          {"open_pulse", false},
          {"memory", true},
          {"max_shots", 1'000'000},
          {"max_experiments", 300},
          {"dt", 4.0},
          {"meas_map", Json::array({measured})},
          {"rep_delay_range", {0.0, 500.0}},
          {"default_rep_delay", 250.0},
          {"dynamic_reprate_enabled", true},
          {"credits_required", false},
          {"online_date", "2026-01-01T00:00:00Z"},
          {"description", "emulated"},
          {"processor_type", {{"family", "Emulated"}, {"revision", "1"}}}};
}

Json ibm_properties(const EmulatorOptions& options, double now) {
  const DeviceTarget& target = options.target;
  if (!options.properties.empty()) {
    Json given = parse_json<Json>(options.properties, "the properties of the emulated backend");
    given["backend_name"] = target.name;
    return given;
  }
  const std::string date = iso_time(now);
  const NoiseTable table(options.noise);
  Json qubits = Json::array(), gates = Json::array();
  for (int q = 0; q < target.qubits; ++q) {
    const ReadoutError& error = table.readout(q);
    qubits.push_back({measurement("readout_error", "", (error.p1_given_0 + error.p0_given_1) / 2, date),
                      measurement("prob_meas0_prep1", "", error.p0_given_1, date),
                      measurement("prob_meas1_prep0", "", error.p1_given_0, date),
                      measurement("readout_length", "ns", 1000, date)});
  }
  for (const GateProperties& gate : emulated_properties(options).gates)
    gates.push_back(gate_properties(gate, date));
  return {{"backend_name", target.name},
          {"backend_version", "1.0.0"},
          {"last_update_date", date},
          {"qubits", qubits},
          {"gates", gates},
          {"general", Json::array()}};
}

}  // namespace qmtl
