// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include "hardware/transpile/avoided_parts.h"
#include "hardware/transpile/placement.h"
#include "hardware/transpile/properties_json.h"
#include "hardware/transpile/target_json.h"
#include "runtime/base/error.h"
#include "tests/hardware/snapshot_cases.h"
#include "tests/hardware/transpile_programs.h"
#include "tests/run_length.h"

using namespace qmtl;

namespace {

DeviceTarget target_of(const oracle::Snapshot& snapshot) {
  return target_of_properties(snapshot.json.dump(), "drawn.json");
}

/// Of what is listed, by a plain walk through the JSON: the product of 1 - gate_error and 1 - readout_error.
double product_by_hand(const DeviceProgram& program, const nlohmann::json& properties) {
  double product = 1;
  for (const DeviceOp& op : program.ops)
    for (const auto& gate : properties["gates"]) {
      const std::vector<int> on = gate["qubits"];
      if (gate["gate"] != info(op.gate).name || on[0] != op.q0 || (on.size() > 1) != (op.q1 >= 0)) continue;
      if (op.q1 >= 0 && on[1] != op.q1) continue;
      for (const auto& parameter : gate["parameters"])
        if (parameter["name"] == "gate_error") product *= 1 - parameter["value"].get<double>();
    }
  for (int qubit : program.measured)
    for (const auto& entry : properties["qubits"][static_cast<std::size_t>(qubit)])
      if (entry["name"] == "readout_error") product *= 1 - entry["value"].get<double>();
  return product;
}

DeviceProgram measured(DeviceProgram program) {
  for (int q = 0; q < program.qubits; ++q) program.measured.push_back(q);
  return program;
}

void check_avoids(const TranspileResult& result, const oracle::Snapshot& snapshot) {
  for (const DeviceOp& op : result.program.ops) {
    CAPTURE(info(op.gate).name, op.q0, op.q1);
    if (op.q1 < 0)
      REQUIRE_FALSE(snapshot.dead(op.q0));
    else
      REQUIRE_FALSE(snapshot.dead(op.q0, op.q1));
  }
  for (int qubit : result.program.measured) REQUIRE_FALSE(snapshot.dead(qubit));
}

}  // namespace

TEST_CASE("The estimate is the product of what the properties list", "[layout]") {
  const oracle::Snapshot snapshot = oracle::snapshot(heavy_hex_target(3), 1);
  const DeviceTarget target = target_of(snapshot);
  const DeviceProgram program = measured(head(Entangler::cz_ring, 12, 2, true));
  const TranspileResult result = transpile(program, target);
  check_equal(program, target, result);
  CHECK(result.success.gates * result.success.readout ==
        Approx(product_by_hand(result.program, snapshot.json)).epsilon(1e-12));
  CHECK(result.success.waiting < 1);
  CHECK(result.success.waiting > 0.9);
}

TEST_CASE("Waiting is counted between gates and before readings, not before the first gate", "[layout]") {
  DeviceTarget target = line_target(2);
  target.properties.qubits.assign(2, {100e-6, 50e-6, 0.0, {}, true});
  const DeviceGate pulse = device_gates[4].gate, pair = device_gates[6].gate;
  REQUIRE(info(pulse).name == "sx");
  REQUIRE(info(pair).name == "cz");
  target.basis = {pulse, pair};
  for (int q : {0, 1}) target.properties.gates.push_back({pulse, q, -1, 0.0, 1e-6, true});
  target.properties.gates.push_back({pair, 0, 1, 0.0, 3e-6, true});
  const DeviceQuality quality(target, 2, DeviceQuality::Avoid::dead);
  DeviceProgram program;
  program.name = "waits";
  program.qubits = 2;
  // Qubit 0 waits for three pulses between the pair's gates; qubit 1's first pulse waits for nothing.
  program.ops = {{pulse, 0, -1, {}}, {pair, 0, 1, {}},   {pulse, 1, -1, {}},
                 {pulse, 1, -1, {}}, {pulse, 1, -1, {}}, {pair, 0, 1, {}}};
  program.measured = {0, 1};
  const double t = 3e-6;
  // Average infidelity of relaxation: 1 - (1/2 + exp(-t/T2)/3 + exp(-t/T1)/6).
  const double expected = 0.5 - std::exp(-t / 50e-6) / 3 - std::exp(-t / 100e-6) / 6;
  CHECK(1 - estimate_success(program, quality).waiting == Approx(expected).epsilon(1e-9));
  program.measured = {1};
  program.ops.pop_back();
  CHECK(estimate_success(program, quality).waiting == 1);
}

