// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/target_json.h"

#include <algorithm>

#include "hardware/transpile/coupling_graph.h"
#include "hardware/transpile/properties_json.h"
#include "hardware/transpile/topologies.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/json_field.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

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

/// Whether a text is properties rather than a configuration: a list of what is known of each qubit. What is
/// neither is taken for a configuration, whose reader says what it lacks.
bool lists_properties(std::string_view text) {
  try {
    JsonSource source;
    const auto json = SortedJsonField::parse(text, std::move(source));
    if (!json.is_object() || json.find("n_qubits")) return false;
    const auto qubits = json.find("qubits");
    return qubits && qubits->is_list();
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

DeviceTarget parse_target(std::string_view text, const std::string& file) {
  JsonSource source;
  source.name = file;
  source.if_missing = "; expected a backend configuration in JSON";
  // A stranger's file, however deep: neither the parser nor the fields recurse.
  const auto json = SortedJsonField::parse(text, source, {std::string::npos, std::string::npos});
  if (!json.is_object()) json.wrong("a backend configuration as an object");

  DeviceTarget target;
  const auto name = json.find("backend_name");
  target.name = name && name->is_text() ? name->text() : std::filesystem::path(file).stem().string();
  target.qubits = static_cast<int>(json.at("n_qubits").integer(1, CouplingGraph::max_qubits));
  const SortedJsonField gates = json.at("basis_gates");
  for (const SortedJsonField& gate : gates.list()) add_to_basis(target, gate.text());
  // An empty basis would mean every gate.
  if (target.basis.empty()) gates.wrong("some of " + listed_device_gates());

  const auto coupling = json.find("coupling_map");
  if (!coupling) return target;
  if (coupling->size() == 0 && target.qubits > 1)
    coupling->wrong("pairs of qubits, or null for a device that couples all pairs");
  for (const SortedJsonField& pair : coupling->list()) {
    if (pair.size() != 2) pair.wrong("a pair of qubits");
    const auto qubit = [&](std::size_t end) {
      return static_cast<int>(pair.at(end).integer(0, target.qubits - 1));
    };
    const int a = qubit(0), b = qubit(1);
    if (a == b) pair.wrong("a pair of different qubits", "one qubit twice");
    target.coupling.push_back({a, b});
  }
  return target;
}

DeviceTarget target_of_properties(std::string_view text, const std::string& file) {
  JsonSource source;
  source.name = file;
  source.clean = [](std::string_view foreign, std::size_t most) { return printable(foreign, most); };
  source.if_missing = "; expected the properties of an IBM backend";
  const BackendProperties backend = parse_backend_properties(text, std::move(source));
  DeviceTarget target;
  target.name = backend.name.empty() ? "emulated" : backend.name;
  target.qubits = static_cast<int>(backend.qubits.size());
  if (target.qubits > CouplingGraph::max_qubits)
    throw data_error(file + ": qubits: expected at most " + std::to_string(CouplingGraph::max_qubits) +
                     ", found " + std::to_string(target.qubits));
  for (const ListedGate& gate : backend.gates) {
    if (gate.qubits.size() == 2) target.coupling.emplace_back(gate.qubits[0], gate.qubits[1]);
    if (const auto known = device_gate_by_name(gate.name))
      if (std::find(target.basis.begin(), target.basis.end(), *known) == target.basis.end())
        target.basis.push_back(*known);
  }
  std::sort(target.coupling.begin(), target.coupling.end());
  target.coupling.erase(std::unique(target.coupling.begin(), target.coupling.end()), target.coupling.end());
  target.properties = device_properties(backend);
  return target;
}

void set_basis(DeviceTarget& target, std::string_view names) {
  target.basis.clear();
  target.unsupported.clear();
  for (const std::string& name : split(names, ',')) add_to_basis(target, name);
  if (!target.unsupported.empty())
    throw usage_error("basis '" + std::string(names) + "': expected a list of " + listed_device_gates() +
                      " and id with commas between, found '" + target.unsupported[0] + "'");
  if (target.basis.empty())
    throw usage_error("basis '" + std::string(names) + "': expected at least one gate");
}

DeviceTarget find_target(const std::string& file_or_name) {
  if (file_kind(file_or_name) == FileKind::nothing) return parse_topology(file_or_name);
  const std::string text = read_file(file_or_name, most_text_bytes);
  return lists_properties(text) ? target_of_properties(text, file_or_name) : parse_target(text, file_or_name);
}

}  // namespace qmtl
