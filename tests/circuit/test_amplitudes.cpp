// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <complex>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/circuit/ansatz/unread.h"
#include "runtime/circuit/draw.h"
#include "runtime/circuit/plan/analysis.h"
#include "tests/circuit/refusal.h"
#include "tests/oracle/cases.h"
#include "tests/oracle/oracle.h"
#include "tests/oracle/published.h"

using namespace qmtl;

// Amplitude encoding against a normalised vector, written out plainly.

namespace {

/// A hundred gates of four roundings, and norms over a handful of levels: 1e-13.
constexpr double amplitude_tolerance = 1e-12;

CircuitLayer encoding(int numbers = 0, std::vector<int> qubits = {}) {
  CircuitLayer layer;
  layer.encode = LayerEncoding::amplitude;
  layer.numbers = numbers;
  layer.qubits = std::move(qubits);
  return layer;
}

/// "X0 Z2" for base-4 digits 1, 0, 3.
std::string pauli_text(int string, int qubits) {
  std::string text;
  for (int q = 0; q < qubits; ++q, string /= 4)
    if (string % 4)
      text += (text.empty() ? "" : " ") + std::string(1, "IXYZ"[string % 4]) + std::to_string(q);
  return text;
}

/// Every Pauli string but the identity of all qubits, measured right behind an encoding of `numbers`.
AnsatzSpec tomography(int qubits, int numbers) {
  AnsatzSpec spec;
  spec.qubits = qubits;
  spec.stage = {encoding(numbers)};
  spec.placement = Placement::global;
  spec.block_layers = 0;
  for (int string = 1; string < (1 << (2 * qubits)); ++string)
    spec.observables.push_back(pauli_text(string, qubits));
  spec.block_outputs = {static_cast<int>(spec.observables.size())};
  return spec;
}

/// The string's image of a vector: X and Y flip bits, Z and Y give signs, Y a factor i more.
std::vector<std::complex<double>> image(int string, int qubits, const std::vector<double>& x) {
  std::vector<std::complex<double>> result(x.size());
  for (std::size_t j = 0; j < x.size(); ++j) {
    std::size_t to = j;
    std::complex<double> factor = x[j];
    int rest = string;
    for (int q = 0; q < qubits; ++q, rest /= 4) {
      const bool one = (j >> q) & 1;
      if (rest % 4 == 1 || rest % 4 == 2) to ^= std::size_t{1} << q;
      if (rest % 4 == 2) factor *= std::complex<double>(0, one ? -1 : 1);
      if (rest % 4 == 3 && one) factor = -factor;
    }
    result[to] += factor;
  }
  return result;
}

/// f = x^T P x / |x|^2 and its gradient 2 (P x - f x) / |x|^2 for each string; `numbers` of x are variables.
void check_vector(const std::vector<double>& numbers, int qubits) {
  INFO("x = " << Catch::Detail::stringify(numbers) << " on " << qubits << " qubits");
  const Assembly made = assemble(tomography(qubits, static_cast<int>(numbers.size())));
  const Circuit& circuit = made.circuit;
  REQUIRE(circuit.sample_inputs() == static_cast<int>(numbers.size()));
  std::vector<double> x = numbers, angles;
  x.resize(std::size_t{1} << qubits);
  double square = 0;
  for (double number : x) square += number * number;
  const std::vector<double> read = oracle::function_inputs(circuit, numbers);
  for (const Expression& angle : circuit.angle_of) angles.push_back(value(angle, read, {}));
  const Eigen::VectorXd parts = oracle::values(circuit, angles, {});
  for (std::size_t o = 0; o < made.outputs.size(); ++o) {
    INFO(pauli_text(static_cast<int>(o) + 1, qubits));
    const auto of_x = image(static_cast<int>(o) + 1, qubits, x);
    std::complex<double> expected = 0;
    for (std::size_t j = 0; j < x.size(); ++j) expected += x[j] * of_x[j];
    expected /= square;
    double found = 0;
    std::vector<double> cotangents(static_cast<std::size_t>(circuit.outputs()));
    for (int part : made.outputs[o]) {
      found += parts[part];
      cotangents[static_cast<std::size_t>(part)] = 1.0;
    }
    CHECK(std::abs(found - expected.real()) < amplitude_tolerance);
    const oracle::Gradient gradient = oracle::parameter_shift(circuit, angles, {}, cotangents);
    std::vector<double> of_read(read.size());
    for (std::size_t a = 0; a < angles.size(); ++a)
      add_gradient(circuit.angle_of[a], gradient.angles[static_cast<Eigen::Index>(a)], read, {}, of_read, {});
    const std::vector<double> of_sample = oracle::sample_gradient(circuit, numbers, of_read);
    for (std::size_t j = 0; j < numbers.size(); ++j) {
      const double exact = 2 * (of_x[j].real() - expected.real() * x[j]) / square;
      CHECK(std::abs(of_sample[j] - exact) < amplitude_tolerance * 10 * (1 + std::abs(exact)));
    }
  }
}

}  // namespace

