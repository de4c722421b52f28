// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/ionq_results.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "runtime/noise/random.h"

namespace qmtl {
namespace {

/// "5" as bits, bit q of the result = qubit q.
std::vector<bool> bits_of_decimal(const std::string& text, int qubits, const SortedJsonField& place) {
  const auto refuse = [&] {
    place.wrong("states of " + std::to_string(qubits) + " qubits as decimal numbers",
                "'" + text.substr(0, 40) + "'");
  };
  if (text.empty() || text.size() > 400 || text.find_first_not_of("0123456789") != std::string::npos)
    refuse();
  std::string digits = text;
  std::vector<bool> bits;
  while (digits != "0") {
    std::string half;
    int carry = 0;
    for (char c : digits) {
      const int value = 10 * carry + (c - '0');
      if (!half.empty() || value >= 2) half += static_cast<char>('0' + value / 2);
      carry = value % 2;
    }
    bits.push_back(carry == 1);
    digits = half.empty() ? "0" : half;
    if (static_cast<int>(bits.size()) > qubits) refuse();
  }
  bits.resize(static_cast<std::size_t>(qubits));
  return bits;
}

/// What the program's classical bits read of all qubits; bit 0 is the rightmost.
std::string read_bits(const std::vector<bool>& qubits, const DeviceProgram& program) {
  std::string text(program.measured.size(), '0');
  for (std::size_t c = 0; c < program.measured.size(); ++c)
    if (qubits[static_cast<std::size_t>(program.measured[c])]) text[text.size() - 1 - c] = '1';
  return text;
}

/// Probability of every reading, with a sum of one up to the service's rounding.
std::map<std::string, double> probabilities(const SortedJsonField& states, const DeviceProgram& program) {
  std::map<std::string, double> readings;
  double total = 0;
  for (const auto& [state, answer] : states.members()) {
    const double p = answer.number();
    if (p < 0 || p > 1.000001) answer.wrong("a probability", std::to_string(p));
    readings[read_bits(bits_of_decimal(state, ionq_width(program), states), program)] += p;
    total += p;
  }
  // Services round to about six digits; a state that is missing would show.
  if (std::abs(total - 1) > 1e-3) states.wrong("probabilities that add up to 1", std::to_string(total));
  for (auto& [bits, p] : readings) p /= total;
  return readings;
}

void check_sum(std::int64_t sum, const SortedJsonField& place, const IonqReading& reading) {
  if (sum != reading.shots)
    place.wrong("counts that add up to " + std::to_string(reading.shots) + " shots", std::to_string(sum));
}

}  // namespace

IonqCounts sample_ionq(const SortedJsonField& states, const IonqReading& reading, std::uint64_t key) {
  std::vector<std::pair<double, std::string>> steps;
  double sum = 0;
  for (const auto& [bits, p] : probabilities(states, reading.program)) {
    if (p <= 0) continue;
    sum += p;
    steps.emplace_back(sum, bits);
  }
  IonqCounts result;
  const NoiseRandom random(key);
  for (std::int64_t shot = 0; shot < reading.shots; ++shot) {
    const double level =
        sum * random.uniform(NoiseRandom::Purpose::shot, {0, 0, static_cast<std::uint32_t>(shot)}, 0);
    const auto step = std::upper_bound(steps.begin(), steps.end(), level,
                                       [](double value, const auto& entry) { return value < entry.first; });
    ++result.counts[step == steps.end() ? steps.back().second : step->second];
  }
  return result;
}

IonqCounts round_ionq(const SortedJsonField& states, const IonqReading& reading) {
  IonqCounts result;
  std::vector<std::pair<double, std::string>> remainders;
  std::int64_t left = reading.shots;
  for (const auto& [bits, p] : probabilities(states, reading.program)) {
    const double exact = p * static_cast<double>(reading.shots), whole = std::floor(exact + 1e-9);
    if (whole > 0) result.counts[bits] = static_cast<std::uint64_t>(whole);
    left -= static_cast<std::int64_t>(whole);
    remainders.emplace_back(exact - whole, bits);
  }
  std::stable_sort(remainders.begin(), remainders.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; i < remainders.size() && left > 0; ++i, --left)
    ++result.counts[remainders[i].second];
  return result;
}

IonqCounts count_ionq(const SortedJsonField& states, const IonqReading& reading) {
  IonqCounts result;
  std::int64_t sum = 0;
  for (const auto& [state, answer] : states.members()) {
    const std::int64_t count = answer.integer(0, reading.shots);
    const auto bits = bits_of_decimal(state, ionq_width(reading.program), states);
    if (count > 0) result.counts[read_bits(bits, reading.program)] += static_cast<std::uint64_t>(count);
    sum += count;
    if (sum > reading.shots) break;
  }
  check_sum(sum, states, reading);
  return result;
}

IonqCounts read_ionq_shots(const SortedJsonField& answer, const IonqReading& reading) {
  const DeviceProgram& program = reading.program;
  IonqCounts result;
  const SortedJsonField shots = answer.is_list() ? answer : answer.at("shots");
  check_sum(static_cast<std::int64_t>(shots.size()), shots, reading);
  for (const SortedJsonField& shot : shots.list()) {
    if (shot.is_text()) {
      ++result.counts[read_bits(bits_of_decimal(shot.text(), ionq_width(program), shot), program)];
      continue;
    }
    bool leaked = false;
    if (const auto marks = shot.find("leakage_bits"))
      for (const SortedJsonField& mark : marks->list()) leaked = leaked || mark.integer(0, 1) != 0;
    if (leaked) {
      ++result.dropped;
      continue;
    }
    const auto registers = shot.at("registers").members();
    if (registers.size() != 1)
      shot.wrong("one register of all qubits", std::to_string(registers.size()) + " registers");
    const SortedJsonField& bits = registers.front().second;
    if (static_cast<int>(bits.size()) != ionq_width(program))
      bits.wrong(std::to_string(ionq_width(program)) + " bits", std::to_string(bits.size()));
    std::vector<bool> qubits;
    for (const SortedJsonField& bit : bits.list()) qubits.push_back(bit.integer(0, 1) != 0);
    ++result.counts[read_bits(qubits, program)];
  }
  return result;
}

}  // namespace qmtl
