// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/ionq_states.h"

#include <algorithm>

namespace qmtl {

using Json = nlohmann::json;

namespace {

/// "101" as "5".
std::string decimal_of(const std::string& bits) {
  std::vector<int> digits{0};  // least significant first
  for (char bit : bits) {
    int carry = bit == '1';
    for (int& digit : digits) {
      carry += 2 * digit;
      digit = carry % 10;
      carry /= 10;
    }
    if (carry > 0) digits.push_back(carry);
  }
  std::string text;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) text += static_cast<char>('0' + *digit);
  return text;
}

std::string bits_of(std::size_t index, std::size_t width) {
  std::string bits(width, '0');
  for (std::size_t bit = 0; bit < width; ++bit)
    if (index >> bit & 1) bits[width - 1 - bit] = '1';
  return bits;
}

std::uint64_t total(const Counts& counts) {
  std::uint64_t sum = 0;
  for (const auto& [bits, count] : counts) sum += count;
  return sum;
}

}  // namespace

Json ionq_frequencies(const Counts& counts) {
  Json states = Json::object();
  const auto shots = static_cast<double>(total(counts));
  for (const auto& [bits, count] : counts) states[decimal_of(bits)] = static_cast<double>(count) / shots;
  return states;
}

Json ionq_probabilities(const std::vector<double>& probabilities, std::size_t width, bool reversed) {
  Json states = Json::object();
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] < 1e-15) continue;
    std::string bits = bits_of(i, width);
    if (reversed) std::reverse(bits.begin(), bits.end());
    states[decimal_of(bits)] = probabilities[i];
  }
  return states;
}

Json ionq_histogram(const Counts& counts) {
  Json states = Json::object();
  for (const auto& [bits, count] : counts) states[decimal_of(bits)] = count;
  return states;
}

Json ionq_shots(const Counts& counts) {
  Json list = Json::array();
  for (const auto& [bits, count] : counts)
    for (std::uint64_t i = 0; i < count; ++i) list.push_back(decimal_of(bits));
  return list;
}

Json ionq_shot_registers(const EmulatedRun& run, const Counts& counts, bool leakage) {
  Json list = Json::array();
  for (const auto& [bits, count] : counts)
    for (std::uint64_t i = 0; i < count; ++i) {
      Json registers = Json::object();
      std::size_t at = bits.size();
      for (const QasmRegister& row : run.registers) {
        Json values = Json::array();
        for (int bit = 0; bit < row.bits; ++bit) values.push_back(bits[--at] == '1' ? 1 : 0);
        registers[row.name] = values;
      }
      Json shot{{"registers", registers}};
      if (leakage && list.empty()) shot["leakage_bits"] = Json::array({1});
      list.push_back(std::move(shot));
    }
  return {{"shots", list}};
}

}  // namespace qmtl
