// SPDX-License-Identifier: Apache-2.0
#include <tbb/global_control.h>

#include <catch2/catch.hpp>
#include <numeric>

#include "hardware/endpoints/makers.h"
#include "tests/hardware/device_oracle.h"
#include "tests/hardware/executor_cases.h"

using namespace qmtl;
using namespace qmtl::executor_cases;

TEST_CASE("Probabilities of programs of every gate agree with a dense statevector", "[executor]") {
  const Executor executor({}, 0);
  for (std::uint32_t which = 0; which < 40; ++which) {
    const int qubits = 2 + static_cast<int>(which % 5), measured = 1 + static_cast<int>(which) % qubits;
    const Sweep sweep = two_rows(random_program(which, qubits, 30, measured));
    const auto found = executor.probabilities(sweep);
    REQUIRE(found.size() == 2);
    for (std::size_t row = 0; row < 2; ++row) {
      const auto expected =
          oracle::device_probabilities(sweep.program, std::span(sweep.values).subspan(2 * row, 2));
      REQUIRE(found[row].size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        INFO("case " << which << ", row " << row << ", outcome " << i);
        // Some 50 gates of rounding 1e-16 each on amplitudes of at most 1.
        CHECK(found[row][i] == Approx(expected[i]).margin(1e-13));
      }
    }
  }
}

TEST_CASE("Classical bit 0 is the rightmost character, whatever qubit it reads", "[executor]") {
  DeviceProgram program;
  program.name = "one";
  program.qubits = 3;
  program.ops = {{DeviceGate::x, 2, -1, {}}};
  program.measured = {2, 0, 1};
  const auto counts = Executor({}, 0).run({program, 1, {}}, 10, 0);
  CHECK(counts == std::vector<Counts>{{{"001", 10}}});
}

TEST_CASE("Counts follow the dense probabilities, of small programs and of wide ones", "[executor]") {
  const Executor executor({}, 5);
  const std::int64_t shots = 4000;
  struct Row {
    const char* what;
    int qubits, gates, measured;
  };
  // Up to 14 qubits shots are drawn from a statevector, beyond that each is a trajectory.
  for (const Row& row : {Row{"small", 4, 30, 4}, Row{"some of the qubits", 7, 40, 3},
                         Row{"trajectories", 15, 12, 15}, Row{"trajectories, unread qubits", 15, 60, 4}}) {
    for (std::uint32_t which = 0; which < 4; ++which) {
      INFO(row.what << ", case " << which);
      const Sweep sweep = two_rows(random_program(100 + which, row.qubits, row.gates, row.measured));
      const auto counts = executor.run(sweep, shots, which);
      REQUIRE(counts.size() == 2);
      for (std::size_t r = 0; r < 2; ++r) {
        CHECK(total(counts[r]) == static_cast<std::uint64_t>(shots));
        const auto exact =
            oracle::device_probabilities(sweep.program, std::span(sweep.values).subspan(2 * r, 2));
        CHECK(likely(counts[r], exact, static_cast<double>(shots)));
      }
    }
  }
}

TEST_CASE("Noise acts once after each gate, once for rzz, and sx is one pulse", "[executor]") {
  // A depolarising channel of p on a qubit shrinks <Z> by 1 - p; one on both qubits of a pair shrinks <ZZ>
  // and each <Z> by 1 - p: the expected numbers are products of such factors.
  NoiseModel noise;
  const double p1 = 0.1, p2 = 0.2;
  const AppliedChannel one{depolarising(p1, 1), -1};
  noise.gates = {{Gate::rx, {}, {one, one}, 2}, {Gate::cz, {}, {{depolarising(p2, 2), -1}}, 1}};
  struct Row {
    const char* what;
    std::vector<DeviceOp> ops;
    double z;  ///< expected <Z> of qubit 0
  };
  const Row rows[] = {
      {"a rotation is both pulses", {{DeviceGate::rx, 0, -1, {0.4, {}}}}, std::cos(0.4) * 0.9 * 0.9},
      {"x is one pulse", {{DeviceGate::x, 0, -1, {}}}, -0.9},
      {"sx twice is two", {{DeviceGate::sx, 0, -1, {}}, {DeviceGate::sx, 0, -1, {}}}, -0.9 * 0.9},
      {"rz is virtual", {{DeviceGate::rz, 0, -1, {1.0, {}}}}, 1.0},
      {"cz", {{DeviceGate::cz, 0, 1, {}}}, 0.8},
      {"rzz is one two-qubit gate", {{DeviceGate::rzz, 0, 1, {0.7, {}}}}, 0.8},
      {"cx is the device's two-qubit gate too", {{DeviceGate::cx, 1, 0, {}}}, 0.8},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    DeviceProgram program;
    program.name = "noise";
    program.qubits = 2;
    program.ops = row.ops;
    program.measured = {0};
    const auto found = Executor(noise, 0).probabilities({program, 1, {}})[0];
    CHECK(found[0] - found[1] == Approx(row.z).margin(1e-12));  // rounding of a few 4 x 4 products
  }
}

