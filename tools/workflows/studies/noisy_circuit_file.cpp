// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/nearest.h"
#include "runtime/circuit/writer.h"
#include "tools/workflows/studies/noisy_circuits.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

/// A qubit's number that fits; whether the circuit has it is checked with the circuit.
int read_qubit(const Json& value, const std::string& where) {
  if (!value.is_number_integer() || value.get<double>() < 0 || value.get<double>() > 1e6)
    throw data_error(where + ": expected a qubit's number from 0, found " + value.dump());
  return value.get<int>();
}

/// ["gate", qubits..., angles...].
void read_op(const Json& entry, const std::string& where, NoisyCircuit& read) {
  const std::string form =
      where +
      ": expected [\"gate\", qubits..., angles...] such as [\"rx\", qubit, angle], [\"cz\", qubit, "
      "qubit] or [\"rzz\", qubit, qubit, angle], found " +
      entry.dump();
  if (!entry.is_array() || entry.empty() || !entry[0].is_string()) throw data_error(form);
  const std::string name = entry[0].get<std::string>();
  const auto gate = gate_by_name(name);
  if (!gate)
    throw data_error(where + ": expected a gate, " + one_of(gate_names([](Gate) { return true; }), name) +
                     ", found " + entry[0].dump());
  const auto qubits = static_cast<std::size_t>(info(*gate).arity),
             angles = static_cast<std::size_t>(info(*gate).angles);
  if (entry.size() != 1 + qubits + angles) throw data_error(form);
  for (std::size_t i = 1; i < entry.size(); ++i)
    if (!entry[i].is_number() || (i > 1 && i <= qubits && !entry[i].is_number_integer()))
      throw data_error(form);
  std::vector<int> on;
  for (std::size_t i = 1; i <= qubits; ++i) on.push_back(read_qubit(entry[i], where));
  std::vector<Expression> by;
  for (std::size_t i = 1 + qubits; i < entry.size(); ++i) by.push_back({entry[i].get<double>(), {}});
  CircuitWriter(read.circuit).add(read.circuit.shared, *gate, on, by);
}

NoisyCircuit read_circuit(const Json& json, const std::string& where, std::uint32_t number) {
  if (!json.is_object()) throw data_error(where + ": expected a JSON object, found " + json.type_name());
  NoisyCircuit read;
  read.place = where;
  for (const auto& [key, value] : json.items())
    if (key != "qubits" && key != "ops" && key != "measure" && key != "name")
      throw data_error(where + ": unknown key '" + key + "'; expected qubits, ops, measure");
  if (!json.contains("qubits") || !json["qubits"].is_number_integer() ||
      json["qubits"].get<long long>() < 1 || json["qubits"].get<long long>() > 1000000)
    throw data_error(where + ": expected 'qubits', a number from 1 to 1000000");
  read.circuit.qubits = json["qubits"].get<int>();
  for (const char* key : {"ops", "measure"})
    if (!json.contains(key) || !json[key].is_array())
      throw data_error(where + ": expected an array '" + key + "', found none");
  std::size_t operation = 0;
  for (const Json& entry : json["ops"])
    read_op(entry, where + ", operation " + std::to_string(operation++), read);
  Block block;
  for (const Json& qubit : json["measure"]) {
    block.qubits.push_back(read_qubit(qubit, where + ", measure"));
  }
  read.circuit.blocks.push_back(std::move(block));
  read.keys = {number};
  return read;
}

}  // namespace

std::vector<NoisyCircuit> read_noisy_circuits(const std::string& path) {
  const Json json = parse_json<Json>(read_file(path), path);
  std::vector<NoisyCircuit> list;
  if (json.is_array())
    for (const Json& entry : json) {
      const auto number = static_cast<std::uint32_t>(list.size());
      list.push_back(read_circuit(entry, path + ", circuit " + std::to_string(number), number));
    }
  else
    list.push_back(read_circuit(json, path, 0));
  return list;
}

}  // namespace qmtl
