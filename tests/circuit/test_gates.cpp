// SPDX-License-Identifier: Apache-2.0
#include <Eigen/Core>
#include <algorithm>
#include <catch2/catch.hpp>
#include <unsupported/Eigen/KroneckerProduct>

#include "runtime/circuit/writer.h"
#include "tests/oracle/oracle.h"

using namespace qmtl;

namespace {

using Matrix = Eigen::MatrixXcd;
using C = std::complex<double>;

/// Three dozen sine, cosine and product roundings of numbers not above 1.
constexpr double gate_tolerance = 48 * 2.2e-16;

/// U of OpenQASM 3.
Matrix u3(double theta, double phi, double lambda) {
  Matrix m(2, 2);
  m << std::cos(theta / 2), -std::polar(1.0, lambda) * std::sin(theta / 2),
      std::polar(1.0, phi) * std::sin(theta / 2), std::polar(1.0, phi + lambda) * std::cos(theta / 2);
  return m;
}

/// The last qubit's gate where all others are 1; the first qubit is the lowest bit.
Matrix controlled(const Matrix& gate, int controls = 1) {
  const Eigen::Index ones = (Eigen::Index(1) << controls) - 1, step = Eigen::Index(1) << controls;
  Matrix m = Matrix::Identity(2 * step, 2 * step);
  for (Eigen::Index r = 0; r < 2; ++r)
    for (Eigen::Index c = 0; c < 2; ++c) m(ones + r * step, ones + c * step) = gate(r, c);
  return m;
}

Matrix pauli(char letter) {
  Matrix p(2, 2);
  if (letter == 'X') p << 0, 1, 1, 0;
  if (letter == 'Y') p << 0, C(0, -1), C(0, 1), 0;
  if (letter == 'Z') p << 1, 0, 0, -1;
  return p;
}

/// exp(-i angle P / 2); the first letter belongs to the lowest bit.
Matrix rotation(const std::string& letters, double angle) {
  Matrix p = Matrix::Identity(1, 1);
  for (char letter : letters) p = Matrix(Eigen::kroneckerProduct(pauli(letter), p));
  return std::cos(angle / 2) * Matrix::Identity(p.rows(), p.cols()) - C(0, std::sin(angle / 2)) * p;
}

Matrix permutation(const std::vector<int>& to, const std::vector<C>& factors) {
  Matrix m = Matrix::Zero(Eigen::Index(to.size()), Eigen::Index(to.size()));
  for (std::size_t i = 0; i < to.size(); ++i) m(to[i], Eigen::Index(i)) = factors[i];
  return m;
}

/// What every gate is, by its name: the definitions of OpenQASM 3's stdgates.inc, and of Qiskit for iswap,
/// ecr and rzx. Nothing of the table is used.
Matrix by_name(const std::string& name, const std::vector<double>& a) {
  const double pi = std::acos(-1.0), root = std::sqrt(0.5);
  const Matrix h = (pauli('X') + pauli('Z')) * root, s = u3(0, 0, pi / 2), t = u3(0, 0, pi / 4);
  Matrix sx(2, 2);
  sx << C(0.5, 0.5), C(0.5, -0.5), C(0.5, -0.5), C(0.5, 0.5);
  const std::vector<C> ones(8, 1.0);
  if (name == "x" || name == "y" || name == "z") return pauli(static_cast<char>(name[0] - 32));
  if (name == "h") return h;
  if (name == "s") return s;
  if (name == "sdg") return s.adjoint();
  if (name == "t") return t;
  if (name == "tdg") return t.adjoint();
  if (name == "sx") return sx;
  if (name == "sxdg") return sx.adjoint();
  if (name == "p") return u3(0, 0, a[0]);
  if (name == "u") return u3(a[0], a[1], a[2]);
  if (name == "cx" || name == "cy" || name == "cz") return controlled(pauli(static_cast<char>(name[1] - 32)));
  if (name == "ch") return controlled(h);
  if (name == "swap") return permutation({0, 2, 1, 3}, {1, 1, 1, 1});
  if (name == "iswap") return permutation({0, 2, 1, 3}, {1, C(0, 1), C(0, 1), 1});
  if (name == "ecr") {
    Matrix m(4, 4);
    m << 0, 1, 0, C(0, 1), 1, 0, C(0, -1), 0, 0, C(0, 1), 0, 1, C(0, -1), 0, 1, 0;
    return m * root;
  }
  if (name == "cp") return controlled(u3(0, 0, a[0]));
  if (name == "ccx") return controlled(pauli('X'), 2);
  if (name == "ccz") return controlled(pauli('Z'), 2);
  if (name == "cswap") return permutation({0, 1, 2, 5, 4, 3, 6, 7}, ones);
  if (name[0] == 'c') return controlled(rotation({static_cast<char>(name[2] - 32)}, a[0]));
  std::string letters;
  for (char letter : name.substr(1)) letters += static_cast<char>(letter - 32);
  return rotation(letters, a[0]);
}

/// The product of the elementary gates that a table's row expands to.
Matrix by_parts(Gate gate, const std::vector<double>& numbers) {
  const int arity = info(gate).arity;
  Circuit circuit;
  circuit.qubits = arity;
  std::vector<Expression> angles;
  for (double number : numbers) angles.push_back({number, {}});
  const std::vector<int> qubits{0, 1, 2};
  std::vector<Op> ops;
  CircuitWriter(circuit).add(ops, gate, std::span(qubits).first(std::size_t(arity)), angles);
  Matrix all = Matrix::Identity(Eigen::Index(1) << arity, Eigen::Index(1) << arity);
  for (const Op& op : ops) {
    CHECK(is_elementary(op.gate));
    all = (oracle::gate_matrix(op, op.angle, arity) * all).eval();
  }
  return all;
}

Matrix table_matrix(Gate gate, double angle) {
  const auto entries = matrix(gate, angle);
  const Eigen::Index size = Eigen::Index(1) << info(gate).arity;
  Matrix m(size, size);
  for (Eigen::Index row = 0; row < size; ++row)
    for (Eigen::Index column = 0; column < size; ++column)
      m(row, column) = entries[std::size_t(row * size + column)];
  return m;
}

}  // namespace