TEST_CASE("The search for places finds the cheapest of all", "[layout]") {
  struct Row {
    DeviceTarget shape;
    Entangler entangler;
    int qubits;
  };
  const Row rows[] = {{grid_target(3, 3), Entangler::cz_ring, 4},
                      {grid_target(2, 4), Entangler::cz_line, 5},
                      {heavy_hex_target(3), Entangler::cz_line, 4},
                      {ring_target(8), Entangler::cz_line, 6}};
  for (const Row& row : rows)
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      CAPTURE(row.shape.name, row.qubits, seed);
      const DeviceTarget target = target_of(oracle::snapshot(row.shape, seed));
      const DeviceQuality quality(target, target.qubits, DeviceQuality::Avoid::uncalibrated);
      const CouplingGraph graph(target, target.qubits, &quality);
      const DeviceProgram program = measured(head(row.entangler, row.qubits, 1, false));
      std::vector<int> own(static_cast<std::size_t>(row.qubits));
      std::iota(own.begin(), own.end(), 0);
      const PlacementPattern pattern(program, own, quality);
      PlacementSearch search(pattern, graph, quality);
      search.search();
      // All ways to place the qubits, one after another.
      double least = INFINITY;
      std::vector<int> place;
      const auto try_all = [&](auto&& self) -> void {
        const std::size_t q = place.size();
        if (q == own.size()) {
          double cost = 0;
          for (std::size_t i = 0; i < place.size(); ++i) {
            const PlacementPattern::Qubit& qubit = pattern.qubits[i];
            cost += error_cost(quality.waiting_error(place[i], qubit.waiting));
            if (qubit.read) cost += error_cost(quality.readout_error(place[i]));
            for (const DeviceGateInfo& gate : device_gates)
              cost += qubit.gates[static_cast<std::size_t>(gate.gate)] *
                      error_cost(quality.error(gate.gate, place[i]));
          }
          for (const PlacementPattern::Pair& pair : pattern.pairs)
            for (const DeviceGateInfo& gate : device_gates)
              cost += pair.gates[static_cast<std::size_t>(gate.gate)] *
                      error_cost(quality.error(gate.gate, place[static_cast<std::size_t>(pair.a)],
                                               place[static_cast<std::size_t>(pair.b)]));
          least = std::min(least, cost);
          return;
        }
        for (int p = 0; p < target.qubits; ++p) {
          if (std::find(place.begin(), place.end(), p) != place.end()) continue;
          const bool coupled = std::all_of(pattern.pairs.begin(), pattern.pairs.end(),
                                           [&](const PlacementPattern::Pair& pair) {
                                             const int other = pair.a == static_cast<int>(q)   ? pair.b
                                                               : pair.b == static_cast<int>(q) ? pair.a
                                                                                               : -1;
                                             return other < 0 || other >= static_cast<int>(q) ||
                                                    graph.coupled(p, place[static_cast<std::size_t>(other)]);
                                           });
          if (!coupled) continue;
          place.push_back(p);
          self(self);
          place.pop_back();
        }
      };
      try_all(try_all);
      CHECK(search.cost() == Approx(least).epsilon(1e-9));
    }
}

TEST_CASE("Layouts by quality are at least as good as those that know nothing of it", "[layout]") {
  const std::pair<Entangler, int> programs[] = {
      {Entangler::cz_ring, 12}, {Entangler::cz_line, 9}, {Entangler::cz_ring, 7}, {Entangler::cx_line, 6}};
  double better = 0;
  int cases = 0;
  for (const auto& [entangler, qubits] : programs)
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      CAPTURE(name(entangler), qubits, seed);
      const DeviceTarget target = target_of(oracle::snapshot(heavy_hex_target(5), seed));
      DeviceTarget unknowing = target;
      unknowing.properties = {};
      const DeviceProgram program = measured(head(entangler, qubits, 2, true));
      const TranspileResult plain = transpile(program, unknowing), chosen = transpile(program, target);
      const DeviceQuality quality(target, target.qubits, DeviceQuality::Avoid::dead);
      const double before = estimate_success(plain.program, quality).product();
      CHECK(chosen.success.product() >= before * (1 - 1e-9));
      better += std::log(chosen.success.product() / before);
      ++cases;
    }
  // Parts differ up to ninefold, so that choosing among them pays: 6 % on average of these cases.
  CHECK(better / cases > 0.03);
}

