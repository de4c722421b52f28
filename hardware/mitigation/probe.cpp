// SPDX-License-Identifier: Apache-2.0
#include "hardware/mitigation/probe.h"

#include <array>
#include <cmath>
#include <vector>

#include "hardware/mitigation/basis_gates.h"
#include "hardware/mitigation/bit_counts.h"

namespace qmtl {
namespace {

/// Share of ones of each bit, in percent, classical bit 0 first.
std::string shares_text(const Counts& counts, std::size_t readings) {
  std::string text;
  for (std::size_t c = 0; c < readings; ++c) {
    double ones = 0.0;
    for (const auto& [read, count] : counts)
      ones += bit_of(read, static_cast<int>(c)) * static_cast<double>(count);
    text += (c == 0 ? "" : ", ") +
            std::to_string(std::lround(100.0 * ones / static_cast<double>(total_shots(counts)))) + " %";
  }
  return text;
}

}  // namespace

DeviceProgram probe_program(std::span<const int> qubits, const DeviceTarget& target) {
  DeviceProgram program = empty_program("probe", qubits, target);
  if (!qubits.empty()) program.ops = flip(qubits[0], target.basis);
  return program;
}

std::string_view name(ProbeFinding finding) {
  constexpr std::array<std::string_view, 4> names{"ok", "reversed", "permuted", "inconclusive"};
  return names[static_cast<std::size_t>(finding)];
}

ProbeFinding check_probe(const Counts& counts, std::size_t readings) {
  require_bits(counts, readings, "probe");
  for (const auto& [read, count] : counts)
    if (read.size() != readings)
      throw EndpointError(EndpointFault::malformed, "probe: expected counts of " + std::to_string(readings) +
                                                        " bits, found '" + read + "'");
  const double shots = static_cast<double>(total_shots(counts));
  std::vector<std::size_t> set;
  for (std::size_t c = 0; c < readings; ++c) {
    double ones = 0.0;
    for (const auto& [read, count] : counts)
      ones += bit_of(read, static_cast<int>(c)) * static_cast<double>(count);
    const double deviation = ones / shots - 0.5;
    if (std::abs(deviation) < 1.5 / std::sqrt(shots)) return ProbeFinding::inconclusive;
    if (deviation > 0) set.push_back(c);
  }
  if (set.size() != 1) return ProbeFinding::inconclusive;
  if (set[0] == 0) return ProbeFinding::ok;
  return set[0] + 1 == readings ? ProbeFinding::reversed : ProbeFinding::permuted;
}

void require_probe(const Counts& counts, std::size_t readings, const EndpointInfo& info) {
  const ProbeFinding finding = check_probe(counts, readings);
  if (finding == ProbeFinding::ok) return;
  const std::string where = info.kind + " endpoint, backend " + info.backend + ": the probe ";
  const std::string found =
      " (x on classical bit 0 alone; shares of ones of bits 0, 1, ...: " + shares_text(counts, readings) +
      "). ";
  const std::string advice =
      finding == ProbeFinding::inconclusive
          ? "was inconclusive" + found +
                "Too few shots or too noisy qubits: probe with more --probe-shots, or --avoid the qubits "
                "that read wrong."
          : "came back " + std::string(name(finding)) + found +
                "Results would be read from the wrong qubits: correct the endpoint's bit order before use.";
  throw EndpointError(EndpointFault::malformed, where + advice);
}

}  // namespace qmtl
