// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#include "tests/noise/dense.h"

namespace qmtl::noise_test {

/// A random circuit with its inputs.
struct Case {
  Circuit circuit;
  std::vector<double> angles, params;
};

/// `gates` random operations, half in the shared stage, half in each of two blocks with registers of `width`
/// qubits in random order; readouts are Z of each register qubit with weights, and one string of all.
inline Case random_case(std::mt19937& random, int qubits, int gates, int width) {
  Case made;
  Circuit& c = made.circuit;
  c.qubits = qubits;
  const auto number = [&](int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); };
  const auto angle = [&] { return 6.0 * (static_cast<double>(random()) / 4294967296.0) - 3.0; };
  const auto ops = [&](int count, std::vector<int> among) {
    std::vector<Op> list;
    for (int i = 0; i < count; ++i) {
      Op op;
      op.gate = gate_table[static_cast<std::size_t>(number(5))].gate;
      std::shuffle(among.begin(), among.end(), random);
      op.q0 = among[0];
      if (info(op.gate).arity == 2) {
        op.q1 = among[1];
      } else if (number(2)) {
        op.source = Source::angle;
        op.index = c.angles++;
        made.angles.push_back(angle());
      } else {
        op.source = Source::param;
        op.index = c.params++;
        made.params.push_back(angle());
      }
      list.push_back(op);
    }
    return list;
  };
  std::vector<int> all(static_cast<std::size_t>(qubits));
  for (int q = 0; q < qubits; ++q) all[static_cast<std::size_t>(q)] = q;
  c.shared = ops(gates / 2, all);
  for (int b = 0; b < 2; ++b) {
    Block block;
    std::shuffle(all.begin(), all.end(), random);
    block.qubits.assign(all.begin(), all.begin() + width);
    block.ops = ops(gates / 2, block.qubits);
    Readout mean, product;
    std::vector<int> sorted = block.qubits;
    std::sort(sorted.begin(), sorted.end());
    for (int q : sorted) mean.strings.push_back({{q}, 0.5 + 0.25 * q, -1});
    product.strings.push_back({sorted, 1.0, -1});
    product.strings.push_back({{}, 0.125, -1});
    block.outputs = {mean, product};
    c.blocks.push_back(block);
  }
  return made;
}

/// The oracle's probabilities of one block.
inline std::vector<double> expected_probabilities(const Case& made, std::size_t block,
                                                  const std::vector<Rule>& rules,
                                                  const std::map<int, ReadoutError>& errors) {
  std::vector<Op> ops = made.circuit.shared;
  const Block& chosen = made.circuit.blocks[block];
  ops.insert(ops.end(), chosen.ops.begin(), chosen.ops.end());
  const std::vector<Timed> timed = schedule(ops, made.circuit.qubits);
  std::vector<double> op_angles;
  for (const Timed& entry : timed) {
    const auto index = static_cast<std::size_t>(entry.op.index);
    op_angles.push_back(entry.op.source == Source::angle   ? made.angles[index]
                        : entry.op.source == Source::param ? made.params[index]
                                                           : 0.0);
  }
  return probabilities(run(timed, op_angles, made.circuit.qubits, rules), chosen.qubits, errors);
}

/// The oracle's readout of one output from its block's probabilities.
inline double expected_value(const Block& block, const Readout& readout, const std::vector<double>& p) {
  double sum = 0;
  for (std::size_t bits = 0; bits < p.size(); ++bits)
    for (const ZString& string : readout.strings) {
      double sign = 1;
      for (int qubit : string.qubits)
        for (std::size_t i = 0; i < block.qubits.size(); ++i)
          if (block.qubits[i] == qubit && (bits >> i & 1)) sign = -sign;
      sum += sign * string.weight * p[bits];
    }
  return sum;
}

/// One case per channel, on one-qubit and on two-qubit gates; strong enough that a wrong one shows.
inline std::vector<std::vector<Rule>> channel_cases() {
  const std::vector<Physical> one_qubit{{"depolarising", {0.2}, {}},
                                        {"depolarising", {4.0 / 3.0}, {}},
                                        {"amplitude", {0.3, 0.0}, {}},
                                        {"amplitude", {0.25, 0.3}, {}},
                                        {"phase", {0.35}, {}},
                                        {"thermal", {50.0, 30.0, 15.0, 0.0}, {}},
                                        {"thermal", {50.0, 90.0, 20.0, 0.2}, {}},
                                        {"thermal", {50.0, 100.0, 20.0, 0.0}, {}},
                                        {"pauli", {}, {{"X", 0.1}, {"Y", 0.05}, {"Z", 0.15}}}};
  const std::vector<Physical> two_qubit{
      {"depolarising", {0.25}, {}},
      {"depolarising", {16.0 / 15.0}, {}},
      {"pauli", {}, {{"XI", 0.1}, {"IZ", 0.08}, {"YX", 0.07}, {"ZZ", 0.05}}}};
  std::vector<std::vector<Rule>> cases;
  for (const Physical& physical : one_qubit) {
    std::vector<Rule> rules;
    for (const GateInfo& row : gate_table)
      if (is_elementary(row.gate)) rules.push_back({row.gate, {}, physical, false});
    cases.push_back(rules);
  }
  for (const Physical& physical : two_qubit) {
    std::vector<Rule> rules;
    for (const GateInfo& row : gate_table)
      if (row.arity == 2 && is_elementary(row.gate)) rules.push_back({row.gate, {}, physical, true});
    cases.push_back(rules);
  }
  // Several channels in order, and an entry for one pair that replaces the general one.
  cases.push_back({{Gate::ry, {}, one_qubit[2], false},
                   {Gate::ry, {}, one_qubit[8], false},
                   {Gate::ry, {1}, one_qubit[5], false},
                   {Gate::cz, {}, two_qubit[2], true},
                   {Gate::cz, {}, one_qubit[3], false},
                   {Gate::cx, {}, one_qubit[6], false},
                   {Gate::cx, {0, 1}, two_qubit[2], true}});
  return cases;
}

}  // namespace qmtl::noise_test
