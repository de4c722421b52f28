// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <limits>
#include <numeric>

#include "hardware/replay/jobs.h"
#include "hardware/replay/shots.h"
#include "tests/hardware/fake_endpoint.h"

using namespace qmtl;

namespace {

/// Rows of every program, in the order in which jobs hold them.
std::vector<std::size_t> rows_of(const std::vector<ReplayJob>& jobs, std::size_t programs) {
  std::vector<std::size_t> next(programs, 0);
  for (const ReplayJob& job : jobs)
    for (const SweepPlace& place : job.sweeps) {
      CHECK(place.first == next[static_cast<std::size_t>(place.program)]);
      next[static_cast<std::size_t>(place.program)] += place.rows;
    }
  return next;
}

}  // namespace

TEST_CASE("Jobs stay within every limit, hold every row once, and have equal shots", "[replay-plan]") {
  std::vector<ReplayProgram> programs;
  std::vector<std::size_t> rows;
  for (int p = 0; p < 6; ++p) {
    rows.push_back(static_cast<std::size_t>(7 + 5 * p));
    programs.push_back(fake::program("p" + std::to_string(p), rows.back(), p < 3 ? 100 : 150));
  }
  struct Case {
    const char* what;
    EndpointLimits limits;
  };
  const Case cases[] = {
      {"none", {}},
      {"sweeps", {2, 0, 0, 0, 0, 0, 0}},
      {"rows", {0, 10, 0, 0, 0, 0, 0}},
      {"executions", {0, 0, 1000, 0, 0, 0, 0}},
      {"gates", {0, 0, 0, 0, 25, 0, 0}},
      {"bytes", {0, 0, 0, 0, 0, 3000, 0}},
      {"all", {2, 9, 1200, 150, 22, 2900, 0}},
  };
  for (const auto& [what, limits] : cases) {
    INFO(what);
    const auto jobs = pack_jobs(programs, limits);
    CHECK(rows_of(jobs, programs.size()) == rows);
    for (const ReplayJob& job : jobs) {
      const DeviceJob made = device_job(job, programs, "tag");
      std::int64_t all = 0, gates = 0;
      for (std::size_t s = 0; s < made.sweeps.size(); ++s) {
        const Sweep& sweep = made.sweeps[s];
        all += static_cast<std::int64_t>(sweep.rows);
        gates += static_cast<std::int64_t>(sweep.rows * sweep.program.ops.size());
        CHECK(sweep.values.size() == sweep.rows * sweep.program.inputs.size());
        CHECK(programs[static_cast<std::size_t>(job.sweeps[s].program)].shots == made.shots);
      }
      if (limits.sweeps) CHECK(static_cast<std::int64_t>(made.sweeps.size()) <= limits.sweeps);
      if (limits.rows) CHECK(all <= limits.rows);
      if (limits.executions) CHECK(made.executions() <= limits.executions);
      if (limits.gates) CHECK(gates <= limits.gates);
    }
  }
  CHECK(pack_jobs(programs, {}).size() == 2);  // one for each number of shots
}

TEST_CASE("A row that no job can hold is refused with the limit's name", "[replay-plan]") {
  const std::vector<ReplayProgram> programs{fake::program("big", 3, 1000, 9)};
  CHECK_THROWS_WITH(pack_jobs(programs, {0, 0, 999, 0, 0, 0, 0}), Catch::Contains("executions"));
  CHECK_THROWS_WITH(pack_jobs(programs, {0, 0, 0, 999, 0, 0, 0}), Catch::Contains("--shots"));
  CHECK_THROWS_WITH(pack_jobs(programs, {0, 0, 0, 0, 8, 0, 0}), Catch::Contains("gates"));
  CHECK_THROWS_WITH(pack_jobs(programs, {0, 0, 0, 0, 0, 100, 0}), Catch::Contains("bytes"));
}

TEST_CASE("Tags and shapes depend on what is asked, not on angles", "[replay-plan]") {
  const std::vector<ReplayProgram> programs{fake::program("p", 3, 10)};
  const ReplayJob job = pack_jobs(programs, {}).front();
  const DeviceJob one = device_job(job, programs, "tag");
  DeviceJob other = one;
  other.sweeps[0].values[0] += 1e-15;
  other.tag = "another";
  CHECK(shape_hash(one) == shape_hash(other));
  other.shots = 11;
  CHECK(shape_hash(one) != shape_hash(other));
  other = one;
  other.sweeps[0].program.ops[0].q0 = 1;
  CHECK(shape_hash(one) != shape_hash(other));
  CHECK(job_tag(std::string(64, 'f'), 3, 1) == "qmtl-ffffffffffffffff-3");
  CHECK(job_tag(std::string(64, 'f'), 3, 2) == "qmtl-ffffffffffffffff-3-2");
}

TEST_CASE("Shots keep their mean, follow the root of the variance and leave none without", "[replay-plan]") {
  const std::vector<double> variances{4.0, 1.0, 0.0, 1.0};
  const auto shots = allocate_shots(variances, 1000, 0);
  CHECK(std::accumulate(shots.begin(), shots.end(), std::int64_t{0}) == 4000);
  CHECK(shots == std::vector<std::int64_t>{1750, 1000, 250, 1000});
  for (const double bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
    CHECK_THROWS_WITH(allocate_shots(std::vector<double>{1, bad}, 7, 0), Catch::Contains("too large"));
  CHECK(allocate_shots(std::vector<double>{0, 0}, 7, 0) == std::vector<std::int64_t>{7, 7});
  // 10 of 3 programs: the fractions' sum is given to the first ones.
  const auto odd = allocate_shots(std::vector<double>{1, 1, 2}, 10, 0);
  CHECK(std::accumulate(odd.begin(), odd.end(), std::int64_t{0}) == 30);
  for (std::int64_t n : allocate_shots(variances, 1000, 1200)) CHECK(n <= 1200);
  CHECK(allocate_shots(std::vector<double>{0, 1e9}, 1, 0) == std::vector<std::int64_t>{1, 2});
}

TEST_CASE("The sum of variances is least near the allocation", "[replay-plan]") {
  // With the least share set aside the rest is Neyman's; compared with an even split it must never be worse
  // than by what the share costs, and for unequal variances it must be better.
  const std::vector<double> variances{9.0, 1.0, 0.25, 0.01};
  const auto shots = allocate_shots(variances, 500, 0);
  double with = 0, even = 0;
  for (std::size_t i = 0; i < variances.size(); ++i) {
    with += variances[i] / static_cast<double>(shots[i]);
    even += variances[i] / 500.0;
  }
  CHECK(with < 0.7 * even);
}
