// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hardware/executor.h"
#include "runtime/base/philox.h"

namespace qmtl::executor_cases {

/// A number in [0, 1) for (case, position).
inline double random01(std::uint32_t which, std::uint32_t position) {
  return philox({position, 0, 0, 0}, {which, 7})[0] * 0x1p-32;
}

/// Every gate of the table in a random place, angles with and without inputs.
inline DeviceProgram random_program(std::uint32_t which, int qubits, int gates, int measured) {
  DeviceProgram program;
  program.name = "random";
  program.qubits = qubits;
  program.inputs = {"a0", "a1"};
  std::uint32_t at = 0;
  const auto below = [&](int n) { return static_cast<int>(random01(which, at++) * n); };
  for (int q = 0; q < qubits; ++q)
    program.ops.push_back({DeviceGate::ry, q, -1, {random01(which, at++) * 3, {}}});
  for (int g = 0; g < gates; ++g) {
    const DeviceGateInfo& row = device_gates[static_cast<std::size_t>(below(8))];
    DeviceOp op{row.gate, below(qubits), -1, {}};
    if (row.qubits == 2) op.q1 = (op.q0 + 1 + below(qubits - 1)) % qubits;
    if (row.angle) op.angle.constant = 6 * random01(which, at++) - 3;
    if (row.angle && below(2) == 1) op.angle.terms = {{0, 1.5}, {1, -0.5}};
    program.ops.push_back(op);
  }
  // The last qubits first: the order of the classical bits is not that of the qubits.
  for (int c = 0; c < measured; ++c) program.measured.push_back(qubits - 1 - c);
  check(program);
  return program;
}

inline Sweep two_rows(DeviceProgram program) { return {std::move(program), 2, {0.3, 1.1, -0.7, 0.4}}; }

inline std::size_t index_of(const std::string& bits) {
  std::size_t index = 0;
  for (char bit : bits) index = index << 1 | (bit == '1');
  return index;
}

/// Pearson's statistic over outcomes expected at least 5 times, the others as one; and its degrees of
/// freedom.
inline std::pair<double, double> chi_square(const Counts& counts, const std::vector<double>& probabilities,
                                            double shots) {
  std::vector<double> seen(probabilities.size(), 0.0);
  for (const auto& [bits, count] : counts) seen[index_of(bits)] += static_cast<double>(count);
  double sum = 0, rare_seen = 0, rare = 0, cells = -1;
  const auto add = [&](double found, double expected) {
    if (expected > 0) sum += (found - expected) * (found - expected) / expected, cells += 1;
  };
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (probabilities[i] * shots >= 5)
      add(seen[i], probabilities[i] * shots);
    else
      rare_seen += seen[i], rare += probabilities[i] * shots;
  }
  if (rare > 1) add(rare_seen, rare);
  return {sum, cells};
}

/// The statistic's mean is its degrees of freedom d, its deviation sqrt(2 d); ten deviations and 20 more for
/// the heavier tail of few cells leave a chance below 1e-9 a case.
inline bool likely(const Counts& counts, const std::vector<double>& probabilities, double shots) {
  const auto [sum, freedom] = chi_square(counts, probabilities, shots);
  UNSCOPED_INFO("chi square " << sum << " of " << freedom << " degrees of freedom");
  return sum < freedom + 10 * std::sqrt(2 * freedom) + 20;
}

inline std::uint64_t total(const Counts& counts) {
  std::uint64_t sum = 0;
  for (const auto& [bits, count] : counts) sum += count;
  return sum;
}

/// 20 qubits: rotations from inputs, a ring of cz, rotations; what a head of tasks sends.
inline DeviceProgram wide_program(int qubits) {
  DeviceProgram program;
  program.name = "wide";
  program.qubits = qubits;
  for (int q = 0; q < qubits; ++q) {
    program.inputs.push_back("a" + std::to_string(1000 + q));
    program.ops.push_back({DeviceGate::ry, q, -1, {0.0, {{q, 1.0}}}});
  }
  for (int q = 0; q < qubits; ++q) program.ops.push_back({DeviceGate::cz, q, (q + 1) % qubits, {}});
  for (int q = 0; q < qubits; ++q) {
    program.ops.push_back({DeviceGate::ry, q, -1, {0.2 + 0.1 * q, {}}});
    program.measured.push_back(q);
  }
  return program;
}

inline NoiseModel some_noise() {
  NoiseModel noise;
  noise.gates = {{Gate::rx, {}, {{depolarising(0.02, 1), -1}}, 1},
                 {Gate::ry, {}, {{amplitude_damping(0.03), -1}}, 1},
                 {Gate::cz, {}, {{depolarising(0.05, 2), -1}}, 1}};
  noise.readout = {0.01, 0.04};
  return noise;
}

}  // namespace qmtl::executor_cases