TEST_CASE("Of a model that knows only cx, rzz and cz have the noise of one cx", "[executor]") {
  NoiseModel noise;
  noise.gates = {{Gate::cx, {}, {{depolarising(0.2, 2), -1}}, 1}};
  DeviceProgram program;
  program.name = "noise";
  program.qubits = 2;
  program.measured = {0, 1};
  for (const DeviceOp& op :
       {DeviceOp{DeviceGate::rzz, 0, 1, {0.7, {}}}, DeviceOp{DeviceGate::cz, 0, 1, {}}}) {
    program.ops = {op};
    const auto found = Executor(noise, 0).probabilities({program, 1, {}})[0];
    CHECK(found[0] == Approx(0.8 + 0.2 / 4).margin(1e-12));
  }
}

TEST_CASE("Noisy counts follow the noisy probabilities", "[executor]") {
  const Executor executor(some_noise(), 3);
  for (std::uint32_t which = 0; which < 4; ++which) {
    INFO("case " << which);
    const Sweep sweep = two_rows(random_program(200 + which, 4, 20, 3));
    const auto counts = executor.run(sweep, 4000, which);
    const auto exact = executor.probabilities(sweep);
    for (std::size_t row = 0; row < 2; ++row) CHECK(likely(counts[row], exact[row], 4000));
  }
}

TEST_CASE("Each qubit of a wide program has the statistics of its own cone", "[executor]") {
  // With a readout error only, and 20 qubits: <Z_q> is exact from the cone of three qubits around q.
  NoiseModel noise;
  noise.readout = {0.02, 0.05};
  const int qubits = 20;
  Sweep sweep{wide_program(qubits), 1, {}};
  for (int q = 0; q < qubits; ++q) sweep.values.push_back(0.3 + 0.1 * q);
  const std::int64_t shots = 3000;
  const Counts counts = Executor(noise, 1).run(sweep, shots, 9)[0];
  for (int q = 0; q < qubits; ++q) {
    DeviceProgram cone;
    cone.name = "cone";
    cone.qubits = 3;
    for (int i = 0; i < 3; ++i)
      cone.ops.push_back({DeviceGate::ry, i, -1, {0.3 + 0.1 * ((q + i + qubits - 1) % qubits), {}}});
    cone.ops.push_back({DeviceGate::cz, 0, 1, {}});
    cone.ops.push_back({DeviceGate::cz, 1, 2, {}});
    cone.ops.push_back({DeviceGate::ry, 1, -1, {0.2 + 0.1 * q, {}}});
    cone.measured = {1};
    const double ideal = oracle::device_probabilities(cone, {})[1];
    const double expected = ideal * 0.95 + (1 - ideal) * 0.02;
    double ones = 0;
    for (const auto& [bits, count] : counts)
      if (bits[static_cast<std::size_t>(qubits - 1 - q)] == '1') ones += static_cast<double>(count);
    INFO("qubit " << q << ": expected " << expected << ", found " << ones / shots);
    // Six standard deviations of a mean over the shots.
    CHECK(std::abs(ones / shots - expected) < 6 * std::sqrt(expected * (1 - expected) / shots) + 1e-9);
  }
}