TEST_CASE("Snapshots with all kinds of gaps and breaks: no dead part is used, and the program stays the same",
          "[layout]") {
  const int rounds = test::long_run() ? 100 : 24;
  int placed = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto seed = static_cast<std::uint64_t>(round);
    const DeviceTarget shape = round % 3 == 0   ? heavy_hex_target(3)
                               : round % 3 == 1 ? grid_target(4, 5)
                                                : ring_target(14);
    oracle::Snapshot snapshot = oracle::snapshot(shape, seed);
    oracle::mutate(snapshot, seed, 1 + round % 13);
    CAPTURE(round, shape.name, snapshot.dead_qubits, snapshot.dead_couplers.size());
    const DeviceTarget target = target_of(snapshot);
    const Entangler entangler = round % 2 == 0 ? Entangler::cz_ring : Entangler::cz_line;
    const DeviceProgram program = measured(head(entangler, 5, 1, true));
    try {
      const TranspileResult result = transpile(program, target);
      check_avoids(result, snapshot);
      check_equal(program, target, result);
      CHECK(result.success.product() > 0);
      ++placed;
    } catch (const Error& error) {
      // Only where what works is too little.
      CHECK(std::string(error.what()).find("may be used") != std::string::npos);
      CHECK(snapshot.dead_qubits.size() + snapshot.dead_couplers.size() > 2);
    }
  }
  CHECK(placed > rounds * 3 / 4);
}

TEST_CASE("Parts that are not calibrated are used only where nothing else is left", "[layout]") {
  oracle::Snapshot snapshot = oracle::snapshot(line_target(6), 3);
  for (int qubit : {0, 1}) {
    nlohmann::json& list = snapshot.json["qubits"][static_cast<std::size_t>(qubit)];
    list.erase(oracle::entry_of(list, "T1"));
  }
  const DeviceTarget target = target_of(snapshot);
  const TranspileResult four = transpile(measured(head(Entangler::cz_line, 4, 1, false)), target);
  for (int qubit : four.layout) CHECK(qubit >= 2);
  REQUIRE(four.remarks.size() == 1);
  CHECK_THAT(four.remarks[0], Catch::Contains("0, 1") && Catch::Contains("not calibrated"));
  const TranspileResult five = transpile(measured(head(Entangler::cz_line, 5, 1, false)), target);
  CHECK(std::count(five.layout.begin(), five.layout.end(), 0) == 0);
  CHECK_THAT(five.remarks.back(), Catch::Contains("not calibrated"));
}

TEST_CASE("A pair whose rzz is dead is written with its cz", "[layout]") {
  DeviceTarget target = target_of(oracle::snapshot(line_target(2), 1));
  target.basis = bases()[1].gates;
  DeviceProgram program;
  program.name = "pair";
  program.qubits = 2;
  const DeviceGate rzz = device_rotation("ZZ"), rx = device_rotation("X");
  program.ops = {{rx, 0, -1, {0.4, {}}},
                 {rx, 1, -1, {0.7, {}}},
                 {rzz, 0, 1, {0.3, {}}},
                 {rx, 0, -1, {0.2, {}}},
                 {rx, 1, -1, {1.1, {}}}};
  program.measured = {0, 1};
  for (double error : {0.001, 1.0}) {
    CAPTURE(error);
    std::erase_if(target.properties.gates, [&](const GateProperties& gate) { return gate.gate == rzz; });
    target.properties.gates.push_back({rzz, 0, 1, error, 60e-9, true});
    const TranspileResult result = transpile(program, target);
    check_equal(program, target, result);
    CHECK(std::count_if(result.program.ops.begin(), result.program.ops.end(),
                        [&](const DeviceOp& op) { return op.gate == rzz; }) == (error < 1 ? 1 : 0));
  }
}