TEST_CASE("numbers of a sample become a state's amplitudes, with exact gradients", "[amplitudes]") {
  for (int qubits = 1; qubits <= 3; ++qubits)
    for (int numbers = 1; numbers <= (1 << qubits); ++numbers)
      check_vector(oracle::uniform(static_cast<std::uint64_t>(10 * qubits + numbers),
                                   static_cast<std::size_t>(numbers), -2.0, 2.0),
                   qubits);
  // Signs of single numbers and of whole halves; padding behind a negative number.
  check_vector({-1, -2, -3, -4}, 2);
  check_vector({1, 2, -3}, 2);
  check_vector({-0.5}, 1);
  // A zero beside a number in every pair, far apart sizes.
  check_vector({0, -1, 2, 0, 0, 3, -4, 0}, 3);
  check_vector({1e-3, -1, 1e-2, 1e-3}, 2);
}

TEST_CASE("an encoding does not depend on the length of the vector", "[amplitudes]") {
  const AmplitudeEncoding encoding{3, {0, 1, 2, 3, 4, 5}, 6};
  const std::vector<double> x = oracle::uniform(5, 6, -1.0, 1.0);
  std::vector<double> angles(7), scaled(7);
  amplitude_angles(encoding, x, angles);
  // Squares of these would leave the range of doubles.
  for (double length : {0x1p-600, 0x1p600}) {
    std::vector<double> longer = x;
    for (double& number : longer) number *= length;
    amplitude_angles(encoding, longer, scaled);
    CHECK(scaled == angles);
  }
}

TEST_CASE("where numbers are all 0 an encoding is defined", "[amplitudes]") {
  const AmplitudeEncoding encoding{2, {0, 1, 2, 3}, 4};
  std::vector<double> angles(3, 7.0), gradient(4, 0.0);
  const std::vector<double> ones(3, 1.0);
  // |00>: nothing turns, nothing is learned.
  amplitude_angles(encoding, std::vector<double>(4, 0.0), angles);
  CHECK(angles == std::vector<double>(3, 0.0));
  amplitude_angles(encoding, std::vector<double>(4, -0.0), angles);
  for (double angle : angles) CHECK(angle == 0.0);
  add_amplitude_gradient(encoding, std::vector<double>(4, 0.0), ones, gradient);
  CHECK(gradient == std::vector<double>(4, 0.0));
  // Half of it: the first of the half's numbers has the derivative of the state, from both sides; for the
  // other the state has one that rotations cannot tell at this point, and the encoding says 0.
  const Assembly made = assemble(tomography(2, 4));
  const std::vector<double> x{0.6, -0.8, 0, 0};
  const auto of_strings = [&](const std::vector<double>& at) {
    const std::vector<double> read = oracle::function_inputs(made.circuit, at);
    std::vector<double> by;
    for (const Expression& angle : made.circuit.angle_of) by.push_back(value(angle, read, {}));
    return std::make_pair(oracle::values(made.circuit, by, {}), by);
  };
  const auto [values, by] = of_strings(x);
  for (int part = 0; part < made.circuit.outputs(); ++part) {
    std::vector<double> cotangents(static_cast<std::size_t>(made.circuit.outputs())), of_read(7);
    cotangents[static_cast<std::size_t>(part)] = 1.0;
    const oracle::Gradient shifted = oracle::parameter_shift(made.circuit, by, {}, cotangents);
    const std::vector<double> read = oracle::function_inputs(made.circuit, x);
    for (std::size_t a = 0; a < by.size(); ++a)
      add_gradient(made.circuit.angle_of[a], shifted.angles[static_cast<Eigen::Index>(a)], read, {}, of_read,
                   {});
    const std::vector<double> found = oracle::sample_gradient(made.circuit, x, of_read);
    std::vector<double> above = x, below = x;
    above[2] += 1e-6;
    below[2] -= 1e-6;
    const double slope = (of_strings(above).first[part] - of_strings(below).first[part]) / 2e-6;
    // Third derivatives of order ten times 1e-12 / 6, and 1e-16 / 1e-6 of rounding.
    CHECK(std::abs(found[2] - slope) < 1e-9);
    CHECK(found[3] == 0.0);
  }
}

