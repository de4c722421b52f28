#include "benchmarks/peers/circuit_file.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/error.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

/// An integer in [0, limit).
int read_index(const Json& value, int limit, const std::string& where) {
  if (!value.is_number_integer() || value.get<long long>() < 0 || value.get<long long>() >= limit)
    throw data_error(where + ": expected an integer from 0 to " + std::to_string(limit - 1) + ", found " +
                     value.dump());
  return value.get<int>();
}

const Json& member(const Json& object, const char* key, bool array, const std::string& where) {
  if (!object.is_object() || !object.contains(key))
    throw data_error(where + ": key '" + key + "' is missing");
  const Json& value = object.at(key);
  if (array != value.is_array())
    throw data_error(where + "." + key + ": expected " + (array ? "an array" : "a number") + ", found " +
                     value.type_name());
  return value;
}

Op read_op(const Json& item, const Circuit& c, const std::string& where) {
  const auto wrong = [&] {
    return data_error(where +
                      ": expected [gate, qubit, \"x\" or \"p\", index] or [gate, qubit, qubit], found " +
                      item.dump());
  };
  if (!item.is_array() || item.size() < 3 || !item[0].is_string()) throw wrong();
  const auto gate = gate_by_name(item[0].get<std::string>());
  if (!gate) throw data_error(where + ": no gate " + item[0].dump() + "; there are rx, ry, rz, cx, cz");
  Op op{*gate, read_index(item[1], c.qubits, where)};
  if (info(*gate).arity == 2) {
    if (item.size() != 3) throw wrong();
    op.q1 = read_index(item[2], c.qubits, where);
    if (op.q1 == op.q0) throw data_error(where + ": two different qubits expected, found " + item.dump());
    return op;
  }
  if (item.size() != 4 || !(item[2] == "x" || item[2] == "p")) throw wrong();
  op.source = item[2] == "x" ? Source::angle : Source::param;
  op.index = read_index(item[3], op.source == Source::angle ? c.angles : c.params, where);
  return op;
}

std::vector<Op> read_ops(const Json& items, const Circuit& c, const std::string& where) {
  std::vector<Op> ops;
  for (const Json& item : items)
    ops.push_back(read_op(item, c, where + "[" + std::to_string(ops.size()) + "]"));
  return ops;
}

Readout read_readout(const Json& strings, const Circuit& c, const std::string& where) {
  Readout readout;
  if (!strings.is_array())
    throw data_error(where + ": expected a list of Z-strings, found " + strings.dump());
  for (const Json& item : strings) {
    if (!item.is_array() || item.size() != 2 || !item[0].is_array() || !item[1].is_number())
      throw data_error(where + ": expected [[qubits], weight], found " + item.dump());
    ZString& string = readout.strings.emplace_back();
    for (const Json& q : item[0]) string.qubits.push_back(read_index(q, c.qubits, where));
    std::sort(string.qubits.begin(), string.qubits.end());
    string.weight = item[1].get<double>();
  }
  return readout;
}

}  // namespace

Circuit read_circuit(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw data_error("circuit file '" + path + "' cannot be read");
  Json json;
  try {
    json = Json::parse(file);
  } catch (const Json::exception& error) {
    throw data_error("circuit file '" + path + "': " + error.what());
  }
  Circuit c;
  const int most = 1 << 28;
  c.qubits = read_index(member(json, "qubits", false, path), most, path + ": qubits");
  c.angles = read_index(member(json, "angles", false, path), most, path + ": angles");
  c.params = read_index(member(json, "params", false, path), most, path + ": params");
  c.shared = read_ops(member(json, "shared", true, path), c, path + ": shared");
  for (const Json& item : member(json, "blocks", true, path)) {
    const std::string where = path + ": blocks[" + std::to_string(c.blocks.size()) + "]";
    Block& block = c.blocks.emplace_back();
    for (const Json& q : member(item, "qubits", true, where))
      block.qubits.push_back(read_index(q, c.qubits, where + ".qubits"));
    block.ops = read_ops(member(item, "ops", true, where), c, where + ".ops");
    for (const Json& output : member(item, "outputs", true, where))
      block.outputs.push_back(read_readout(output, c, where + ".outputs"));
  }
  return c;
}

}  // namespace qmtl
