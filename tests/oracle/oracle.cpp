// SPDX-License-Identifier: Apache-2.0
#include "tests/oracle/oracle.h"

#include <Eigen/SparseCore>
#include <complex>
#include <unsupported/Eigen/KroneckerProduct>
#include <vector>

namespace qmtl::oracle {
namespace {

using Complex = std::complex<double>;
using One = Eigen::Matrix2cd;
using Matrix = Eigen::SparseMatrix<Complex>;
using State = Eigen::VectorXcd;

One pauli(char letter) {
  One p = One::Zero();
  switch (letter) {
    case 'X':
      p << 0, 1, 1, 0;
      break;
    case 'Y':
      p << 0, Complex(0, -1), Complex(0, 1), 0;
      break;
    case 'Z':
      p << 1, 0, 0, -1;
      break;
    default:
      p << 1, 0, 0, 1;
  }
  return p;
}

/// U_{n-1} (x) ... (x) U_1 (x) U_0, with the identity where nothing is placed.
Matrix place(int qubits, std::vector<std::pair<int, One>> factors) {
  Matrix product(1, 1);
  product.insert(0, 0) = 1.0;
  for (int q = qubits - 1; q >= 0; --q) {
    One factor = pauli('I');
    for (const auto& [qubit, matrix] : factors)
      if (qubit == q) factor = matrix;
    Matrix sparse = factor.sparseView();
    Matrix next(product.rows() * 2, product.cols() * 2);
    Eigen::kroneckerProduct(product, sparse).evalTo(next);
    product = next;
  }
  return product;
}

/// The generator by the gate's name: a letter for each qubit behind the r.
std::vector<std::pair<int, One>> generator(const Op& op) {
  const std::string name(info(op.gate).name);
  std::vector<std::pair<int, One>> factors;
  for (std::size_t i = 1; i < name.size(); ++i)
    factors.emplace_back(i == 1 ? op.q0 : op.q1, pauli(static_cast<char>(name[i] - 'a' + 'A')));
  return factors;
}

Matrix sparse_matrix(const Op& op, double angle, int qubits) {
  const One zero = (pauli('I') + pauli('Z')) / 2, one = (pauli('I') - pauli('Z')) / 2;
  switch (op.gate) {
    case Gate::cx:
      return place(qubits, {{op.q0, zero}}) + place(qubits, {{op.q0, one}, {op.q1, pauli('X')}});
    case Gate::cz:
      return place(qubits, {{op.q0, zero}}) + place(qubits, {{op.q0, one}, {op.q1, pauli('Z')}});
    default:
      return place(qubits, {}) * Complex(std::cos(angle / 2)) +
             place(qubits, generator(op)) * Complex(0, -std::sin(angle / 2));
  }
}

/// Eigenvalue of a Z-string on every basis state.
Eigen::VectorXd diagonal(const ZString& string, int qubits) {
  std::vector<std::pair<int, One>> factors;
  for (int q : string.qubits) factors.emplace_back(q, pauli('Z'));
  return Eigen::VectorXcd(place(qubits, factors).diagonal()).real();
}

Eigen::VectorXd diagonal(const Readout& readout, int qubits, std::span<const double> params) {
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(Eigen::Index(1) << qubits);
  for (const ZString& string : readout.strings)
    sum += (string.weight_param >= 0 ? params[std::size_t(string.weight_param)] : string.weight) *
           diagonal(string, qubits);
  return sum;
}

/// Every gate's matrix for one sample; `shared` and `blocks[b]` are parallel to the circuit's operations.
struct Bound {
  std::vector<Matrix> shared;
  std::vector<std::vector<Matrix>> blocks;
};

double angle_of(const Op& op, std::span<const double> angles, std::span<const double> params) {
  switch (op.source) {
    case Source::angle:
      return angles[std::size_t(op.index)];
    case Source::param:
      return params[std::size_t(op.index)];
    default:
      return op.angle;
  }
}

Bound bind(const Circuit& circuit, std::span<const double> angles, std::span<const double> params) {
  Bound bound;
  for (const Op& op : circuit.shared)
    bound.shared.push_back(sparse_matrix(op, angle_of(op, angles, params), circuit.qubits));
  for (const Block& block : circuit.blocks) {
    bound.blocks.emplace_back();
    for (const Op& op : block.ops)
      bound.blocks.back().push_back(sparse_matrix(op, angle_of(op, angles, params), circuit.qubits));
  }
  return bound;
}

State run(State state, const std::vector<Matrix>& gates) {
  for (const Matrix& gate : gates) state = (gate * state).eval();
  return state;
}

State ground(int qubits) {
  State state = State::Zero(Eigen::Index(1) << qubits);
  state(0) = 1.0;
  return state;
}

/// The diagonal of a block's part of the scalar: sum_o g_o D_o + g_{outputs + o} D_o^2.
std::vector<Eigen::VectorXd> weighted_diagonals(const Circuit& circuit, std::span<const double> params,
                                                std::span<const double> cotangents) {
  std::vector<Eigen::VectorXd> sums;
  const std::size_t outputs = std::size_t(circuit.outputs());
  std::size_t o = 0;
  for (const Block& block : circuit.blocks) {
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(Eigen::Index(1) << circuit.qubits);
    for (const Readout& readout : block.outputs) {
      const Eigen::VectorXd d = diagonal(readout, circuit.qubits, params);
      sum += cotangents[o] * d;
      if (cotangents.size() > outputs) sum += cotangents[outputs + o] * d.cwiseProduct(d);
      ++o;
    }
    sums.push_back(sum);
  }
  return sums;
}

double expectation(const Eigen::VectorXd& d, const State& state) { return d.dot(state.cwiseAbs2()); }

}  // namespace

Eigen::MatrixXcd gate_matrix(const Op& op, double angle, int qubits) {
  return sparse_matrix(op, angle, qubits);
}

Eigen::VectorXd values(const Circuit& circuit, std::span<const double> angles, std::span<const double> params,
                       bool second_moments) {
  const Bound bound = bind(circuit, angles, params);
  const State encoded = run(ground(circuit.qubits), bound.shared);
  const Eigen::Index outputs = circuit.outputs();
  Eigen::VectorXd result(second_moments ? 2 * outputs : outputs);
  Eigen::Index o = 0;
  for (std::size_t b = 0; b < circuit.blocks.size(); ++b) {
    const State state = run(encoded, bound.blocks[b]);
    for (const Readout& readout : circuit.blocks[b].outputs) {
      const Eigen::VectorXd d = diagonal(readout, circuit.qubits, params);
      result(o) = expectation(d, state);
      if (second_moments) result(outputs + o) = expectation(d.cwiseProduct(d), state);
      ++o;
    }
  }
  return result;
}

Gradient parameter_shift(const Circuit& circuit, std::span<const double> angles,
                         std::span<const double> params, std::span<const double> cotangents) {
  const int n = circuit.qubits;
  Bound bound = bind(circuit, angles, params);
  const std::vector<Eigen::VectorXd> diagonals = weighted_diagonals(circuit, params, cotangents);
  Gradient gradient{Eigen::VectorXd::Zero(circuit.angles), Eigen::VectorXd::Zero(circuit.params)};
  const auto add = [&](const Op& op, double value) {
    (op.source == Source::angle ? gradient.angles : gradient.params)(op.index) += value;
  };
  // f(a + pi/2) - f(a - pi/2), with the gate's matrix put in place and taken out again.
  const auto difference = [&](const Op& op, Matrix& slot, auto&& scalar) {
    const Matrix kept = slot;
    const double angle = angle_of(op, angles, params), shift = std::acos(-1.0) / 2;
    slot = sparse_matrix(op, angle + shift, n);
    const double plus = scalar();
    slot = sparse_matrix(op, angle - shift, n);
    const double minus = scalar();
    slot = kept;
    return (plus - minus) / 2;
  };
  const auto block_scalar = [&](std::size_t b, const State& encoded) {
    return expectation(diagonals[b], run(encoded, bound.blocks[b]));
  };

  for (std::size_t i = 0; i < circuit.shared.size(); ++i) {
    if (circuit.shared[i].source == Source::none) continue;
    add(circuit.shared[i], difference(circuit.shared[i], bound.shared[i], [&] {
          const State encoded = run(ground(n), bound.shared);
          double sum = 0;
          for (std::size_t b = 0; b < circuit.blocks.size(); ++b) sum += block_scalar(b, encoded);
          return sum;
        }));
  }

  const State encoded = run(ground(n), bound.shared);
  const std::size_t outputs = std::size_t(circuit.outputs());
  std::size_t o = 0;
  for (std::size_t b = 0; b < circuit.blocks.size(); ++b) {
    const Block& block = circuit.blocks[b];
    for (std::size_t i = 0; i < block.ops.size(); ++i)
      if (block.ops[i].source != Source::none)
        add(block.ops[i],
            difference(block.ops[i], bound.blocks[b][i], [&] { return block_scalar(b, encoded); }));
    const State state = run(encoded, bound.blocks[b]);
    for (const Readout& readout : block.outputs) {
      const Eigen::VectorXd d = diagonal(readout, n, params);
      for (const ZString& string : readout.strings) {
        if (string.weight_param < 0) continue;
        const Eigen::VectorXd z = diagonal(string, n);
        double value = cotangents[o] * expectation(z, state);
        if (cotangents.size() > outputs)
          value += cotangents[outputs + o] * 2 * expectation(d.cwiseProduct(z), state);
        gradient.params(string.weight_param) += value;
      }
      ++o;
    }
  }
  return gradient;
}

double finite_difference(const Circuit& circuit, std::span<const double> angles,
                         std::span<const double> params, std::span<const double> cotangents,
                         std::span<const double> d_angles, std::span<const double> d_params, double step) {
  const bool second = cotangents.size() > std::size_t(circuit.outputs());
  const auto at = [&](double t) {
    std::vector<double> a(angles.begin(), angles.end()), p(params.begin(), params.end());
    for (std::size_t i = 0; i < a.size(); ++i) a[i] += t * d_angles[i];
    for (std::size_t i = 0; i < p.size(); ++i) p[i] += t * d_params[i];
    const Eigen::VectorXd v = values(circuit, a, p, second);
    double sum = 0;
    for (Eigen::Index o = 0; o < v.size(); ++o) sum += cotangents[std::size_t(o)] * v(o);
    return sum;
  };
  return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
}

}  // namespace qmtl::oracle
