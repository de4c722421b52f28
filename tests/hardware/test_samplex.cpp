// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "hardware/emulator/qpy/reader.h"
#include "hardware/emulator/samplex/samplex.h"
#include "hardware/executor.h"
#include "runtime/base/error.h"
#include "tests/hardware/samplex_fixture.h"

using namespace qmtl;

namespace {

/// The circuit that was twirled.
DeviceProgram plain_circuit() {
  DeviceProgram program;
  program.name = "plain";
  program.qubits = 2;
  program.inputs = {"a"};
  const auto sx = [&](int q) { program.ops.push_back({DeviceGate::sx, q, -1, {}}); };
  sx(0);
  program.ops.push_back({DeviceGate::rz, 0, -1, {0.0, {{0, 1.0}}}});
  sx(0), sx(1);
  program.ops.push_back({DeviceGate::rz, 1, -1, {0.3, {{0, 2.0}}}});
  sx(1);
  program.ops.push_back({DeviceGate::cz, 0, 1, {}});
  sx(0), sx(1);
  program.measured = {1, 0};
  return program;
}

std::vector<double> probabilities(const DeviceProgram& program, const std::vector<double>& values) {
  return Executor(NoiseModel{}, 0).probabilities({program, 1, values})[0];
}

}  // namespace

TEST_CASE("Every draw of a samplex is the circuit that was twirled, up to the readings that it flips",
          "[samplex]") {
  const Samplex samplex = read_samplex(samplex_fixture::unpacked(samplex_fixture::samplex));
  const DeviceProgram circuit = read_qpy(samplex_fixture::unpacked(samplex_fixture::circuit))[0].program;
  REQUIRE(samplex.inputs.size() == 1);
  CHECK(samplex.inputs[0].name == "parameter_values");
  REQUIRE(samplex.flips.size() == 1);
  CHECK(samplex.flips[0].name == "measurement_flips.c");
  REQUIRE(samplex.flips[0].size == 2);
  REQUIRE(samplex.angles == circuit.inputs.size());
  std::set<std::vector<double>> different;
  std::set<std::vector<std::uint8_t>> flips;
  for (double a : {-1.1, 0.2, 2.7}) {
    const std::vector<double> arguments{a}, expected = probabilities(plain_circuit(), arguments);
    for (std::uint32_t number = 0; number < 40; ++number) {
      const SamplexDraw draw = samplex.draw({7, 0, 0, number}, {arguments});
      CHECK(draw.angles == samplex.draw({7, 0, 0, number}, {arguments}).angles);
      different.insert(draw.angles);
      flips.insert(draw.flips[0]);
      const std::vector<double> drawn = probabilities(circuit, draw.angles);
      for (std::size_t state = 0; state < 4; ++state) {
        const std::size_t flipped =
            state ^ draw.flips[0][0] ^ static_cast<std::size_t>(draw.flips[0][1] << 1);
        // A hundred rounding errors of probabilities.
        CHECK(std::abs(drawn[flipped] - expected[state]) < 1e-13);
      }
    }
  }
  CHECK(different.size() > 100);
  CHECK(flips.size() == 4);
}

TEST_CASE("Angles of a unitary give it back, with sx and with rx", "[samplex]") {
  for (int k = 0; k < 200; ++k) {
    const double a = 0.1 * k, b = 0.37 * k, c = 1.3 * k;
    SamplexRegister product = identity_register(SamplexType::u2, 1);
    const auto times = [](SamplexRegister& into, const Unitary& by) {
      multiply(into, {SamplexType::u2, {}, {by}}, {0}, true);
    };
    // The poles too: b is a multiple of pi now and then.
    const double turn = k % 10 == 0 ? M_PI * (k / 10) : b;
    times(product, rotation('Z', a)), times(product, rotation('X', turn)), times(product, rotation('Z', c));
    for (bool with_rx : {false, true}) {
      const auto angles = euler_angles(product.matrices[0], with_rx);
      SamplexRegister again = identity_register(SamplexType::u2, 1);
      times(again, rotation('Z', angles[0]));
      if (with_rx) {
        times(again, rotation('X', angles[1]));
      } else {
        times(again, rotation('X', M_PI / 2)), times(again, rotation('Z', angles[1]));
        times(again, rotation('X', M_PI / 2));
      }
      times(again, rotation('Z', angles[2]));
      std::complex<double> overlap = 0;
      for (std::size_t i = 0; i < 4; ++i) overlap += std::conj(again.matrices[0][i]) * product.matrices[0][i];
      CAPTURE(k, with_rx);
      CHECK(std::abs(std::abs(overlap) - 2) < 1e-12);
    }
  }
}

TEST_CASE("What a samplex may not hold is refused with what helps", "[samplex]") {
  const std::string good = samplex_fixture::unpacked(samplex_fixture::samplex);
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  CHECK_THROWS_WITH(read_samplex("{"), Catch::Contains("samplex"));
  CHECK_THROWS_WITH(read_samplex(changed(R"("id":"N10")", R"("id":"N13")")),
                    Catch::Contains("twirling.group"));
  CHECK_THROWS_WITH(read_samplex(changed(R"("id":"N10")", R"("id":"N5")")),
                    Catch::Contains("pec_mitigation"));
  CHECK_THROWS_WITH(read_samplex(changed(R"(\"id\":\"D0\")", R"(\"id\":\"D1\")")),
                    Catch::Contains("twirling.group"));
  CHECK_THROWS_WITH(read_samplex(changed(R"("ssv":"4")", R"("ssv":"9")")), Catch::Contains("serialisation"));
}
