// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "hardware/mitigation/basis_gates.h"
#include "hardware/mitigation/bit_counts.h"
#include "hardware/mitigation/readout.h"

namespace qmtl {
namespace {

using QubitPairs = std::span<const std::pair<int, int>>;

/// Colours 1, 2, ... in the order of the qubits, so that the qubits of a pair differ.
std::vector<unsigned> coloured(std::span<const int> qubits, QubitPairs pairs) {
  std::map<int, unsigned> colour;
  for (int qubit : qubits) {
    std::vector<unsigned> taken;
    for (const auto& [first, second] : pairs) {
      const int other = first == qubit ? second : second == qubit ? first : -1;
      if (other >= 0 && colour.contains(other)) taken.push_back(colour[other]);
    }
    unsigned free = 1;
    while (std::find(taken.begin(), taken.end(), free) != taken.end()) ++free;
    colour[qubit] = free;
  }
  std::vector<unsigned> colours;
  for (int qubit : qubits) colours.push_back(colour[qubit]);
  return colours;
}

void check_pairs(std::span<const int> qubits, QubitPairs pairs) {
  const auto given = [&](int qubit) {
    return std::find(qubits.begin(), qubits.end(), qubit) != qubits.end();
  };
  for (const auto& [first, second] : pairs)
    if (!given(first) || !given(second) || first >= second)
      throw usage_error("readout calibration: pair " + std::to_string(first) + ", " + std::to_string(second) +
                        ": expected two of the calibrated qubits in ascending order");
}

/// shots[prepared][read] of some readings, over all programs.
using Table = std::array<std::array<std::uint64_t, 4>, 4>;

Table tabulate(std::span<const CalibrationProgram> programs, std::span<const Counts> counts,
               std::span<const int> bits) {
  Table table{};
  for (std::size_t i = 0; i < programs.size(); ++i) {
    std::size_t prepared = 0;
    for (std::size_t b = 0; b < bits.size(); ++b)
      prepared |= std::size_t{programs[i].prepared[static_cast<std::size_t>(bits[b])]} << b;
    for (const auto& [read, count] : counts[i]) {
      std::size_t pattern = 0;
      for (std::size_t b = 0; b < bits.size(); ++b) pattern |= std::size_t{bit_of(read, bits[b])} << b;
      table[prepared][pattern] += count;
    }
  }
  return table;
}

std::uint64_t row_sum(const std::array<std::uint64_t, 4>& row) { return row[0] + row[1] + row[2] + row[3]; }

double share(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::vector<CalibrationProgram> calibration_programs(std::span<const int> qubits, QubitPairs pairs,
                                                     const DeviceTarget& target) {
  check_pairs(qubits, pairs);
  const std::vector<unsigned> colours = coloured(qubits, pairs);
  const unsigned most = colours.empty() ? 1 : *std::max_element(colours.begin(), colours.end());
  // Program r prepares colour c in the parity of r & c: any two colours see 00, 01, 10 and 11 equally often.
  const unsigned programs = std::bit_ceil(most + 1);
  std::vector<CalibrationProgram> made;
  for (unsigned r = 0; r < programs; ++r) {
    CalibrationProgram next{empty_program("readout_" + std::to_string(r), qubits, target), {}};
    for (std::size_t i = 0; i < qubits.size(); ++i) {
      next.prepared.push_back(std::popcount(r & colours[i]) % 2 != 0);
      if (!next.prepared.back()) continue;
      for (const DeviceOp& op : flip(next.program.measured[i], target.basis)) next.program.ops.push_back(op);
    }
    made.push_back(std::move(next));
  }
  return made;
}

ReadoutCalibration estimate_readout(std::span<const CalibrationProgram> programs,
                                    std::span<const Counts> counts, QubitPairs pairs) {
  if (programs.empty() || counts.size() != programs.size())
    throw EndpointError(EndpointFault::malformed, "readout calibration: expected counts of " +
                                                      std::to_string(programs.size()) + " programs, found " +
                                                      std::to_string(counts.size()));
  const std::vector<int>& measured = programs[0].program.measured;
  for (std::size_t i = 0; i < counts.size(); ++i)
    require_bits(counts[i], measured.size(), "readout calibration, program " + programs[i].program.name);

  ReadoutCalibration calibration;
  for (std::size_t c = 0; c < measured.size(); ++c) {
    const Table seen = tabulate(programs, counts, std::array{static_cast<int>(c)});
    const std::uint64_t shots0 = row_sum(seen[0]), shots1 = row_sum(seen[1]);
    calibration.qubits[measured[c]] = {{share(seen[0][1], shots0), share(seen[1][0], shots1)},
                                       {shots0, shots1}};
  }
  const auto bit_at = [&](int qubit) {
    const auto found = std::find(measured.begin(), measured.end(), qubit);
    if (found == measured.end())
      throw usage_error("readout calibration: qubit " + std::to_string(qubit) + " of a pair is not read");
    return static_cast<int>(found - measured.begin());
  };
  for (const auto& pair : pairs) {
    const Table seen = tabulate(programs, counts, std::array{bit_at(pair.first), bit_at(pair.second)});
    PairReadout& readout = calibration.pairs[pair];
    for (std::size_t prepared = 0; prepared < 4; ++prepared) {
      readout.shots[prepared] = row_sum(seen[prepared]);
      for (std::size_t read = 0; read < 4; ++read)
        readout.assignment[read][prepared] = share(seen[prepared][read], readout.shots[prepared]);
    }
  }
  return calibration;
}

}  // namespace qmtl