TEST_CASE("What a user rules out is not used, with and without properties", "[layout]") {
  for (bool properties : {false, true}) {
    DeviceTarget target = properties ? target_of(oracle::snapshot(grid_target(3, 4), 2)) : grid_target(3, 4);
    target.basis = bases()[0].gates;
    target.avoided = avoided_parts("0-10", "5,1:2", target);
    CHECK(target.avoided.qubits == std::vector<int>{5, 11});
    const DeviceProgram program = measured(head(Entangler::cz_line, 6, 1, true));
    const TranspileResult result = transpile(program, target);
    check_equal(program, target, result);
    for (const DeviceOp& op : result.program.ops) {
      CHECK(op.q0 != 5);
      CHECK(op.q0 != 11);
      CHECK(std::minmax(op.q0, op.q1) != std::minmax(1, 2));
    }
    CHECK_FALSE(result.remarks.empty());
  }
  DeviceTarget all{"ions", 6, bases()[0].gates, {}};
  all.avoided = avoided_parts("", "0,3", all);
  CHECK(transpile(head(Entangler::cz_ring, 4, 1, false), all).layout == std::vector<int>{1, 2, 4, 5});
  CHECK_THROWS_WITH(transpile(head(Entangler::cz_ring, 5, 1, false), all), Catch::Contains("may be used"));
}

TEST_CASE("Lists of parts that make no sense are refused with the option", "[layout]") {
  using Catch::Matchers::Contains;
  const DeviceTarget target = line_target(5);
  const char* avoids[] = {"x", "", "1,,2", "5", "-1", "3-1", "1:3", "1:1", "0:9", "0-", ":", "99999999999"};
  for (const char* list : avoids) {
    if (*list == 0) continue;
    CAPTURE(list);
    CHECK_THROWS_WITH(avoided_parts("", list, target), Contains("--avoid"));
  }
  CHECK_THROWS_WITH(avoided_parts("0:1", "", target), Contains("--qubits"));
  CHECK_THROWS_WITH(avoided_parts("0-4", "0-4", target), Contains("no qubit"));
  CHECK(avoided_parts("", "", target).empty());
  CHECK(avoided_parts("", "4:3", target).couplers == std::vector<std::pair<int, int>>{{3, 4}});
}

TEST_CASE("An IQM device's quality metrics are read by the names of their fields", "[layout]") {
  const auto metric = [](const std::string& name, nlohmann::json value, bool invalid = false) {
    return nlohmann::json{
        {"dut_field", name}, {"value", std::move(value)}, {"unit", ""}, {"invalid", invalid}};
  };
  nlohmann::json file{{"observation_set_type", "quality-metric-set"},
                      {"observations", nlohmann::json::array()}};
  for (const auto& observation :
       {metric("metrics.rb.prx.drag_gaussian.QB1.fidelity:par=d1", 0.998),
        metric("metrics.rb.prx.drag_crf.QB1.fidelity", 0.999),
        metric("metrics.rb.prx.drag_crf.QB3.fidelity:par=d2", 0.9985, true),
        metric("metrics.irb.cz.crf.QB1__QB3.fidelity:par=d2", 0.99),
        metric("metrics.irb.cz.crf.QB3__COMP_R.fidelity", 0.5),
        metric("metrics.ssro.measure.constant.QB1.error_0_to_1", 0.01),
        metric("metrics.ssro.measure.constant.QB1.error_1_to_0", 0.03),
        metric("metrics.ssro.measure.constant.QB3.fidelity", 0.96),
        metric("characterization.model.QB1.t1_time", 4e-5),
        metric("characterization.model.QB1.t2_time", 1e-5),
        metric("characterization.model.QB3.t1_time", nullptr), metric("gates.cz.crf.QB1__QB3.duration", 4e-8),
        metric("controllers.QB1.drive.frequency", 4.5e9), metric("metrics.rrc.cz.QB1.x", "text")})
    file["observations"].push_back(observation);
  const DeviceProperties found = parse_properties(file.dump(), "metrics.json");
  REQUIRE(found.qubits.size() == 3);
  CHECK(found.qubits[0] == QubitProperties{4e-5, 1e-5, 0.02, {}, true});
  CHECK(found.qubits[1] == QubitProperties{});
  CHECK(*found.qubits[2].readout_error == Approx(0.04).epsilon(1e-12));
  REQUIRE(found.gates.size() == 2);
  CHECK(found.gates[0].gate == device_rotation("X"));
  CHECK(*found.gates[0].error == Approx(0.001).epsilon(1e-9));
  CHECK(found.gates[1].q0 == 0);
  CHECK(found.gates[1].q1 == 2);
  CHECK(*found.gates[1].error == Approx(0.01).epsilon(1e-9));
  CHECK(found.gates[1].length == 4e-8);
  file["observations"].push_back(metric("metrics.irb.cz.crf.QB1__QB2.fidelity", 1.5));
  CHECK_THROWS_WITH(parse_properties(file.dump(), "metrics.json"),
                    Catch::Contains("metrics.json") && Catch::Contains("QB1__QB2"));
}
