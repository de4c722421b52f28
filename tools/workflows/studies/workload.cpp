// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/workload.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/circuit/ansatz/ansatz.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

void flatten(const Json& value, std::vector<double>& out, const std::string& where) {
  if (value.is_array()) {
    for (const Json& item : value) flatten(item, out, where);
  } else if (value.is_number()) {
    out.push_back(value.get<double>());
  } else {
    throw data_error(where + ": expected numbers, found " + value.type_name());
  }
}

void read_array(const Json& parent, const char* key, std::size_t size, std::vector<double>& out,
                const std::string& where) {
  const std::string place = where + "." + key;
  if (!parent.contains(key)) throw data_error(place + " is missing");
  flatten(parent.at(key), out, place);
  if (out.size() != size)
    throw data_error(place + ": expected " + std::to_string(size) + " numbers, found " +
                     std::to_string(out.size()));
}

int read_int(const Json& object, const char* key, int low, int high, const std::string& where) {
  if (!object.contains(key) || !object.at(key).is_number_integer())
    throw data_error(where + ": key '" + key + "' must be an integer");
  const auto value = object.at(key).get<long long>();
  if (value < low || value > high)
    throw data_error(where + ": " + key + " = " + std::to_string(value) + ", expected " +
                     std::to_string(low) + " to " + std::to_string(high));
  return static_cast<int>(value);
}

/// Reproducible numbers in [-range, range).
std::vector<double> numbers(std::uint32_t stream, std::size_t count, double range) {
  std::vector<double> out(count);
  std::uint64_t state = 0x9e3779b97f4a7c15ull * (stream + 1);
  for (double& x : out) {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ull);  // splitmix64 (Steele et al. 2014)
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    x = static_cast<float>(range * (2.0 * static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53 - 1.0));
  }
  return out;
}

/// Sizes of the parameter arrays, by key, in the order in which the circuit numbers them.
using ParamArrays = std::vector<std::pair<std::string, std::size_t>>;

Circuit race_circuit(const Json& object, const std::string& place, ParamArrays& arrays) {
  const int n = read_int(object, "n", 1, 20, place), shared = read_int(object, "Ls", 1, 1000, place);
  const int layers = read_int(object, "Lt", 0, 1000, place), tasks = read_int(object, "T", 1, 100000, place);
  const int local = object.contains("local") ? read_int(object, "local", 0, n, place) : 0;
  const int k = local ? local : n, outputs = read_int(object, "m", 1, k, place);
  if (local && n % local)
    throw data_error(place + ": local = " + std::to_string(local) + " must divide n = " + std::to_string(n));
  Circuit c;
  c.qubits = c.angles = n;
  std::vector<int> all;
  for (int q = 0; q < n; ++q) all.push_back(q);
  const auto layer = [&](std::vector<Op>& ops, const std::vector<int>& qubits, bool upload) {
    for (int q : qubits) {
      if (upload) ops.push_back({Gate::ry, q, -1, Source::angle, q});
      ops.push_back({Gate::ry, q, -1, Source::param, c.params++});
      ops.push_back({Gate::rz, q, -1, Source::param, c.params++});
    }
    for (std::size_t i = 0; i < qubits.size() && qubits.size() > 1; ++i)
      ops.push_back({Gate::cx, qubits[i], qubits[(i + 1) % qubits.size()], Source::none, -1});
  };
  for (int l = 0; l < shared; ++l) layer(c.shared, all, true);
  const auto ws = static_cast<std::size_t>(c.params);
  for (int t = 0; t < tasks; ++t) {
    Block& block = c.blocks.emplace_back();
    for (int i = 0; i < k; ++i) block.qubits.push_back((t * k) % n + i);
    for (int l = 0; l < layers; ++l) layer(block.ops, block.qubits, false);
    for (int o = 0; o < outputs; ++o) block.outputs.push_back({{{{block.qubits[o]}, 1.0, -1}}});
  }
  arrays = {{"ws", ws}, {"wt", static_cast<std::size_t>(c.params) - ws}};
  return c;
}

/// One of the keys of a table; `read` gets its value.
struct TableKey {
  const char* name;
  std::function<void(const Json&)> read;
};

void read_table(const Json& object, const char* table, const std::vector<TableKey>& keys,
                const std::string& place) {
  if (!object.contains(table)) return;
  if (!object.at(table).is_object()) throw data_error(place + "." + table + ": expected an object");
  for (const auto& [key, value] : object.at(table).items()) {
    const auto found =
        std::find_if(keys.begin(), keys.end(), [&key = key](const TableKey& k) { return k.name == key; });
    if (found == keys.end()) throw data_error(place + "." + table + ": unknown key '" + key + "'");
    try {
      found->read(value);
    } catch (const Json::exception& error) {
      throw data_error(place + "." + table + "." + key + ": " + error.what());
    }
  }
}