TEST_CASE("an encoding takes the next numbers, listed ones or so many, and as few qubits as hold them",
          "[amplitudes]") {
  AnsatzSpec spec;
  spec.qubits = 4;
  spec.placement = Placement::global;
  CircuitLayer upload;
  upload.upload = Gate::rx;
  upload.qubits = {3};
  spec.stage = {upload, encoding(0, {2, 0, 1})};
  Circuit circuit = build(spec);
  CHECK(circuit.sample_inputs() == 9);
  REQUIRE(circuit.encodings.size() == 1);
  CHECK(circuit.encodings[0] == AmplitudeEncoding{3, {1, 2, 3, 4, 5, 6, 7, 8}, 9});
  CHECK(spec.angles() == 9);
  // The lowest bit is the first position: the last level turns it.
  CHECK(circuit.shared[1].q0 == 1);
  CHECK(circuit.shared.back().q1 == 2);

  spec.stage = {encoding(3)};
  circuit = build(spec);
  CHECK(circuit.sample_inputs() == 3);
  for (const Op& op : circuit.shared) CHECK(std::max(op.q0, op.q1) < 2);

  spec.stage[0].numbers = 0;
  spec.stage[0].inputs = {{4}, {0}, {4}};
  circuit = build(spec);
  CHECK(circuit.sample_inputs() == 5);
  CHECK(circuit.encodings[0].of == std::vector<int>{4, 0, 4});
  CHECK(analyse(circuit).dead_angles == std::vector<int>{1, 2, 3});
  CHECK_THROWS_WITH(check_inputs_read(spec), Catch::Contains("circuit.layer[0].inputs") &&
                                                 Catch::Contains("all 5 inputs") &&
                                                 Catch::Contains("input 1 and 2 more"));
  // An encoding reads what it encodes, whichever gates prepare it, and a block what the stage leaves.
  spec.stage[0].inputs = {{4}, {0}, {2}};
  spec.blocks.resize(1);
  spec.blocks[0].layers.resize(1);
  spec.blocks[0].layers[0].upload = Gate::ry;
  spec.blocks[0].layers[0].inputs = {{1}, {3}, {0, 4}, {2}};
  CHECK_NOTHROW(check_inputs_read(spec));
  spec.blocks.clear();
  // 2^n - 1 rotations and 2^n - 2 CX.
  spec.stage = {encoding()};
  circuit = build(spec);
  CHECK(circuit.shared.size() == 15 + 14);
  CHECK(circuit.angles == 15);
}

