// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/model/heads/gradient_variance.h"

using namespace qmtl;

namespace {

/// One layer of RY without an entangler, and no gates in the block: <Z...Z> is a product of cosines of
/// independent uniform angles.
AnsatzSpec product_circuit(int qubits) {
  AnsatzSpec ansatz;
  ansatz.qubits = qubits;
  ansatz.layers = 1;
  ansatz.entangler = Entangler::none;
  ansatz.placement = Placement::global;
  ansatz.block_layers = 0;
  ansatz.readout = ReadoutKind::strings;
  ansatz.strings = {{}};
  for (int q = 0; q < qubits; ++q) ansatz.strings[0].push_back(q);
  return ansatz;
}

}  // namespace

TEST_CASE("a global readout of a random product state has gradients of variance 2^-n", "[model]") {
  // d/da of prod cos: E[sin^2] E[cos^2]^(n-1) = 2^-n. Fourth moments are (3/8)^n, so the estimate over N
  // draws has the relative deviation sqrt(((3/2)^n - 1) / N); five of them, and the mean over parameters is
  // no worse.
  constexpr int draws = 4000;
  for (int n : {1, 2, 4, 6, 8}) {
    INFO(n << " qubits");
    const GradientVariance found = gradient_variance(resized(product_circuit(3), n, 1), draws, 1);
    CHECK(found.qubits == n);
    CHECK(found.parameters == n);
    const double tolerance = 5 * std::sqrt((std::pow(1.5, n) - 1) / draws);
    CHECK(std::abs(found.first * std::pow(2.0, n) - 1) < tolerance);
    CHECK(std::abs(found.mean * std::pow(2.0, n) - 1) < tolerance);
  }
}

TEST_CASE("variances fall exponentially with the width for global readouts, not for local ones", "[model]") {
  const std::vector<int> widths{3, 5, 7, 9};
  for (Entangler entangler : {Entangler::none, Entangler::cz_ring}) {
    INFO(name(entangler));
    AnsatzSpec global = product_circuit(4);
    global.entangler = entangler;
    global.layers = 2;
    AnsatzSpec local = global;
    local.placement = Placement::local;
    local.readout = ReadoutKind::mean;
    local.register_size = 2;
    local.strings.clear();
    const auto rate = [&](const AnsatzSpec& family) {
      std::vector<double> variances;
      for (int width : widths)
        variances.push_back(gradient_variance(resized(family, width, family.layers), 1000, 3).first);
      return exponential_rate(widths, variances);
    };
    // The estimates' deviations are below 0.2 of a power of two, over six qubits.
    CHECK(rate(global) > 0.8);
    CHECK(std::abs(rate(local)) < 0.1);
  }
}

TEST_CASE("readout weights are no angles and keep their start", "[model]") {
  AnsatzSpec ansatz;
  ansatz.qubits = 4;
  ansatz.entangler = Entangler::none;
  ansatz.block_layers = 0;
  ansatz.readout = ReadoutKind::weights;
  const GradientVariance weights = gradient_variance(ansatz, 50, 1);
  ansatz.readout = ReadoutKind::mean;
  const GradientVariance mean = gradient_variance(ansatz, 50, 1);
  CHECK(weights.parameters == 4);
  CHECK(weights.first == Approx(mean.first).epsilon(1e-12));
}

TEST_CASE("a resized ansatz keeps its register and refuses what does not fit", "[model]") {
  AnsatzSpec ansatz;
  ansatz.registers = {{5, 1, 2}, {0, 1, 2}};
  ansatz.block_outputs = {1, 1};
  const AnsatzSpec wide = resized(ansatz, 12, 3);
  CHECK(build(wide).blocks.at(0).qubits == std::vector<int>{0, 1, 2});
  CHECK(wide.layers == 3);
  CHECK(build(resized(ansatz, 2, 1)).blocks.at(0).qubits == std::vector<int>{0, 1});
  ansatz.registers.clear();
  ansatz.readout = ReadoutKind::strings;
  ansatz.strings = {{0, 3}};
  CHECK_THROWS_AS(build(resized(ansatz, 2, 1)), Error);
}

TEST_CASE("the rate is that of an exponential", "[model]") {
  const std::vector<int> qubits{4, 8, 12};
  CHECK(exponential_rate(qubits, std::vector<double>{0x1p-4, 0x1p-8, 0x1p-12}) == Approx(1.0));
  CHECK(exponential_rate(qubits, std::vector<double>{0.5, 0.5, 0.5}) == Approx(0.0).margin(1e-15));
  CHECK(exponential_rate(qubits, std::vector<double>{0x1p-4, 0.0, 0x1p-20}) == Approx(2.0));
  CHECK(std::isnan(exponential_rate(qubits, std::vector<double>{0.5, 0.0, 0.0})));
  CHECK(std::isnan(exponential_rate(std::vector<int>{4, 4}, std::vector<double>{0.5, 0.25})));
}
