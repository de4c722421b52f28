// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>

#include "hardware/transpile/target_json.h"
#include "hardware/transpile/topologies.h"
#include "runtime/base/error.h"

using namespace qmtl;

TEST_CASE("Topologies have the qubits and couplings of their names", "[target]") {
  struct Row {
    const char* name;
    int qubits, pairs, most_neighbours;
  };
  const Row rows[] = {{"line-1", 1, 0, 0},        {"line-20", 20, 19, 2},     {"ring-12", 12, 12, 2},
                      {"grid-4x5", 20, 31, 4},    {"grid-1x3", 3, 2, 2},      {"heavy-hex-1", 1, 0, 0},
                      {"heavy-hex-3", 19, 20, 3}, {"heavy-hex-5", 57, 64, 3}, {"heavy-hex-7", 115, 132, 3}};
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const DeviceTarget target = parse_topology(row.name);
    CHECK(target.name == row.name);
    CHECK(target.qubits == row.qubits);
    CHECK(static_cast<int>(target.coupling.size()) == 2 * row.pairs);
    std::vector<int> degree(static_cast<std::size_t>(row.qubits), 0);
    std::set<std::pair<int, int>> pairs(target.coupling.begin(), target.coupling.end());
    CHECK(pairs.size() == target.coupling.size());
    for (const auto& [a, b] : target.coupling) {
      CHECK(pairs.contains({b, a}));
      ++degree[static_cast<std::size_t>(a)];
    }
    CHECK(*std::max_element(degree.begin(), degree.end()) == row.most_neighbours);
  }
}

TEST_CASE("The heavy-hexagonal lattice of distance 3 is numbered as Qiskit's", "[target]") {
  // sorted({tuple(sorted(e)) for e in CouplingMap.from_heavy_hex(3).get_edges()}), Qiskit 2.6
  const std::set<std::pair<int, int>> expected{
      {0, 9},  {0, 13}, {1, 13}, {1, 14}, {2, 14}, {3, 9},  {3, 15},  {4, 15},  {4, 16},  {5, 12},
      {5, 16}, {6, 17}, {7, 17}, {7, 18}, {8, 12}, {8, 18}, {10, 14}, {10, 16}, {11, 15}, {11, 17}};
  std::set<std::pair<int, int>> found;
  for (const auto& pair : heavy_hex_target(3).coupling) found.insert(std::minmax(pair.first, pair.second));
  CHECK(found == expected);
}

TEST_CASE("Names of devices that make no sense are refused", "[target]") {
  for (const char* name : {"", "line", "line-", "line-0", "line--3", "line-4x", "ring-2", "grid-4", "grid-4x",
                           "grid-x5", "grid-0x5", "grid-99999x99999", "heavy-hex-4", "heavy-hex-0",
                           "heavy-hex-2000001", "line-99999999999999", "torus-3", "heavy-hex-"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(parse_topology(name), Error);
  }
}

TEST_CASE("A backend configuration gives qubits, basis and coupling", "[target]") {
  const DeviceTarget target = parse_target(
      R"({"backend_name": "ibm_small", "n_qubits": 3, "basis_gates": ["cz", "id", "rz", "sx", "x", "ecr", "reset"],
          "coupling_map": [[0, 1], [2, 1]], "dt": 4e-9, "gates": [{"name": "rz"}]})",
      "small.json");
  CHECK(target == DeviceTarget{"ibm_small",
                               3,
                               {DeviceGate::cz, DeviceGate::rz, DeviceGate::sx, DeviceGate::x},
                               {{0, 1}, {2, 1}},
                               {"ecr", "reset"}});
  CHECK(parse_target(R"({"n_qubits": 3, "basis_gates": ["cx"], "coupling_map": null})", "a/b.json").name ==
        "b");
}

TEST_CASE("A configuration that makes no sense is refused with file and key", "[target]") {
  using Catch::Matchers::Contains;
  const std::pair<std::string, const char*> cases[] = {
      {"", "expected JSON"},
      {"{", "expected JSON"},
      {"[]", "object"},
      {R"({"basis_gates": ["cz"]})", "n_qubits"},
      {R"({"n_qubits": -1, "basis_gates": ["cz"]})", "n_qubits"},
      {R"({"n_qubits": 1e9, "basis_gates": ["cz"]})", "n_qubits"},
      {R"({"n_qubits": 99999999999999999999, "basis_gates": ["cz"]})", "n_qubits"},
      {R"({"n_qubits": 100000, "basis_gates": ["cz"]})", "n_qubits"},
      {R"({"n_qubits": 2})", "basis_gates"},
      {R"({"n_qubits": 2, "basis_gates": "cz"})", "basis_gates"},
      {R"({"n_qubits": 2, "basis_gates": [1]})", "basis_gates"},
      {R"({"n_qubits": 2, "basis_gates": ["ecr"]})", "basis_gates"},
      {R"({"n_qubits": 2, "basis_gates": ["cz"], "coupling_map": 3})", "coupling_map"},
      {R"({"n_qubits": 2, "basis_gates": ["cz"], "coupling_map": []})", "coupling_map"},
      {R"({"n_qubits": 2, "basis_gates": ["cz"], "coupling_map": [[0]]})", "coupling_map"},
      {R"({"n_qubits": 2, "basis_gates": ["cz"], "coupling_map": [[0, 2]]})", "coupling_map"},
      {R"({"n_qubits": 2, "basis_gates": ["cz"], "coupling_map": [[0, -1]]})", "coupling_map"},
      {R"({"n_qubits": 2, "basis_gates": ["cz"], "coupling_map": [[1, 1]]})", "coupling_map"},
      {R"({"n_qubits": 2, "basis_gates": ["cz"], "coupling_map": [[0, "1"]]})", "coupling_map"},
      {"{\"n_qubits\": 2, \"basis_gates\": [" + std::string(100000, '[') + std::string(100000, ']') + "]}",
       "basis_gates"},
  };
  for (const auto& [text, key] : cases) {
    CAPTURE(text.substr(0, 100));
    CHECK_THROWS_WITH(parse_target(text, "bad.json"), Contains("bad.json") && Contains(key));
  }
}

TEST_CASE("A basis is a list of names", "[target]") {
  DeviceTarget target;
  set_basis(target, "cz,rz,sx,x,id,rzz");
  CHECK(target.basis ==
        std::vector{DeviceGate::cz, DeviceGate::rz, DeviceGate::sx, DeviceGate::x, DeviceGate::rzz});
  for (const char* names : {"", "cz,,rz", "cz rz", "cz,ecr", "id"}) {
    CAPTURE(names);
    CHECK_THROWS_AS(set_basis(target, names), Error);
  }
}
