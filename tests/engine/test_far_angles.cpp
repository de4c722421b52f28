// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "runtime/engine/far_angle.h"
#include "tests/engine/engine_case.h"
#include "tests/oracle/cases.h"

using namespace qmtl;
using namespace qmtl::test;

TEST_CASE("whole turns are taken from any angle exactly", "[far]") {
  // The C library reduces every double itself; half a unit in the last place of pi, twice, is 4.5e-16.
  for (double size : {1.0, 1e3, 1e4, 1e6, 1e8, 1e9, 1e15, 1e16, 1e20, 1e38, 1e200, 1.7e308})
    for (double part : oracle::uniform(7, 500, -1, 1)) {
      const double x = size * part;
      if (std::abs(x) < 1) continue;
      const double near = engine::near_angle(x);
      INFO(x << " became " << near);
      CHECK(std::abs(near) <= std::numbers::pi);
      CHECK(std::abs(std::sin(near) - std::sin(x)) < 1e-15);
      CHECK(std::abs(std::cos(near) - std::cos(x)) < 1e-15);
    }
  CHECK(std::isnan(engine::near_angle(std::numeric_limits<double>::infinity())));
  CHECK(std::isnan(engine::near_angle(std::numeric_limits<double>::quiet_NaN())));
}

// What an angle of 1e9 means does not depend on what is added to it: trained angles and other uploads stay.
TEST_CASE("far angles give the values and gradients of the same angles less whole turns", "[far]") {
  AnsatzSpec spec;
  spec.qubits = 4;
  spec.rotations = {Gate::ry, Gate::rz};
  spec.register_size = 2;
  spec.block_rotations = {Gate::ry};
  spec.block_outputs = {1, 1};
  const auto far = oracle::uniform(3, 20 * static_cast<std::size_t>(build(spec).angles), -1e9, 1e9);
  std::vector<double> near(far.size()), exact(far.size());
  for (std::size_t i = 0; i < far.size(); ++i) {
    exact[i] = static_cast<double>(static_cast<float>(far[i]));  // both precisions take the same angle
    near[i] = static_cast<double>(static_cast<float>(std::remainder(exact[i], 2 * std::numbers::pi)));
  }
  const Problem problem = make_problem(spec, near, false, 5);
  Problem given = problem;
  given.angles = exact;
  for (PlanKind plan : {PlanKind::state, PlanKind::operators, PlanKind::cones, PlanKind::pauli})
    for (SimdTarget target : available_targets()) {
      INFO(name(plan) << " " << name(target));
      const auto check = [&]<class Real>(Real tolerance) {
        const auto a = run(make_engine<Real>(problem, plan, target), problem, 20);
        const auto b = run(make_engine<Real>(given, plan, target), given, 20);
        for (std::size_t i = 0; i < a.values.size(); ++i)
          CHECK(std::abs(a.values[i] - b.values[i]) < tolerance);
        for (std::size_t i = 0; i < a.angle_gradients.size(); ++i)
          CHECK(std::abs(a.angle_gradients[i] - b.angle_gradients[i]) < tolerance);
      };
      // The four angles of a sample are rounded to float, 1.2e-7, and remainder() by a 2 pi of 53 bits is off
      // by 1e9 / (2 pi) 2.4e-16 = 4e-8: 7e-7 together; single precision has errors of its own in both.
      check(4e-6f);
      check(7e-7);
    }
}
