// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "runtime/base/error.h"
#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/noise/noisy.h"

using namespace qmtl;
using Catch::Matchers::Contains;

namespace {

std::string refusal(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    return error.what();
  }
  return "not refused";
}

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("Channels refuse parameters outside their range, with the range and what was found") {
  CHECK_THAT(refusal([] { depolarising(1.4, 1); }), Contains("0 to 1.33333333") && Contains("1.4"));
  CHECK_THAT(refusal([] { depolarising(1.1, 2); }), Contains("0 to 1.06666667"));
  CHECK_THAT(refusal([] { depolarising(-0.1, 1); }), Contains("found -0.1"));
  CHECK_THAT(refusal([] { depolarising(not_a_number, 1); }), Contains("found nan"));
  CHECK_THAT(refusal([] { amplitude_damping(1.01); }), Contains("gamma") && Contains("0 to 1"));
  CHECK_THAT(refusal([] { amplitude_damping(0.1, -1); }), Contains("excited-state population"));
  CHECK_THAT(refusal([] { phase_damping(2); }), Contains("lambda"));
  CHECK_THAT(refusal([] { thermal_relaxation(50, 101, 1); }), Contains("t2 <= 2 t1") && Contains("101"));
  CHECK_THAT(refusal([] { thermal_relaxation(0, 1, 1); }), Contains("t1") && Contains("above 0"));
  CHECK_THAT(refusal([] { thermal_relaxation(50, not_a_number, 1); }), Contains("t2"));
  CHECK_THAT(refusal([] { thermal_relaxation(50, 50, -1); }), Contains("time"));
  const auto pauli = [](std::vector<std::pair<std::string, double>> p) { pauli_channel(p); };
  CHECK_THAT(refusal([&] { pauli({{"X", 0.7}, {"Z", 0.6}}); }), Contains("at most 1") && Contains("1.3"));
  CHECK_THAT(refusal([&] { pauli({{"Q", 0.1}}); }), Contains("'Q'"));
  CHECK_THAT(refusal([&] { pauli({{"X", 0.1}, {"XX", 0.1}}); }), Contains("one length"));
  CHECK_THAT(refusal([&] { pauli({}); }), Contains("found none"));
  CHECK_THAT(refusal([&] { pauli({{"XYZ", 0.1}}); }), Contains("one or two letters"));
}

TEST_CASE("Kraus operators that do not preserve the trace are refused with the deviation") {
  CHECK_THAT(refusal([] {
               kraus_channel(1, {{1, 0, 0, 0.9}});
             }),
             Contains("not trace preserving") && Contains("0.19"));
  CHECK_THAT(refusal([] { kraus_channel(1, {{1, 0, 0, not_a_number}}); }), Contains("not trace preserving"));
  CHECK_THAT(refusal([] { kraus_channel(3, {{1, 0, 0, 1}}); }), Contains("1 or 2 qubits"));
  CHECK_THAT(refusal([] { kraus_channel(1, {}); }), Contains("at least one"));
  CHECK(kraus_channel(1, {{0, 1, 1, 0}}).kraus.size() == 1);
}

TEST_CASE("Noise models refuse what does not fit its gate and what is given twice") {
  const auto with = [](std::vector<GateNoise> gates) { check({std::move(gates), {}, {}}); };
  CHECK_THAT(refusal([&] { with({{Gate::ry, {}, {{depolarising(0.1, 2), -1}}}}); }), Contains("noise of ry"));
  CHECK_THAT(refusal([&] { with({{Gate::cz, {1}, {}}}); }), Contains("expected 2 qubits"));
  CHECK_THAT(refusal([&] { with({{Gate::cz, {1, 1}, {}}}); }), Contains("different"));
  CHECK_THAT(refusal([&] {
               with({{Gate::cz, {1, 2}, {}}, {Gate::cz, {2, 1}, {}}});
             }),
             Contains("given twice"));
  CHECK_THAT(refusal([&] { with({{Gate::ry, {-2}, {}}}); }), Contains("-2"));
  CHECK_THAT(refusal([&] {
               with({{Gate::ry, {}, {{phase_damping(0.1), 1}}}});
             }),
             Contains("expected 0 to 0"));
  CHECK_THAT(refusal([&] { with({{Gate::cz, {}, {{depolarising(0.1, 2), 0}}}}); }), Contains("both qubits"));
  CHECK_THAT(refusal([] { check({{}, {1.5, 0}, {}}); }), Contains("0 to 1"));
  CHECK_THAT(refusal([] { check({{}, {}, {{4, {0, -0.5}}}}); }), Contains("qubit 4"));
  with({{Gate::cx, {1, 2}, {}}, {Gate::cx, {2, 1}, {}}});  // the two directions of cx are two gates
}