TEST_CASE("every gate is what its name means, up to a phase of the whole state", "[gates]") {
  for (const GateInfo& row : gate_table)
    for (double angle : {0.3, -1.2, 3.14159265358979, 7.5}) {
      std::vector<double> angles;
      for (int i = 0; i < row.angles; ++i) angles.push_back(angle * (1 - 0.7 * i));
      CAPTURE(row.name, angle);
      const Matrix expected = by_name(std::string(row.name), angles), found = by_parts(row.gate, angles);
      REQUIRE(found.rows() == expected.rows());
      const C phase = (expected.adjoint() * found).trace() / double(expected.rows());
      CHECK(std::abs(std::abs(phase) - 1.0) < gate_tolerance);
      CHECK((found - phase * expected).cwiseAbs().maxCoeff() < gate_tolerance);
    }
}

TEST_CASE("every elementary gate's matrix is what its name means", "[gates]") {
  for (const GateInfo& row : gate_table) {
    if (!is_elementary(row.gate)) continue;
    for (double angle : {0.0, 0.3, -1.2, 7.5}) {
      CAPTURE(row.name, angle);
      CHECK((table_matrix(row.gate, angle) - by_name(std::string(row.name), {angle})).cwiseAbs().maxCoeff() <
            gate_tolerance);
    }
  }
}

TEST_CASE("every gate is found by its name and nothing else is", "[gates]") {
  for (const GateInfo& row : gate_table) CHECK(gate_by_name(row.name) == row.gate);
  CHECK_FALSE(gate_by_name("cnot").has_value());
  CHECK_FALSE(gate_by_name("").has_value());
}

TEST_CASE("every gate is found by what it turns about or controls, and by each name of OpenQASM alone",
          "[gates]") {
  std::vector<std::string_view> names;
  for (const GateInfo& row : gate_table) {
    INFO(row.name);
    if (is_rotation(row.gate)) CHECK(rotation_about(row.generator) == row.gate);
    if (is_elementary(row.gate) && !is_rotation(row.gate)) CHECK(controlled_gate(row.axes[1]) == row.gate);
    CHECK(gate_by_qasm_name(row.name) == row.gate);
    names.push_back(row.name);
    for (std::string_view other : row.other_names) {
      if (other.empty()) continue;
      CHECK(gate_by_qasm_name(other) == row.gate);
      CHECK_FALSE(gate_by_name(other));
      names.push_back(other);
    }
  }
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK_FALSE(gate_by_qasm_name(""));
  CHECK_THROWS(rotation_about("YX"));
  CHECK_THROWS(controlled_gate('I'));
}

TEST_CASE("a rotation's shift rule gives the derivative of its matrix elements' expectation", "[gates]") {
  for (const GateInfo& row : gate_table) {
    if (!is_rotation(row.gate) || !is_elementary(row.gate)) continue;
    CAPTURE(row.name);
    // A state and an observable that no axis of rotation leaves alone.
    Eigen::VectorXcd start(2);
    start << std::cos(0.3), std::complex<double>(0.2, 1.0) * std::sin(0.3);
    Eigen::MatrixXcd observable(2, 2);
    observable << 0.7, std::complex<double>(0.1, 0.4), std::complex<double>(0.1, -0.4), -0.2;
    start.normalize();
    const auto f = [&](double a) {
      const Eigen::VectorXcd v = table_matrix(row.gate, a) * start;
      return v.dot(observable * v).real();
    };
    const double a = 0.83, h = 1e-4;
    const double by_shift =
        (f(a + parameter_shift) - f(a - parameter_shift)) / (2 * std::sin(parameter_shift));
    const double by_difference = (f(a + h) - f(a - h)) / (2 * h);
    // Truncation h^2 / 6 and cancellation eps / h are both near 2e-9 and 2e-12.
    CHECK(by_shift == Approx(by_difference).margin(1e-8));
  }
}
