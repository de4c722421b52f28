// SPDX-License-Identifier: Apache-2.0
#include "tests/noise/dense.h"

#include <cmath>
#include <complex>
#include <unsupported/Eigen/KroneckerProduct>

namespace qmtl::noise_test {
namespace {

using Complex = std::complex<double>;
using One = Eigen::Matrix2cd;

One letter(char name) {
  One m;
  if (name == 'I') m << 1, 0, 0, 1;
  if (name == 'X') m << 0, 1, 1, 0;
  if (name == 'Y') m << 0, Complex(0, -1), Complex(0, 1), 0;
  if (name == 'Z') m << 1, 0, 0, -1;
  return m;
}

/// M_{n-1} (x) ... (x) M_0 with the identity where nothing is given.
Density place(const std::map<int, One>& factors, int total) {
  Density product = Density::Identity(1, 1);
  for (int q = total - 1; q >= 0; --q) {
    const One factor = factors.contains(q) ? factors.at(q) : letter('I');
    product = Eigen::kroneckerProduct(product, factor).eval();
  }
  return product;
}

Density unitary(const Op& op, double angle, int total) {
  const One zero = (letter('I') + letter('Z')) / 2, one = (letter('I') - letter('Z')) / 2;
  if (op.gate == Gate::cx)
    return place({{op.q0, zero}}, total) + place({{op.q0, one}, {op.q1, letter('X')}}, total);
  if (op.gate == Gate::cz)
    return place({{op.q0, zero}}, total) + place({{op.q0, one}, {op.q1, letter('Z')}}, total);
  const char axis = op.gate == Gate::rx ? 'X' : op.gate == Gate::ry ? 'Y' : 'Z';
  return std::cos(angle / 2) * place({}, total) -
         Complex(0, std::sin(angle / 2)) * place({{op.q0, letter(axis)}}, total);
}

/// Populations of one qubit move: rho_11 -> (1 - down) rho_11 + up rho_00 and so on; coherence is multiplied.
Density relax(const Density& rho, int qubit, double down, double up, double coherence) {
  const Eigen::Index bit = Eigen::Index(1) << qubit;
  Density out = rho;
  for (Eigen::Index r = 0; r < rho.rows(); ++r)
    for (Eigen::Index c = 0; c < rho.cols(); ++c) {
      const bool row = r & bit, column = c & bit;
      if (row != column)
        out(r, c) = coherence * rho(r, c);
      else if (row)
        out(r, c) = (1 - down) * rho(r, c) + up * rho(r ^ bit, c ^ bit);
      else
        out(r, c) = (1 - up) * rho(r, c) + down * rho(r ^ bit, c ^ bit);
    }
  return out;
}

/// The listed qubits replaced by the maximally mixed state: the mean over all Pauli conjugations of each.
Density mixed(Density rho, const std::vector<int>& qubits, int total) {
  for (int q : qubits) {
    Density sum = Density::Zero(rho.rows(), rho.cols());
    for (char name : {'I', 'X', 'Y', 'Z'}) {
      const Density p = place({{q, letter(name)}}, total);
      sum += p * rho * p.adjoint() / 4.0;
    }
    rho = sum;
  }
  return rho;
}

}  // namespace

std::string describe(const Physical& physical) {
  std::string text = physical.kind;
  for (double number : physical.numbers) text += " " + std::to_string(number);
  for (const auto& [label, p] : physical.paulis) text += " " + label + "=" + std::to_string(p);
  return text;
}

Channel make_channel(const Physical& physical, int arity) {
  const auto& n = physical.numbers;
  if (physical.kind == "depolarising") return depolarising(n[0], arity);
  if (physical.kind == "amplitude") return amplitude_damping(n[0], n[1]);
  if (physical.kind == "phase") return phase_damping(n[0]);
  if (physical.kind == "thermal") return thermal_relaxation(n[0], n[1], n[2], n[3]);
  const std::vector<std::pair<std::string, double>> list(physical.paulis.begin(), physical.paulis.end());
  return pauli_channel(list);
}

Density after(const Density& rho, const Physical& physical, const std::vector<int>& qubits, int total) {
  const auto& n = physical.numbers;
  if (physical.kind == "depolarising") return (1 - n[0]) * rho + n[0] * mixed(rho, qubits, total);
  if (physical.kind == "amplitude")
    return relax(rho, qubits[0], n[0] * (1 - n[1]), n[0] * n[1], std::sqrt(1 - n[0]));
  if (physical.kind == "phase") return relax(rho, qubits[0], 0, 0, std::sqrt(1 - n[0]));
  if (physical.kind == "thermal") {
    const double decayed = 1 - std::exp(-n[2] / n[0]);
    return relax(rho, qubits[0], decayed * (1 - n[3]), decayed * n[3], std::exp(-n[2] / n[1]));
  }
  Density sum = Density::Zero(rho.rows(), rho.cols());
  double left = 1;
  for (const auto& [label, p] : physical.paulis) {
    std::map<int, One> factors;
    for (std::size_t i = 0; i < label.size(); ++i) factors[qubits[label.size() - 1 - i]] = letter(label[i]);
    const Density m = place(factors, total);
    sum += p * m * rho * m.adjoint();
    left -= p;
  }
  return sum + left * rho;
}

NoiseModel make_model(const std::vector<Rule>& rules) {
  NoiseModel model;
  for (const Rule& rule : rules) {
    GateNoise* entry = nullptr;
    for (GateNoise& known : model.gates)
      if (known.gate == rule.gate && known.qubits == rule.only) entry = &known;
    if (!entry) entry = &model.gates.emplace_back(GateNoise{rule.gate, rule.only, {}});
    entry->channels.push_back({make_channel(rule.physical, rule.both ? 2 : 1), -1});
  }
  return model;
}

Density run(const std::vector<Timed>& timed, const std::vector<double>& op_angles, int qubits,
            const std::vector<Rule>& rules) {
  const Eigen::Index size = Eigen::Index(1) << qubits;
  Density rho = Density::Zero(size, size);
  rho(0, 0) = 1;
  for (std::size_t i = 0; i < timed.size(); ++i) {
    const Op& op = timed[i].op;
    const Density u = unitary(op, op_angles[i], qubits);
    rho = u * rho * u.adjoint();
    bool particular = false;
    for (const Rule& rule : rules)
      if (rule.gate == op.gate && !rule.only.empty() && rule.only[0] == op.q0 &&
          (op.q1 < 0 || rule.only[1] == op.q1))
        particular = true;
    for (const Rule& rule : rules) {
      if (rule.gate != op.gate || rule.only.empty() == particular) continue;
      if (particular && (rule.only[0] != op.q0 || (op.q1 >= 0 && rule.only[1] != op.q1))) continue;
      if (rule.both) {
        rho = after(rho, rule.physical, {op.q0, op.q1}, qubits);
        continue;
      }
      rho = after(rho, rule.physical, {op.q0}, qubits);
      if (op.q1 >= 0) rho = after(rho, rule.physical, {op.q1}, qubits);
    }
  }
  return rho;
}

std::vector<double> probabilities(const Density& rho, const std::vector<int>& measured,
                                  const std::map<int, ReadoutError>& errors) {
  std::vector<double> result(std::size_t{1} << measured.size(), 0.0);
  for (Eigen::Index state = 0; state < rho.rows(); ++state)
    for (std::size_t read = 0; read < result.size(); ++read) {
      double chance = rho(state, state).real();
      for (std::size_t i = 0; i < measured.size(); ++i) {
        const bool is = state >> measured[i] & 1, reads = read >> i & 1;
        const ReadoutError error = errors.contains(measured[i]) ? errors.at(measured[i]) : ReadoutError{};
        const double flip = is ? error.p0_given_1 : error.p1_given_0;
        chance *= is == reads ? 1 - flip : flip;
      }
      result[read] += chance;
    }
  return result;
}

}  // namespace qmtl::noise_test
