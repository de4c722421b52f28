// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/target_json.h"

#include <algorithm>

#include "hardware/transpile/coupling_graph.h"
#include "hardware/transpile/topologies.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/json_field.h"

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
    throw usage_error("basis '" + std::string(names) + "': expected a list of " + listed_device_gates() +
                      " and id with commas between, found '" + target.unsupported[0] + "'");
  if (target.basis.empty())
    throw usage_error("basis '" + std::string(names) + "': expected at least one gate");
}

DeviceTarget find_target(const std::string& file_or_name) {
  if (file_kind(file_or_name) == FileKind::nothing) return parse_topology(file_or_name);
  return parse_target(read_file(file_or_name, most_text_bytes), file_or_name);
}

}  // namespace qmtl
