// SPDX-License-Identifier: Apache-2.0
#include <tbb/global_control.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/engine/engine_case.h"
#include "tests/oracle/cases.h"
#include "tests/run_length.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

// The sanitizers look at every amplitude: they get one case of each kind.
constexpr bool few = test::sanitized;

/// Inputs of a circuit that is too large for the oracle.
Problem inputs(int qubits, ReadoutKind readout, std::size_t samples) {
  Problem problem;
  problem.spec.qubits = qubits;
  problem.spec.layers = few ? 1 : 2;
  problem.spec.rotations = {Gate::ry, Gate::rz};
  problem.spec.block_rotations = {Gate::ry};
  problem.spec.entangler = Entangler::brickwork_cz;
  problem.spec.register_size = 3;
  problem.spec.stride = qubits / 2;
  problem.spec.readout = readout;
  problem.spec.block_outputs = {1, 1};
  problem.circuit = build(problem.spec);
  problem.samples = samples;
  problem.angles = oracle::uniform(3, samples * static_cast<std::size_t>(problem.circuit.angles), -3, 3);
  problem.params = oracle::uniform(4, static_cast<std::size_t>(problem.circuit.params), -3, 3);
  problem.cotangents = oracle::uniform(5, samples * problem.columns(), -1, 1);
  return problem;
}

template <class Real>
double largest_difference(const Answer<Real>& found, const Answer<double>& expected) {
  double largest = 0;
  const auto compare = [&](const auto& a, const auto& b) {
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i)
      largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  };
  compare(found.values, expected.values);
  compare(found.angle_gradients, expected.angle_gradients);
  compare(found.param_gradients, expected.param_gradients);
  return largest;
}

}  // namespace

TEST_CASE("states that are walked in blocks agree with their causal cones", "[engine][large]") {
  // From 14 qubits on passes run block by block. One string: a product readout; the mean of three: branching.
  for (ReadoutKind readout : {ReadoutKind::first, ReadoutKind::mean}) {
    const Problem problem = inputs(14, readout, 3);
    const Answer<double> expected = run(make_engine<double>(problem, PlanKind::cones), problem, 3);
    for (PlanKind plan : {PlanKind::state, PlanKind::operators})
      for (SimdTarget target : available_targets()) {
        if (few && (target != available_targets().front() ||
                    (plan == PlanKind::state) == (readout == ReadoutKind::mean)))
          continue;
        INFO(name(plan) << " " << name(target) << " readout=" << name(readout));
        // Sums over 2^14 amplitudes of size 2^-7, in some 60 passes of half an ulp each: about 1e-13 and
        // 1e-5.
        for (LaneUse lanes : {LaneUse::samples, LaneUse::amplitudes}) {
          if (few && lanes == LaneUse::samples) continue;
          Engine<double> precise = make_engine<double>(problem, plan, target);
          precise.set_lanes(lanes);
          if (!few) CHECK(largest_difference(run(precise, problem, 3), expected) < 1e-12);
          Engine<float> engine = make_engine<float>(problem, plan, target);
          engine.set_lanes(lanes);
          CHECK(largest_difference(run(engine, problem, 3), expected) < 2e-4);
        }
      }
  }
}

#ifndef __SANITIZE_THREAD__  // it cannot see how oneTBB hands tasks over, and reports every amplitude
TEST_CASE("states that are shared among threads give the bits of one thread", "[engine][large]") {
  // Samples as lanes share blocks from 16 qubits on, amplitudes from 17 on.
  const Problem problem = inputs(17, ReadoutKind::first, 1);
  const Answer<double> expected = run(make_engine<double>(problem, PlanKind::cones), problem, 1);
  for (LaneUse lanes : {LaneUse::samples, LaneUse::amplitudes}) {
    Engine<float> engine = make_engine<float>(problem, PlanKind::state);
    engine.set_lanes(lanes);
    Answer<float> alone;
    {
      const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
      alone = run(engine, problem, 1);
    }
    CHECK(run(engine, problem, 1) == alone);
    // Rounding errors add up as their squares: sqrt(8) times the tolerance of an eighth of the amplitudes.
    CHECK(largest_difference(alone, expected) < 6e-4);
  }
}
#endif
