// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "hardware/executor.h"
#include "hardware/mitigation/probe.h"

using namespace qmtl;

TEST_CASE("A probe tells the order of bits, even from noisy qubits", "[mitigation]") {
  const std::vector<int> qubits{6, 2, 9, 4};
  NoiseModel noise;
  noise.readout = {0.2, 0.3};
  const DeviceProgram program = probe_program(qubits, {});
  CHECK(program.measured == qubits);
  const Counts counts = Executor(noise, 3).run({program, 1, {}}, 400, 1)[0];
  CHECK(check_probe(counts, 4) == ProbeFinding::ok);
  Counts reversed, permuted;
  for (const auto& [bits, count] : counts) {
    reversed[std::string(bits.rbegin(), bits.rend())] += count;
    permuted[{bits[0], bits[3], bits[2], bits[1]}] += count;
  }
  CHECK(check_probe(reversed, 4) == ProbeFinding::reversed);
  CHECK(check_probe(permuted, 4) == ProbeFinding::permuted);

  EndpointInfo info;
  info.kind = "some";
  info.backend = "device7";
  CHECK_NOTHROW(require_probe(counts, 4, info));
  CHECK_THROWS_WITH(require_probe(reversed, 4, info),
                    Catch::Contains("device7") && Catch::Contains("reversed"));
}

TEST_CASE("A probe that shows nothing is inconclusive, and nonsense is refused", "[mitigation]") {
  CHECK(check_probe({{"0001", 3}}, 4) == ProbeFinding::inconclusive);                 // three shots
  CHECK(check_probe({{"0001", 52}, {"0000", 48}}, 4) == ProbeFinding::inconclusive);  // a coin
  CHECK(check_probe({{"0000", 100}}, 4) == ProbeFinding::inconclusive);               // no qubit flipped
  CHECK(check_probe({{"0011", 100}}, 4) == ProbeFinding::inconclusive);               // two did
  CHECK(check_probe({{"1", 100}}, 1) == ProbeFinding::ok);
  CHECK_THROWS_AS(check_probe({}, 4), EndpointError);
  CHECK_THROWS_AS(check_probe({{"001", 100}}, 4), EndpointError);
  CHECK_THROWS_AS(check_probe({{"00001", 100}}, 4), EndpointError);
}
