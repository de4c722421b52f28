// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/circuit/draw.h"
#include "tests/oracle/cases.h"

using namespace qmtl;

namespace {

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) result.push_back(line);
  return result;
}

/// Characters of a UTF-8 line.
std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

TEST_CASE("a small circuit is drawn gate by gate", "[draw]") {
  AnsatzSpec spec;
  spec.qubits = 3;
  spec.register_size = 2;
  CHECK(draw(build(spec)) ==
        "shared stage\n"
        "  q0      RY(a0)─RY(p0)─●───●─\n"
        "                        │   │\n"
        "  q1      RY(a1)─RY(p1)─●─●─┼─\n"
        "                          │ │\n"
        "  q2      RY(a2)─RY(p2)───●─●─\n"
        "\n"
        "block 0 on q0, q1\n"
        "  q0      RY(p3)─\n"
        "  q1      RY(p4)─\n"
        "  output 0 = < 0.5 Z(q0) + 0.5 Z(q1) >\n");
}

TEST_CASE("a CX is drawn with its control and target", "[draw]") {
  Circuit circuit;
  circuit.qubits = 2;
  circuit.shared = {{Gate::cx, 1, 0}};
  CHECK(draw(circuit) ==
        "shared stage\n"
        "  q0      ⊕─\n"
        "          │\n"
        "  q1      ●─\n");
}

TEST_CASE("a wide circuit shows its first qubits and counts the others", "[draw]") {
  AnsatzSpec spec;
  spec.qubits = 2048;
  spec.block_outputs = std::vector<int>(100, 1);
  const std::string text = draw(build(spec));
  CHECK_THAT(text, Catch::Contains("2042 more qubits") && Catch::Contains("99 more blocks"));
  CHECK_THAT(text, !Catch::Contains("q6 "));
  CHECK(lines(text).size() < 40);
}

TEST_CASE("no line is wider than asked, whatever the circuit", "[draw]") {
  for (Entangler entangler : {Entangler::cx_ring, Entangler::cz_ring, Entangler::brickwork_cz})
    for (int qubits : {1, 2, 5, 9, 40})
      for (int layers : {0, 1, 8}) {
        AnsatzSpec spec;
        spec.qubits = qubits;
        spec.layers = layers;
        spec.rotations = {Gate::rz, Gate::ry, Gate::rx};
        spec.entangler = entangler;
        spec.register_size = std::min(qubits, 4);
        spec.block_layers = layers;
        spec.block_entangler = entangler;
        CAPTURE(oracle::describe(spec));
        DrawOptions options;
        options.width = 72;
        std::size_t widest = 0;
        for (const std::string& line : lines(draw(build(spec), options)))
          widest = std::max(widest, columns(line));
        // The count of hidden qubits stands behind its line.
        CHECK(widest <= 72 + std::string(" 34 more qubits").size());
      }
}
