#include "tools/workload.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/error.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

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

Workload read_one(const Json& object, const std::string& where) {
  if (!object.is_object()) throw data_error(where + ": expected an object, found " + object.type_name());
  Workload w;
  w.name = object.value("name", std::string("workload"));
  const std::string place = where + " '" + w.name + "'";
  w.n = read_int(object, "n", 1, 20, place);
  w.Ls = read_int(object, "Ls", 1, 1000, place);
  w.Lt = read_int(object, "Lt", 0, 1000, place);
  w.T = read_int(object, "T", 1, 100000, place);
  w.B = read_int(object, "B", 1, 1 << 24, place);
  w.local = object.contains("local") ? read_int(object, "local", 0, w.n, place) : 0;
  const int k = w.local ? w.local : w.n;
  w.m = read_int(object, "m", 1, k, place);
  if (w.local && w.n % w.local)
    throw data_error(place + ": local = " + std::to_string(w.local) +
                     " must divide n = " + std::to_string(w.n));
  const std::size_t x = static_cast<std::size_t>(w.B) * w.n, ws = static_cast<std::size_t>(w.Ls) * w.n * 2,
                    wt = static_cast<std::size_t>(w.T) * w.Lt * k * 2,
                    g = static_cast<std::size_t>(w.B) * w.T * w.m;
  if (object.contains("inputs")) {
    const Json& inputs = object.at("inputs");
    read_array(inputs, "x", x, w.x, place + " inputs");
    read_array(inputs, "ws", ws, w.ws, place + " inputs");
    read_array(inputs, "wt", wt, w.wt, place + " inputs");
    read_array(inputs, "g", g, w.g, place + " inputs");
  } else {
    w.x = numbers(1, x, 2 * half_pi);
    w.ws = numbers(2, ws, 2 * half_pi);
    w.wt = numbers(3, wt, 2 * half_pi);
    w.g = numbers(4, g, 1.0);
  }
  if (object.contains("expected")) {
    const Json& expected = object.at("expected");
    read_array(expected, "y", g, w.y, place + " expected");
    read_array(expected, "gx", x, w.gx, place + " expected");
    read_array(expected, "gws", ws, w.gws, place + " expected");
    read_array(expected, "gwt", wt, w.gwt, place + " expected");
  }
  return w;
}

}  // namespace

Circuit Workload::circuit() const {
  Circuit c;
  c.qubits = n;
  c.angles = n;
  int param = 0;
  auto ring = [](std::vector<Op>& ops, const std::vector<int>& qs) {
    for (std::size_t i = 0; i < qs.size() && qs.size() > 1; ++i)
      ops.push_back({Gate::cx, qs[i], qs[(i + 1) % qs.size()], Source::none, -1});
  };
  std::vector<int> all;
  for (int q = 0; q < n; ++q) all.push_back(q);
  for (int l = 0; l < Ls; ++l) {
    for (int q = 0; q < n; ++q) {
      c.shared.push_back({Gate::ry, q, -1, Source::angle, q});
      c.shared.push_back({Gate::ry, q, -1, Source::param, param++});
      c.shared.push_back({Gate::rz, q, -1, Source::param, param++});
    }
    ring(c.shared, all);
  }
  const int k = local ? local : n;
  for (int t = 0; t < T; ++t) {
    Block& block = c.blocks.emplace_back();
    for (int i = 0; i < k; ++i) block.qubits.push_back((t * k) % n + i);
    for (int l = 0; l < Lt; ++l) {
      for (int q : block.qubits) {
        block.ops.push_back({Gate::ry, q, -1, Source::param, param++});
        block.ops.push_back({Gate::rz, q, -1, Source::param, param++});
      }
      ring(block.ops, block.qubits);
    }
    for (int o = 0; o < m; ++o) block.outputs.push_back({{{{block.qubits[o]}, 1.0, -1}}});
  }
  c.params = param;
  return c;
}

std::vector<Workload> read_workloads(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw data_error("workload file '" + path + "' cannot be read");
  Json json;
  try {
    json = Json::parse(file);
  } catch (const Json::exception& error) {
    throw data_error("workload file '" + path + "': " + error.what());
  }
  std::vector<Workload> workloads;
  if (json.is_array())
    for (const Json& item : json) workloads.push_back(read_one(item, path));
  else
    workloads.push_back(read_one(json, path));
  if (workloads.empty()) throw data_error("workload file '" + path + "': the list is empty");
  return workloads;
}

}  // namespace qmtl