TEST_CASE("A cone that does not fit is refused with the numbers and the way out") {
  AnsatzSpec spec;
  spec.qubits = 40;
  spec.layers = 14;
  spec.entangler = Entangler::cx_ring;
  spec.block_outputs = {1};
  const Circuit circuit = build(spec);
  NoisyOptions options;
  const std::string automatic = refusal([&] { NoisySimulator(circuit, {}, options); });
  CHECK_THAT(automatic, Contains("block 0") && Contains("40 qubits") && Contains("2^") && Contains("1 GiB") &&
                            Contains("shots") && Contains("fewer shared layers"));
  spec.layers = 4;
  spec.entangler = Entangler::cz_ring;
  options.method = NoisyMethod::density;
  options.bytes = 1 << 16;
  CHECK_THAT(refusal([&] { NoisySimulator(build(spec), {}, options); }),
             Contains("8 * 4^") && Contains("64 KiB") && Contains("use the method trajectories"));
}

TEST_CASE("Circuits and options that make no sense are refused") {
  Circuit circuit;
  circuit.qubits = 2;
  circuit.shared = {{Gate::cz, 0, 1}};
  Block block;
  block.qubits = {0, 1};
  circuit.blocks = {block};
  const auto change = [&](const std::function<void(Circuit&)>& edit) {
    Circuit changed = circuit;
    edit(changed);
    return refusal([&] { NoisySimulator(changed, {}, {}); });
  };
  CHECK(change([](Circuit&) {}) == "not refused");
  CHECK_THAT(change([](Circuit& c) { c.shared[0].q1 = 2; }), Contains("0 to 1, found 2"));
  CHECK_THAT(change([](Circuit& c) { c.shared[0].q1 = 0; }), Contains("0 twice"));
  CHECK_THAT(change([](Circuit& c) {
               c.shared[0] = {Gate::ry, 0, -1, Source::angle, 0};
             }),
             Contains("angle"));
  CHECK_THAT(change([](Circuit& c) {
               c.params = 1;
               c.shared[0] = {Gate::cz, 0, 1, Source::param, 0};
             }),
             Contains("expected no angle or parameter"));
  CHECK_THAT(change([](Circuit& c) { c.blocks[0].qubits = {1, 1}; }), Contains("once"));
  CHECK_THAT(change([](Circuit& c) { c.blocks[0].qubits.clear(); }), Contains("found none"));
  CHECK_THAT(change([](Circuit& c) { c.blocks.clear(); }), Contains("at least one block"));
  CHECK_THAT(change([](Circuit& c) {
               c.blocks[0].qubits = {0};
               c.blocks[0].outputs = {{{{{1}, 1.0, -1}}}};
             }),
             Contains("not in its register"));
  const auto with = [&](auto edit) {
    NoisyOptions options;
    edit(options);
    return refusal([&] { NoisySimulator(circuit, {}, options); });
  };
  CHECK_THAT(with([](NoisyOptions& o) { o.shots = -1; }), Contains("shots") && Contains("-1"));
  CHECK_THAT(with([](NoisyOptions& o) { o.trajectories = 0; }), Contains("trajectories"));
  CHECK_THAT(with([](NoisyOptions& o) { o.shots = 1LL << 40; }), Contains("0 to 100000000"));
  CHECK_THAT(refusal([&] { noisy_values(circuit, {}, 2, std::vector{1.0}, {}, {}); }),
             Contains("2 x 0 angles"));
  CHECK_THAT(refusal([&] { noisy_counts(circuit, {}, 1, {}, {}, {}); }), Contains("shots"));
  CHECK_THAT(refusal([] { parse_noisy_method("exact"); }), Contains("auto, density or trajectories"));
}