std::vector<Gate> gates_of(const Json& names) {
  std::vector<Gate> gates;
  for (const Json& text : names) {
    const auto gate = gate_by_name(text.get<std::string>());
    if (!gate || !is_qubit_rotation(*gate))
      throw data_error("expected one of " + listed_gates(is_qubit_rotation) + ", found " + text.dump());
    gates.push_back(*gate);
  }
  return gates;
}

AnsatzSpec read_ansatz(const Json& object, const std::string& place) {
  AnsatzSpec spec;
  const auto word = [](const Json& value) { return value.get<std::string>(); };
  const auto number = [](int& to) { return [&to](const Json& value) { to = value.get<int>(); }; };
  read_table(object, "circuit",
             {{"qubits", number(spec.qubits)},
              {"uploads", number(spec.uploads)},
              {"repeat_uploads", [&](const Json& v) { spec.repeat_uploads = v.get<bool>(); }},
              {"upload", [&](const Json& v) { spec.upload = gates_of(Json::array({v})).front(); }},
              {"layers", number(spec.layers)},
              {"rotations", [&](const Json& v) { spec.rotations = gates_of(v); }},
              {"entangler", [&](const Json& v) { spec.entangler = parse_entangler(word(v)); }}},
             place);
  read_table(object, "block",
             {{"placement", [&](const Json& v) { spec.placement = parse_placement(word(v)); }},
              {"size", number(spec.register_size)},
              {"stride", number(spec.stride)},
              {"registers", [&](const Json& v) { v.get_to(spec.registers); }},
              {"layers", number(spec.block_layers)},
              {"rotations", [&](const Json& v) { spec.block_rotations = gates_of(v); }},
              {"entangler", [&](const Json& v) { spec.block_entangler = parse_entangler(word(v)); }},
              {"order", [&](const Json& v) { spec.block_order = parse_block_order(word(v)); }},
              {"readout", [&](const Json& v) { spec.readout = parse_readout_kind(word(v)); }},
              {"strings", [&](const Json& v) { v.get_to(spec.strings); }},
              {"outputs", [&](const Json& v) { v.get_to(spec.block_outputs); }}},
             place);
  if (object.contains("tasks"))
    spec.block_outputs.assign(static_cast<std::size_t>(read_int(object, "tasks", 1, 100000, place)), 1);
  return spec;
}

void read_arrays(const Json& object, const char* prefix, const ParamArrays& arrays, std::vector<double>& out,
                 const std::string& where) {
  for (const auto& [key, size] : arrays) {
    std::vector<double> part;
    read_array(object, (prefix + key).c_str(), size, part, where);
    out.insert(out.end(), part.begin(), part.end());
  }
}

Workload read_one(const Json& object, const std::string& where) {
  if (!object.is_object()) throw data_error(where + ": expected an object, found " + object.type_name());
  Workload w;
  w.name = object.value("name", std::string("workload"));
  const std::string place = where + " '" + w.name + "'";
  w.samples = read_int(object, "B", 1, 1 << 24, place);
  ParamArrays arrays;
  if (object.contains("circuit")) {
    w.circuit = build(read_ansatz(object, place));
    arrays = {{"params", static_cast<std::size_t>(w.circuit.params)}};
  } else {
    w.circuit = race_circuit(object, place, arrays);
  }
  const auto samples = static_cast<std::size_t>(w.samples);
  const std::size_t x = samples * static_cast<std::size_t>(w.circuit.angles);
  const std::size_t g = samples * static_cast<std::size_t>(w.circuit.outputs());
  if (object.contains("inputs")) {
    const Json& inputs = object.at("inputs");
    read_array(inputs, "x", x, w.x, place + " inputs");
    read_arrays(inputs, "", arrays, w.params, place + " inputs");
    read_array(inputs, "g", g, w.g, place + " inputs");
  } else {
    w.x = numbers(1, x, 2 * half_pi);
    w.params = numbers(2, static_cast<std::size_t>(w.circuit.params), 2 * half_pi);
    w.g = numbers(4, g, 1.0);
  }
  if (object.contains("expected")) {
    const Json& expected = object.at("expected");
    read_array(expected, "y", g, w.y, place + " expected");
    read_array(expected, "gx", x, w.gx, place + " expected");
    read_arrays(expected, "g", arrays, w.gparams, place + " expected");
  }
  return w;
}

}  // namespace

std::vector<Workload> read_workloads(const std::string& path) {
  const Json json = parse_json<Json>(read_file(path), path);
  std::vector<Workload> workloads;
  if (json.is_array())
    for (const Json& item : json) workloads.push_back(read_one(item, path));
  else
    workloads.push_back(read_one(json, path));
  if (workloads.empty()) throw data_error("workload file '" + path + "': the list is empty");
  return workloads;
}

}  // namespace qmtl