TEST_CASE("Counts depend on seed and key, not on threads, nor on the other rows", "[executor]") {
  for (const NoiseModel& noise : {NoiseModel{}, some_noise()}) {
    for (int qubits : {4, 15}) {
      INFO(qubits << " qubits");
      Sweep sweep{wide_program(qubits), 3, {}};
      for (int i = 0; i < 3 * qubits; ++i) sweep.values.push_back(0.05 * i);
      const Executor executor(noise, 11);
      std::vector<Counts> alone;
      {
        const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
        alone = executor.run(sweep, 500, 2);
      }
      const tbb::global_control four(tbb::global_control::max_allowed_parallelism, 4);
      CHECK(executor.run(sweep, 500, 2) == alone);
      Sweep first = sweep;
      first.rows = 1;
      first.values.resize(static_cast<std::size_t>(qubits));
      CHECK(executor.run(first, 500, 2)[0] == alone[0]);
      CHECK(executor.run(sweep, 500, 3) != alone);
      CHECK(Executor(noise, 12).run(sweep, 500, 2) != alone);
    }
  }
  CHECK(sweep_key("tag", 0) != sweep_key("tag", 1));
  CHECK(sweep_key("tag", 0) != sweep_key("tag0", 0));
}

TEST_CASE("Sweeps that make no sense are refused", "[executor]") {
  const Executor executor({}, 0);
  Sweep sweep = two_rows(random_program(1, 3, 5, 3));
  CHECK_THROWS_AS(executor.run(sweep, 0, 0), Error);
  sweep.values.pop_back();
  CHECK_THROWS_AS(executor.run(sweep, 1, 0), Error);
  sweep.values.push_back(std::nan(""));
  CHECK_THROWS_AS(executor.run(sweep, 1, 0), Error);
  Sweep unread{random_program(1, 3, 5, 0), 1, {0, 0}};
  CHECK_THROWS_AS(executor.run(unread, 1, 0), Error);
  const Sweep wide{random_program(1, 17, 5, 17), 1, {0, 0}};
  CHECK_THROWS_AS(executor.probabilities(wide), Error);
}

TEST_CASE("The local endpoints give the executor's counts, the same each time", "[executor][endpoint]") {
  EndpointConfig config{"noisy", EndpointSettings("here", {{"seed", "4"}}), some_noise()};
  const auto endpoint = make_noisy_endpoint(config);
  DeviceJob job{"tag", {two_rows(random_program(3, 3, 9, 2)), two_rows(random_program(4, 3, 9, 3))}, 100};
  const std::string id = endpoint->submit(job);
  CHECK(endpoint->find("tag") == std::vector{id});
  CHECK(endpoint->status(id).state == JobState::completed);
  const JobResult result = endpoint->fetch(id, job);
  const Executor executor(some_noise(), 4);
  REQUIRE(result.counts.size() == 2);
  for (std::size_t s = 0; s < 2; ++s)
    CHECK(result.counts[s] == executor.run(job.sweeps[s], 100, sweep_key("tag", s)));
  CHECK(make_noisy_endpoint(config)->fetch(id, job).counts == result.counts);
  CHECK_FALSE(endpoint->info().paid);
  CHECK_THROWS_AS(make_exact_endpoint({"exact", EndpointSettings("here", {{"seed", "-1"}}), {}}), Error);
}

TEST_CASE("A local endpoint with a target refuses programs that are not made for it",
          "[executor][endpoint]") {
  const auto endpoint = make_exact_endpoint(
      {"exact", EndpointSettings("here", {{"target", "line-3"}, {"basis", "cz,rz,sx"}}), {}});
  CHECK(endpoint->info().target.qubits == 3);
  DeviceProgram program;
  program.name = "isa";
  program.qubits = 3;
  program.physical = true;
  program.ops = {{DeviceGate::sx, 0, -1, {}}, {DeviceGate::cz, 1, 0, {}}};
  program.measured = {0};
  CHECK_NOTHROW(endpoint->submit({"tag", {{program, 1, {}}}, 10}));
  program.ops[1].q0 = 2;
  CHECK_THROWS_AS(endpoint->submit({"tag", {{program, 1, {}}}, 10}), EndpointError);
  NoiseModel noise = some_noise();
  const auto place = [&] {
    return make_noisy_endpoint({"noisy", EndpointSettings("here", {}), noise})->info().place;
  };
  const std::string before = place();
  noise.readout.p0_given_1 += 0.01;
  CHECK(place() != before);
}
