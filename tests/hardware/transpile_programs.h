// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
#include <set>

#include "hardware/transpile/topologies.h"
#include "hardware/transpile/transpile.h"
#include "runtime/circuit/ansatz/ansatz.h"
#include "tests/hardware/transpile_cases.h"
#include "tests/oracle/cases.h"

namespace qmtl {

inline std::string padded(const char* letter, int number) {
  std::string digits = std::to_string(number);
  return letter + std::string(4 - digits.size(), '0') + digits;
}

/// Layers of RY and an entangler; every second layer's angles are inputs.
inline DeviceProgram head(Entangler entangler, int qubits, int layers, bool inputs) {
  DeviceProgram program;
  program.name = "head";
  program.qubits = qubits;
  const auto angles = oracle::uniform(static_cast<std::uint64_t>(qubits), 1000, -7.0, 7.0);
  std::vector<int> all;
  for (int q = 0; q < qubits; ++q) all.push_back(q);
  for (int layer = 0; layer < layers; ++layer) {
    for (int q = 0; q < qubits; ++q) {
      AngleSum angle{angles[static_cast<std::size_t>(layer * qubits + q)], {}};
      if (inputs && layer % 2 == 0) {
        angle.terms = {{static_cast<int>(program.inputs.size()), 1.0}};
        program.inputs.push_back(padded("a", static_cast<int>(program.inputs.size())));
      }
      program.ops.push_back({DeviceGate::ry, q, -1, angle});
    }
    for (const Op& op : entangle(entangler, all, layer))
      program.ops.push_back({op.gate == Gate::cx ? DeviceGate::cx : DeviceGate::cz, op.q0, op.q1, {}});
  }
  for (int q = 0; q < qubits; ++q) program.ops.push_back({DeviceGate::ry, q, -1, {0.1 * q - 0.4, {}}});
  return program;
}

inline std::vector<DeviceGate> basis(std::initializer_list<DeviceGate> gates) { return gates; }
struct NamedBasis {
  const char* name;
  std::vector<DeviceGate> gates;
};
inline std::vector<NamedBasis> bases() {
  using enum DeviceGate;
  return {{"heron", basis({cz, rz, sx, x})},
          {"heron fractional", basis({cz, rz, sx, x, rx, rzz})},
          {"eagle", basis({cx, rz, sx, x})},
          {"rotations with cx", basis({rx, ry, rz, cx})},
          {"rotations with cz", basis({rx, ry, rz, cz})},
          {"no x", basis({rz, sx, cz})},
          {"ry, rz and rzz", basis({ry, rz, rzz})},
          {"all", {}}};
}

/// Checks the rules of the device and that the transpiled program does the same as the original.
inline void check_equal(const DeviceProgram& program, const DeviceTarget& target,
                        const TranspileResult& result) {
  REQUIRE_NOTHROW(check(result.program));
  REQUIRE(result.program.inputs == program.inputs);
  const std::set<DeviceGate> allowed(target.basis.begin(), target.basis.end());
  const std::set<std::pair<int, int>> coupled(target.coupling.begin(), target.coupling.end());
  std::set<int> touched;
  for (const DeviceOp& op : result.program.ops) {
    CAPTURE(info(op.gate).name, op.q0, op.q1);
    REQUIRE((allowed.empty() || allowed.contains(op.gate)));
    REQUIRE((op.q1 < 0 || coupled.empty() || coupled.contains({op.q0, op.q1})));
    if (!allowed.empty() && op.gate == DeviceGate::rzz) {
      REQUIRE(op.angle.bound());
      REQUIRE((op.angle.constant >= 0 && op.angle.constant <= half_pi));
    }
    touched.insert(op.q0);
    if (op.q1 >= 0) touched.insert(op.q1);
  }
  for (int physical : result.layout) touched.insert(physical);
  for (int physical : result.final_layout) touched.insert(physical);
  for (int physical : result.program.measured) touched.insert(physical);
  // The program's qubits are the low bits, in their order; then come the others the device used.
  std::map<int, int> logical, physical;
  for (int q = 0; q < program.qubits; ++q) logical[q] = q;
  for (int q = 0; q < program.qubits; ++q) physical[result.final_layout[static_cast<std::size_t>(q)]] = q;
  REQUIRE(physical.size() == static_cast<std::size_t>(program.qubits));
  for (int q : touched) physical.emplace(q, static_cast<int>(physical.size()));
  REQUIRE(physical.size() <= 22);

  const auto inputs = oracle::uniform(99, program.inputs.size(), -4.0, 4.0);
  const oracle::State before = oracle::state_of(program, inputs, logical);
  const oracle::State after = oracle::state_of(result.program, inputs, physical);
  if (program.measured.empty()) {
    // The other qubits must end in |0>: the overlap is of whole states. 1e-9 bounds a thousand roundings and
    // angles that were taken for special ones within 1e-12.
    const double overlap = std::abs(before.dot(after.head(before.size())));
    REQUIRE(overlap > 1 - 1e-9);
    return;
  }
  std::vector<int> bits;
  for (std::size_t c = 0; c < program.measured.size(); ++c) {
    REQUIRE(result.program.measured[c] == result.final_layout[static_cast<std::size_t>(program.measured[c])]);
    bits.push_back(physical.at(result.program.measured[c]));
  }
  const double difference =
      (oracle::distribution(before, program.measured) - oracle::distribution(after, bits))
          .cwiseAbs()
          .maxCoeff();
  REQUIRE(difference < 1e-9);
}

}  // namespace qmtl
