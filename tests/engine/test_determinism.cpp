// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>

#include "runtime/base/error.h"
#include "tests/engine/engine_case.h"
#include "tests/oracle/cases.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

AnsatzSpec small_spec() {
  AnsatzSpec spec;
  spec.qubits = 6;
  spec.rotations = {Gate::ry, Gate::rz};
  spec.register_size = 3;
  spec.block_rotations = {Gate::ry};
  spec.block_outputs = {1, 1, 1};
  return spec;
}

/// Inputs without oracle answers: only bits are compared here.
Problem inputs(std::size_t samples, std::uint64_t seed) {
  Problem problem;
  problem.spec = small_spec();
  problem.circuit = build(problem.spec);
  problem.samples = samples;
  problem.angles = oracle::uniform(seed, samples * static_cast<std::size_t>(problem.circuit.angles), -4, 4);
  problem.params = oracle::uniform(17, static_cast<std::size_t>(problem.circuit.params), -2, 2);
  problem.cotangents = oracle::uniform(seed + 1, samples * problem.columns(), -1, 1);
  return problem;
}

Problem rows(const Problem& problem, std::size_t first, std::size_t count) {
  Problem part = problem;
  const auto cut = [&](std::vector<double>& values, std::size_t width) {
    values = {values.begin() + static_cast<std::ptrdiff_t>(first * width),
              values.begin() + static_cast<std::ptrdiff_t>((first + count) * width)};
  };
  cut(part.angles, static_cast<std::size_t>(problem.circuit.angles));
  cut(part.cotangents, problem.columns());
  part.samples = count;
  return part;
}

const std::vector<PlanKind> plans{PlanKind::state, PlanKind::operators, PlanKind::cones, PlanKind::pauli};

template <class Real>
void check_company(PlanKind plan, SimdTarget target) {
  const Problem problem = inputs(37, 5);
  const Engine<Real> engine = make_engine<Real>(problem, plan, target);
  const Answer<Real> together = run(engine, problem, 37);
  const std::size_t columns = problem.columns(), width = static_cast<std::size_t>(problem.circuit.angles);
  for (const auto& [first, count] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 1}, {3, 1}, {36, 1}, {1, 16}, {5, 17}, {20, 17}, {0, 37}}) {
    INFO(name(plan) << " " << name(target) << " samples " << first << " to " << first + count - 1);
    const Answer<Real> alone = run(engine, rows(problem, first, count), count);
    CHECK(std::equal(alone.values.begin(), alone.values.end(),
                     together.values.begin() + static_cast<std::ptrdiff_t>(first * columns)));
    CHECK(std::equal(alone.angle_gradients.begin(), alone.angle_gradients.end(),
                     together.angle_gradients.begin() + static_cast<std::ptrdiff_t>(first * width)));
  }
}

template <class Real>
void check_threads(PlanKind plan) {
  constexpr std::size_t callers = 4, rounds = 8;
  std::vector<Problem> problems;
  for (std::size_t i = 0; i < callers; ++i) problems.push_back(inputs(17 + 8 * i, 100 + i));
  const Engine<Real> engine = make_engine<Real>(problems[0], plan);
  std::vector<Answer<Real>> serial;
  for (const Problem& problem : problems) serial.push_back(run(engine, problem, problem.samples));

  // Catch2's assertions are not thread-safe: threads only call the engine and compare.
  std::vector<std::size_t> different(callers, 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < callers; ++i)
    threads.emplace_back([&, i] {
      const Problem& problem = problems[i];
      const std::vector<Real> angles(problem.angles.begin(), problem.angles.end());
      for (std::size_t round = 0; round < rounds; ++round) {
        Answer<Real> answer;
        answer.values.resize(problem.samples * problem.columns());
        answer.angle_gradients.resize(angles.size());
        answer.param_gradients.resize(problem.params.size());
        engine.vjp(
            problem.samples, angles.data(),
            [&](std::size_t first, std::size_t count, const Real*, Real* cotangents) {
              for (std::size_t k = 0; k < count * problem.columns(); ++k)
                cotangents[k] = static_cast<Real>(problem.cotangents[first * problem.columns() + k]);
            },
            answer.values.data(), answer.angle_gradients.data(), answer.param_gradients.data());
        different[i] += !(answer == serial[i]);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(different == std::vector<std::size_t>(callers, 0));
}

}  // namespace

TEST_CASE("a forced SIMD target is the one that runs and an unavailable one is refused", "[engine][target]") {
  const std::vector<SimdTarget> available = available_targets();
  REQUIRE_FALSE(available.empty());
  const Plan plan = make_plan(build(small_spec()));
  for (SimdTarget target : {SimdTarget::avx512, SimdTarget::avx2, SimdTarget::sse4, SimdTarget::scalar}) {
    CAPTURE(name(target));
    CHECK(parse_simd_target(name(target)) == target);
    if (std::find(available.begin(), available.end(), target) != available.end()) {
      CHECK(Engine<float>(plan, target).target() == target);
      CHECK(Engine<double>(plan, target).target() == target);
    } else {
      CHECK_THROWS_AS(Engine<float>(plan, target), Error);
    }
  }
  CHECK(Engine<float>(plan).target() == available.front());
  CHECK_THROWS_AS(parse_simd_target("altivec"), Error);
}

TEST_CASE("a sample's bits do not depend on the samples that share its batch", "[engine][determinism]") {
  for (PlanKind plan : plans)
    for (SimdTarget target : available_targets()) {
      check_company<float>(plan, target);
      check_company<double>(plan, target);
    }
}

TEST_CASE("the bits do not depend on how many threads call the engine at once", "[engine][determinism]") {
  for (PlanKind plan : plans) {
    CAPTURE(name(plan));
    check_threads<float>(plan);
    check_threads<double>(plan);
  }
}

TEST_CASE("parameter gradients are added to what the caller has", "[engine]") {
  const Problem problem = inputs(5, 3);
  const Engine<double> engine = make_engine<double>(problem, PlanKind::state);
  const Answer<double> once = run(engine, problem, 5);
  std::vector<double> values(5 * problem.columns()), angle_gradients(problem.angles.size());
  std::vector<double> sums(problem.params.size(), 1.0);
  engine.vjp(
      5, problem.angles.data(),
      [&](std::size_t first, std::size_t count, const double*, double* cotangents) {
        std::copy_n(problem.cotangents.begin() + static_cast<std::ptrdiff_t>(first * problem.columns()),
                    count * problem.columns(), cotangents);
      },
      values.data(), angle_gradients.data(), sums.data());
  // One addition to 1 rounds by at most eps of the sum, which is below 4 here.
  for (std::size_t i = 0; i < sums.size(); ++i)
    CHECK(sums[i] - 1.0 == Approx(once.param_gradients[i]).margin(4 * 2.2e-16).epsilon(0));
}

TEST_CASE("binding other parameters gives what a new engine gives", "[engine]") {
  Problem problem = inputs(20, 9);
  for (PlanKind plan : plans) {
    CAPTURE(name(plan));
    Engine<float> engine = make_engine<float>(problem, plan);
    const Answer<float> before = run(engine, problem, 20);
    Problem other = problem;
    for (double& param : other.params) param += 0.5;
    engine.bind(other.params);
    const Answer<float> after = run(engine, other, 20);
    CHECK_FALSE(after == before);
    CHECK(after == run(make_engine<float>(other, plan), other, 20));
    engine.bind(problem.params);
    CHECK(run(engine, problem, 20) == before);
  }
}
