// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/device_json.h"

#include <cstdint>
#include <filesystem>
#include <optional>

#include "io/files/atomic_file.h"
#include "tools/workflows/replay/folder.h"

namespace qmtl {

using Json = nlohmann::ordered_json;

namespace {

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

/// What the layout was chosen by, where there is any: the same programs follow from it whatever the device
/// says later. Gates are [name, qubits, error, seconds, operational], qubits [T1, T2, readout's error and
/// seconds, operational].
void add_parts(Json& json, const DeviceTarget& target) {
  if (!target.avoided.empty())
    json["avoided"] = {{"qubits", target.avoided.qubits}, {"couplers", target.avoided.couplers}};
  if (!target.properties.known()) return;
  Json qubits = Json::array(), gates = Json::array();
  for (const QubitProperties& qubit : target.properties.qubits)
    qubits.push_back({or_null(qubit.t1), or_null(qubit.t2), or_null(qubit.readout_error),
                      or_null(qubit.readout_length), qubit.operational});
  for (const GateProperties& gate : target.properties.gates)
    gates.push_back({info(gate.gate).name, gate.q0, gate.q1, or_null(gate.error), or_null(gate.length),
                     gate.operational});
  // A text in the text: thousands of numbers, each on a line of its own otherwise.
  json["properties"] = Json{{"qubits", qubits}, {"gates", gates}}.dump();
}

DeviceGate parse_gate(const JsonField& field) {
  for (const DeviceGateInfo& row : device_gates)
    if (row.name == field.text()) return row.gate;
  field.wrong("a gate of devices");
}

std::optional<double> number_or_nothing(const JsonField& field) {
  return field.is_null() ? std::nullopt : std::optional(field.number());
}

DeviceProperties parse_kept_properties(const JsonField& text) {
  const JsonField root = JsonField::parse(text.text(), json_file(text.file() + ": " + text.place()));
  DeviceProperties properties;
  const auto fields = [](const JsonField& entry, std::size_t count) {
    std::vector<JsonField> list = entry.list();
    if (list.size() != count) entry.wrong("a list of " + std::to_string(count));
    return list;
  };
  for (const JsonField& entry : root.at("qubits").list()) {
    const auto qubit = fields(entry, 5);
    properties.qubits.push_back({number_or_nothing(qubit[0]), number_or_nothing(qubit[1]),
                                 number_or_nothing(qubit[2]), number_or_nothing(qubit[3]),
                                 qubit[4].boolean()});
  }
  for (const JsonField& entry : root.at("gates").list()) {
    const auto gate = fields(entry, 6);
    properties.gates.push_back({parse_gate(gate[0]), static_cast<int>(gate[1].count()),
                                static_cast<int>(gate[2].integer(-1, INT32_MAX)), number_or_nothing(gate[3]),
                                number_or_nothing(gate[4]), gate[5].boolean()});
  }
  return properties;
}

std::pair<int, int> parse_pair(const JsonField& field) {
  const auto qubits = field.list();
  if (qubits.size() != 2) field.wrong("two qubits");
  return {static_cast<int>(qubits[0].count()), static_cast<int>(qubits[1].count())};
}

AvoidedParts parse_kept_avoided(const JsonField& root) {
  AvoidedParts avoided;
  for (const JsonField& qubit : root.at("qubits").list())
    avoided.qubits.push_back(static_cast<int>(qubit.count()));
  for (const JsonField& pair : root.at("couplers").list()) avoided.couplers.push_back(parse_pair(pair));
  return avoided;
}

}  // namespace

Json device_json(const DeviceTarget& target) {
  Json basis = Json::array();
  for (DeviceGate gate : target.basis) basis.push_back(info(gate).name);
  Json json{
      {"name", target.name}, {"qubits", target.qubits}, {"basis", basis}, {"coupling", target.coupling}};
  add_parts(json, target);
  return json;
}

DeviceTarget kept_device(const std::string& folder, const DeviceTarget& now) {
  const std::string file = (std::filesystem::path(folder) / "device.json").string();
  const auto text = read_if_there(file);
  return text ? parse_device(JsonField::parse(*text, json_file(file))) : now;
}

void keep_device(const std::string& folder, const DeviceTarget& device) {
  const std::filesystem::path file = std::filesystem::path(folder) / "device.json";
  if (std::filesystem::exists(file) || (!device.properties.known() && device.avoided.empty())) return;
  std::filesystem::create_directories(folder);
  write_file(file.string(), device_json(device).dump(1) + "\n");
}

Json success_json(const SuccessEstimate& success) {
  return {{"gates", success.gates},
          {"readout", success.readout},
          {"waiting", success.waiting},
          {"product", success.product()}};
}

DeviceTarget parse_device(const JsonField& root) {
  DeviceTarget target;
  target.name = root.at("name").text();
  target.qubits = static_cast<int>(root.at("qubits").count());
  for (const JsonField& gate : root.at("basis").list()) target.basis.push_back(parse_gate(gate));
  for (const JsonField& pair : root.at("coupling").list()) target.coupling.push_back(parse_pair(pair));
  if (const auto avoided = root.find("avoided")) target.avoided = parse_kept_avoided(*avoided);
  if (const auto properties = root.find("properties")) target.properties = parse_kept_properties(*properties);
  return target;
}

}  // namespace qmtl
