// SPDX-License-Identifier: Apache-2.0
#include <Eigen/Core>
#include <catch2/catch.hpp>
#include <unsupported/Eigen/KroneckerProduct>

#include "runtime/circuit/gates.h"
#include "tests/oracle/oracle.h"

using namespace qmtl;

namespace {

/// A dozen sine, cosine and product roundings of numbers not above 1.
constexpr double tolerance = 16 * 2.2e-16;

Op op_of(Gate gate) { return {gate, 0, info(gate).arity == 2 ? 1 : -1, Source::none, -1}; }

Eigen::MatrixXcd table_matrix(Gate gate, double angle) {
  const auto entries = matrix(gate, angle);
  const Eigen::Index size = Eigen::Index(1) << info(gate).arity;
  Eigen::MatrixXcd m(size, size);
  for (Eigen::Index row = 0; row < size; ++row)
    for (Eigen::Index column = 0; column < size; ++column)
      m(row, column) = entries[std::size_t(row * size + column)];
  return m;
}

}  // namespace

TEST_CASE("every gate's matrix is the oracle's, is unitary and is undone by the opposite angle", "[gates]") {
  for (const GateInfo& row : gate_table)
    for (double angle : {0.0, 0.3, -1.2, 3.14159265358979, 7.5}) {
      CAPTURE(row.name, angle);
      const Eigen::MatrixXcd m = table_matrix(row.gate, angle);
      CHECK((m - oracle::gate_matrix(op_of(row.gate), angle, row.arity)).cwiseAbs().maxCoeff() < tolerance);
      const auto identity = Eigen::MatrixXcd::Identity(m.rows(), m.cols());
      CHECK((m * m.adjoint() - identity).cwiseAbs().maxCoeff() < tolerance);
      CHECK((m * table_matrix(row.gate, -angle) - identity).cwiseAbs().maxCoeff() < tolerance);
    }
}

TEST_CASE("the gates that a gate is made of do what it does", "[gates]") {
  int made = 0;
  for (const GateInfo& row : gate_table)
    for (double angle : {0.0, 0.3, -1.2, 7.5}) {
      CAPTURE(row.name, angle);
      std::vector<Op> ops;
      append_gate(ops,
                  {row.gate, 0, row.arity == 2 ? 1 : -1, is_rotation(row.gate) ? Source::param : Source::none,
                   is_rotation(row.gate) ? 0 : -1});
      made += ops.size() > 1;
      Eigen::MatrixXcd all = Eigen::MatrixXcd::Identity(1 << row.arity, 1 << row.arity);
      for (const Op& op : ops) {
        CHECK(is_elementary(op.gate));
        all = (oracle::gate_matrix(op, angle, row.arity) * all).eval();
      }
      CHECK((all - table_matrix(row.gate, angle)).cwiseAbs().maxCoeff() < tolerance);
    }
  CHECK(made > 0);
}

TEST_CASE("every gate is found by its name and nothing else is", "[gates]") {
  for (const GateInfo& row : gate_table) CHECK(gate_by_name(row.name) == row.gate);
  CHECK_FALSE(gate_by_name("h").has_value());
  CHECK_FALSE(gate_by_name("").has_value());
}

TEST_CASE("a rotation's shift rule gives the derivative of its matrix elements' expectation", "[gates]") {
  for (const GateInfo& row : gate_table) {
    if (!is_rotation(row.gate)) continue;
    CAPTURE(row.name);
    // A state and an observable that no axis of rotation leaves alone.
    Eigen::VectorXcd start(2);
    start << std::cos(0.3), std::complex<double>(0.2, 1.0) * std::sin(0.3);
    Eigen::MatrixXcd observable(2, 2);
    observable << 0.7, std::complex<double>(0.1, 0.4), std::complex<double>(0.1, -0.4), -0.2;
    if (row.arity == 2) {
      start = Eigen::VectorXcd(Eigen::kroneckerProduct(start, start));
      observable = Eigen::MatrixXcd(Eigen::kroneckerProduct(observable, observable));
    }
    start.normalize();
    const auto f = [&](double a) {
      const Eigen::VectorXcd v = table_matrix(row.gate, a) * start;
      return v.dot(observable * v).real();
    };
    const double a = 0.83, h = 1e-4;
    const double by_shift = (f(a + row.shift) - f(a - row.shift)) / (2 * std::sin(row.shift));
    const double by_difference = (f(a + h) - f(a - h)) / (2 * h);
    // Truncation h^2 / 6 and cancellation eps / h are both near 2e-9 and 2e-12.
    CHECK(by_shift == Approx(by_difference).margin(1e-8));
  }
}