TEST_CASE("a preparation is drawn as one symbol on its qubits", "[amplitudes]") {
  AnsatzSpec spec;
  spec.qubits = 3;
  spec.placement = Placement::global;
  CircuitLayer rest;
  rest.gates = {Gate::rx};
  spec.stage = {encoding(0, {0, 1}), rest};
  const std::string drawn = draw(build(spec));
  INFO(drawn);
  CHECK_THAT(drawn, Catch::Contains("q0      |z0..z3>─RX(p0)"));
  CHECK_THAT(drawn, Catch::Contains("q1      |z0..z3>─RX(p1)"));
  CHECK_THAT(drawn, Catch::Contains("q2      RX(p2)"));
  CHECK_THAT(drawn, !Catch::Contains("RY(a"));
}

TEST_CASE("tasks that encode the same numbers share their angles", "[amplitudes]") {
  AnsatzSpec spec;
  spec.qubits = 4;
  CircuitLayer nothing;
  spec.stage = {nothing};
  spec.block_outputs = {1, 1};
  for (int b = 0; b < 2; ++b) {
    BlockSpec block;
    block.key = "task.t" + std::to_string(b);
    block.qubits = {2 * b, 2 * b + 1};
    block.layers = {encoding()};
    block.layers[0].first_input = 0;
    spec.blocks.push_back(block);
  }
  const Circuit circuit = build(spec);
  CHECK(circuit.sample_inputs() == 4);
  CHECK(circuit.encodings.size() == 1);
  CHECK(circuit.angles == 3);
}

TEST_CASE("an encoding that cannot stand is refused with its key and what to do", "[amplitudes]") {
  AnsatzSpec spec;
  spec.qubits = 3;
  spec.placement = Placement::global;
  const auto refused = [&](std::vector<CircuitLayer> stage) {
    spec.stage = std::move(stage);
    return test::message_of(spec);
  };
  using Catch::Contains;
  CHECK_THAT(refused({encoding(9)}), Contains("circuit.layer[0].numbers: expected at most 8 numbers as "
                                              "amplitudes of 3 qubits, found 9; encode on 4 qubits"));
  CircuitLayer listed = encoding(2, {1});
  listed.inputs = {{0}, {1}, {2}};
  CHECK_THAT(refused({listed}), Contains("circuit.layer[0].numbers: expected 3"));
  listed.numbers = 0;
  CHECK_THAT(refused({listed}), Contains("circuit.layer[0].inputs: expected at most 2 numbers"));
  listed.inputs = {{0, 1}};
  CHECK_THAT(refused({listed}), Contains("circuit.layer[0]: inputs[0]: an amplitude is one number"));
  CircuitLayer turned;
  turned.gates = {Gate::h};
  turned.qubits = {1};
  CHECK_THAT(refused({turned, encoding()}),
             Contains("circuit.layer[1].encode: amplitudes are prepared from"));
  CHECK_THAT(refused({turned, encoding()}), Contains("a gate acts on qubit 1 before"));
  CHECK(refused({turned, encoding(0, {0, 2})}) == "no error");
  CHECK_THAT(refused({encoding(0, {0, 0})}), Contains("qubits[0] = 0: an encoding needs each qubit once"));
  CircuitLayer twice = encoding();
  twice.repeat = 2;
  CHECK_THAT(refused({twice}), Contains("circuit.layer[0].encode: amplitudes are prepared from"));
  CircuitLayer with_upload = encoding();
  with_upload.upload = Gate::ry;
  CHECK_THAT(refused({with_upload}), Contains("circuit.layer[0].encode: upload, factor"));
  CircuitLayer with_factor = encoding();
  with_factor.factor = 2.0;
  CHECK_THAT(refused({with_factor}), Contains("circuit.layer[0].encode: upload, factor"));
  spec.qubits = 11;
  CHECK_THAT(refused({encoding()}),
             Contains("circuit.layer[0].encode: expected at most 10 qubits, found 11"));
  // In a block: only where the shared stage leaves the qubits alone.
  spec.qubits = 3;
  spec.block_stage = {encoding()};
  CHECK_THAT(refused({turned}),
             Contains("block.layer[0].encode: amplitudes are prepared from |0...0>, but the "
                      "shared stage acts on qubit 1 before"));
}
