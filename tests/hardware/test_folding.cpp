// SPDX-License-Identifier: Apache-2.0
#include <Eigen/Core>
#include <catch2/catch.hpp>
#include <cmath>
#include <complex>

#include "hardware/executor.h"
#include "hardware/mitigation/basis_gates.h"
#include "hardware/mitigation/extrapolate.h"
#include "hardware/mitigation/folding.h"
#include "runtime/base/error.h"
#include "runtime/noise/channel.h"
#include "tests/hardware/random_program.h"

using namespace qmtl;

namespace {

using Complex = std::complex<double>;
using Unitary = Eigen::MatrixXcd;
constexpr Complex i1(0.0, 1.0);

/// The gate on its own qubits, written down once more; index = bit of q0 + 2 * bit of q1.
Unitary small_matrix(const DeviceOp& op, double a) {
  const double c = std::cos(a / 2), s = std::sin(a / 2);
  Unitary m = Unitary::Zero(1 << info(op.gate).qubits, 1 << info(op.gate).qubits);
  switch (op.gate) {
    case DeviceGate::rx:
      m << c, -i1 * s, -i1 * s, c;
      break;
    case DeviceGate::ry:
      m << c, -s, s, c;
      break;
    case DeviceGate::rz:
      m << std::exp(-i1 * a / 2.0), 0, 0, std::exp(i1 * a / 2.0);
      break;
    case DeviceGate::x:
      m << 0, 1, 1, 0;
      break;
    case DeviceGate::sx:
      m << 0.5 * (1.0 + i1), 0.5 * (1.0 - i1), 0.5 * (1.0 - i1), 0.5 * (1.0 + i1);
      break;
    case DeviceGate::cx:
      m << 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0;
      break;
    case DeviceGate::cz:
      m.diagonal() << 1, 1, 1, -1;
      break;
    case DeviceGate::rzz:
      m.diagonal() << std::exp(-i1 * a / 2.0), std::exp(i1 * a / 2.0), std::exp(i1 * a / 2.0),
          std::exp(-i1 * a / 2.0);
      break;
  }
  return m;
}

Unitary dense(const DeviceProgram& program, std::span<const double> inputs) {
  const Eigen::Index size = Eigen::Index{1} << program.qubits;
  Unitary total = Unitary::Identity(size, size);
  for (const DeviceOp& op : program.ops) {
    const Unitary small = small_matrix(op, value(op.angle, inputs));
    Unitary full = Unitary::Zero(size, size);
    const auto part = [&](Eigen::Index index) {
      return (index >> op.q0 & 1) + (op.q1 < 0 ? 0 : 2 * (index >> op.q1 & 1));
    };
    const Eigen::Index rest =
        ~((Eigen::Index{1} << op.q0) | (op.q1 < 0 ? 0 : Eigen::Index{1} << op.q1)) & (size - 1);
    for (Eigen::Index row = 0; row < size; ++row)
      for (Eigen::Index column = 0; column < size; ++column)
        if ((row & rest) == (column & rest)) full(row, column) = small(part(row), part(column));
    total = full * total;
  }
  return total;
}

/// Largest difference of entries, up to a global phase.
double difference(const Unitary& a, const Unitary& b) {
  const Complex overlap = (a.adjoint() * b).trace();
  return (a * (overlap / std::abs(overlap)) - b).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("Folded programs mean the same and hold gates of the basis only", "[mitigation]") {
  using enum DeviceGate;
  const std::vector<std::vector<DeviceGate>> bases{
      {}, {rz, sx, x, cz}, {rx, rz, rzz, cx}, {sx, ry, rzz, cz}, {rx, ry, rz, x, sx, cx, cz, rzz}};
  for (std::size_t b = 0; b < bases.size(); ++b)
    for (FoldKind kind : {FoldKind::two_qubit, FoldKind::whole})
      for (double factor : {1.0, 1.3, 2.0, 3.0, 3.7, 5.0}) {
        INFO("basis " << b << ", " << name(kind) << ", factor " << factor);
        DeviceProgram program = random_program(static_cast<unsigned>(b), 3, 14, bases[b]);
        program.inputs = {"a0", "a1"};
        for (DeviceOp& op : program.ops)
          if (info(op.gate).angle && op.gate != rzz) op.angle.terms = {{0, 0.5}, {1, -2.0}};
        const double inputs[] = {0.3, 1.1};
        const FoldedProgram folded = fold(program, factor, kind, bases[b]);
        CHECK_NOTHROW(check(folded.program));
        // Products of up to 100 matrices, each entry exact to a few 1e-16.
        CHECK(difference(dense(program, inputs), dense(folded.program, inputs)) < 1e-12);
        const auto folds_count = [&](const DeviceProgram& p) {
          double count = 0;
          for (const DeviceOp& op : p.ops) count += info(op.gate).qubits == 2 ? 1 : 0;
          return count;
        };
        // Half a pair more or less is rounding.
        const double gates = kind == FoldKind::whole ? 14.0 : folds_count(program);
        CHECK(std::abs(folded.factor - factor) <= 1.0 / gates + 1e-12);
        if (kind == FoldKind::two_qubit)
          CHECK(folds_count(folded.program) == Approx(folded.factor * folds_count(program)));
        for (const DeviceOp& op : folded.program.ops) {
          CHECK(in_basis(bases[b], op.gate));
          if (op.gate == rzz && !bases[b].empty()) CHECK(op.angle.constant >= 0.0);  // devices allow no other
        }
      }
}

TEST_CASE("Foldings that make no sense are refused; nothing to fold comes back as it is", "[mitigation]") {
  const DeviceProgram program = random_program(1, 3, 10);
  for (double factor : {0.5, -1.0, 1e9, double{NAN}, HUGE_VAL})
    CHECK_THROWS_AS(fold(program, factor, FoldKind::two_qubit), Error);
  CHECK_THROWS_AS(parse_fold_kind("half"), Error);
  DeviceProgram single = program;
  std::erase_if(single.ops, [](const DeviceOp& op) { return info(op.gate).qubits == 2; });
  CHECK(fold(single, 3.0, FoldKind::two_qubit).program == single);
  CHECK(fold(single, 3.0, FoldKind::two_qubit).factor == 1.0);
  single.ops.clear();
  CHECK(fold(single, 3.0, FoldKind::whole).program == single);
}

TEST_CASE("Extrapolations find what their curves were made of", "[mitigation]") {
  const auto points = [](const auto& curve, double variance = 0.0) {
    std::vector<NoisePoint> made;
    for (double factor : {1.0, 3.0, 5.0}) made.push_back({factor, {curve(factor), variance}});
    return made;
  };
  const auto line = [](double f) { return 0.8 - 0.1 * f; };
  const auto parabola = [](double f) { return 0.8 - 0.1 * f + 0.01 * f * f; };
  const auto decay = [](double f) { return -0.7 * std::exp(-0.2 * f); };
  using enum ExtrapolationKind;
  CHECK(extrapolate(points(line), linear).estimate.value == Approx(0.8));
  CHECK(extrapolate(points(parabola), richardson).estimate.value == Approx(0.8));
  const ZeroNoise fitted = extrapolate(points(decay, 1e-6), exponential);
  CHECK(fitted.estimate.value == Approx(-0.7));
  CHECK(fitted.used == exponential);
  // Lagrange at 0 for 1, 3, 5: 15/8, -10/8, 3/8.
  CHECK(extrapolate(points(line, 0.01), richardson).estimate.variance ==
        Approx(0.01 * (225.0 + 100.0 + 9.0) / 64.0));
  // No curve of that kind: other signs, growth with the noise, nothing but noise.
  const auto crossing = [](double f) { return 0.3 - 0.1 * f; };
  const auto growing = [](double f) { return 0.1 * f; };
  const auto flat = [](double) { return 0.001; };
  CHECK(extrapolate(points(crossing, 1e-6), exponential).used == linear);
  CHECK(extrapolate(points(growing, 1e-6), exponential).used == linear);
  CHECK(extrapolate(points(flat, 1e-4), exponential).used == linear);
  // Equal factors are one point; one factor alone is no curve.
  const std::vector<NoisePoint> same{{1.0, {0.5, 0.02}}, {1.0, {0.7, 0.02}}};
  for (ExtrapolationKind kind : {linear, richardson, exponential}) {
    CHECK(extrapolate(same, kind).estimate.value == Approx(0.6));
    CHECK(extrapolate(same, kind).estimate.variance == Approx(0.01));
    CHECK(parse_extrapolation(name(kind)) == kind);
  }
  CHECK_THROWS_AS(extrapolate({}, linear), Error);
  // The better known point counts more.
  const std::vector<NoisePoint> uneven{{1.0, {0.7, 1e-8}}, {2.0, {0.6, 1e-8}}, {3.0, {0.9, 1.0}}};
  CHECK(extrapolate(uneven, linear).estimate.value == Approx(0.8).margin(1e-6));
}

TEST_CASE("Folding and extrapolating give back at least half of what depolarising noise takes",
          "[mitigation]") {
  NoiseModel noise;
  noise.gates.push_back({Gate::cz, {}, {{depolarising(0.03, 2), -1}}});
  const Executor noisy(noise, 1), exact({}, 1);
  const auto value = [](const Executor& executor, const DeviceProgram& program) {
    const std::vector<double> p = executor.probabilities({program, 1, {}})[0];
    double sum = 0.0;
    for (std::size_t bits = 0; bits < p.size(); ++bits)
      sum += std::popcount(bits) % 2 != 0 ? -p[bits] : p[bits];
    return sum;
  };
  using enum DeviceGate;
  int clear = 0;
  for (unsigned seed = 0; seed < 8; ++seed) {
    const DeviceProgram program = random_program(seed, 4, 24, {ry, rz, cz});
    const double truth = value(exact, program), plain = value(noisy, program);
    if (std::abs(plain - truth) < 0.02) continue;
    ++clear;
    for (ExtrapolationKind kind : {ExtrapolationKind::richardson, ExtrapolationKind::exponential}) {
      std::vector<NoisePoint> points;
      for (double factor : {1.0, 3.0, 5.0}) {
        const FoldedProgram folded = fold(program, factor, FoldKind::two_qubit);
        points.push_back({folded.factor, {value(noisy, folded.program), 0.0}});
      }
      const double mitigated = extrapolate(points, kind).estimate.value;
      INFO("program " << seed << ", " << name(kind) << ": exact " << truth << ", plain " << plain
                      << ", extrapolated " << mitigated);
      CHECK(std::abs(mitigated - truth) < 0.5 * std::abs(plain - truth));
    }
  }
  CHECK(clear > 2);
}
