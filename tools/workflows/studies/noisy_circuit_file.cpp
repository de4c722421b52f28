// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/nearest.h"
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

/// ["gate", qubits..., angle of a rotation].
void read_op(const Json& entry, const std::string& where, NoisyCircuit& read) {
  const std::string form = where +
                           ": expected [\"gate\", qubit, angle], [\"cz\", qubit, qubit] or [\"rzz\", qubit, "
                           "qubit, angle], found " +
                           entry.dump();
  if (!entry.is_array() || entry.empty() || !entry[0].is_string()) throw data_error(form);
  const std::string name = entry[0].get<std::string>();
  const auto gate = gate_by_name(name);
  if (!gate)
    throw data_error(where + ": expected a gate, " + one_of(gate_names([](Gate) { return true; }), name) +
                     ", found " + entry[0].dump());
  const bool turns = is_rotation(*gate);
  const auto qubits = static_cast<std::size_t>(info(*gate).arity);
  if (entry.size() != 1 + qubits + (turns ? 1 : 0)) throw data_error(form);
  for (std::size_t i = 1; i < entry.size(); ++i)
    if (!entry[i].is_number() || (i > 1 && i <= qubits && !entry[i].is_number_integer()))
      throw data_error(form);
  Op op{*gate, read_qubit(entry[1], where)};
  if (qubits == 2) op.q1 = read_qubit(entry[2], where);
  if (turns) {
    op.source = Source::param;
    op.index = read.circuit.params++;
    read.params.push_back(entry.back().get<double>());
  }
  append_gate(read.circuit.shared, op);
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
