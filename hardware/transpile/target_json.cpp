// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/target_json.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "hardware/transpile/coupling_graph.h"
#include "hardware/transpile/topologies.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const std::string& file, const std::string& key, const std::string& expected,
                         const Json& found) {
  // The library copies and prints nested values recursively, which a hostile file could exhaust.
  std::string text = found.is_structured() ? std::string("an ") + found.type_name()
                                           : found.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 60) + "...";
  throw data_error(file + ": " + key + ": expected " + expected + ", found " + text);
}

const Json& value_or_null(const Json& json, const char* key) {
  static const Json null;
  const auto entry = json.find(key);
  return entry == json.end() ? null : *entry;
}

void add_to_basis(DeviceTarget& target, const std::string& name) {
  for (const DeviceGateInfo& row : device_gates)
    if (row.name == name) {
      if (std::find(target.basis.begin(), target.basis.end(), row.gate) == target.basis.end())
        target.basis.push_back(row.gate);
      return;
    }
  if (name != "id" &&
      std::find(target.unsupported.begin(), target.unsupported.end(), name) == target.unsupported.end())
    target.unsupported.push_back(name);
}

int qubit_number(const std::string& file, const std::string& key, const Json& json, int below) {
  if (!json.is_number_integer() || json.get<double>() < 0 || json.get<double>() >= below)
    refuse(file, key, "a qubit number below " + std::to_string(below), json);
  return json.get<int>();
}

}  // namespace

DeviceTarget parse_target(std::string_view text, const std::string& file) {
  // Neither the library's parser nor its destructor recurses.
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) throw data_error(file + ": expected a backend configuration in JSON");
  if (!json.is_object()) refuse(file, "configuration", "an object", json);

  DeviceTarget target;
  const Json& name = value_or_null(json, "backend_name");
  target.name = name.is_string() ? name.get<std::string>() : std::filesystem::path(file).stem().string();

  const Json& qubits = value_or_null(json, "n_qubits");
  constexpr int limit = CouplingGraph::max_qubits;
  if (!qubits.is_number_integer() || qubits.get<double>() < 1 || qubits.get<double>() > limit)
    refuse(file, "n_qubits", "a number from 1 to " + std::to_string(limit), qubits);
  target.qubits = qubits.get<int>();

  const Json& gates = value_or_null(json, "basis_gates");
  if (!gates.is_array()) refuse(file, "basis_gates", "a list of names", gates);
  for (const Json& gate : gates) {
    if (!gate.is_string()) refuse(file, "basis_gates", "names", gate);
    add_to_basis(target, gate.get<std::string>());
  }
  // An empty basis would mean every gate.
  if (target.basis.empty()) refuse(file, "basis_gates", "some of rx, ry, rz, x, sx, cx, cz, rzz", gates);

  const Json& coupling = value_or_null(json, "coupling_map");
  if (coupling.is_null()) return target;
  if (!coupling.is_array()) refuse(file, "coupling_map", "a list of pairs", coupling);
  if (coupling.empty() && target.qubits > 1)
    refuse(file, "coupling_map", "pairs of qubits, or null for a device that couples all pairs", coupling);
  for (const Json& pair : coupling) {
    if (!pair.is_array() || pair.size() != 2) refuse(file, "coupling_map", "pairs of qubits", pair);
    const int a = qubit_number(file, "coupling_map", pair[0], target.qubits);
    const int b = qubit_number(file, "coupling_map", pair[1], target.qubits);
    if (a == b) refuse(file, "coupling_map", "pairs of different qubits", pair);
    target.coupling.push_back({a, b});
  }
  return target;
}

void set_basis(DeviceTarget& target, std::string_view names) {
  target.basis.clear();
  target.unsupported.clear();
  for (std::size_t begin = 0; begin <= names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    const std::string name(names.substr(begin, end - begin));
    add_to_basis(target, name);
    begin = end + 1;
  }
  if (!target.unsupported.empty())
    throw usage_error("basis '" + std::string(names) +
                      "': expected a list of rx, ry, rz, x, sx, cx, cz, rzz " +
                      "and id with commas between, found '" + target.unsupported[0] + "'");
  if (target.basis.empty())
    throw usage_error("basis '" + std::string(names) + "': expected at least one gate");
}

DeviceTarget find_target(const std::string& file_or_name) {
  if (!std::filesystem::exists(file_or_name)) return parse_topology(file_or_name);
  std::ifstream stream(file_or_name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream && !stream.eof()) throw data_error(file_or_name + ": cannot be read");
  return parse_target(text, file_or_name);
}

}  // namespace qmtl
