// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/base/error.h"
#include "tests/hardware/replay_driver_case.h"

using namespace qmtl;
using fake::Replay;
using enum ReplayState;

namespace {

/// A replay of equal jobs at a service that is paid and says what it takes.
Replay paid(std::size_t jobs, double cap_step = 0) {
  Replay replay;
  replay.programs.clear();
  // Other shots, so that each program is a job; they differ by less than a hundredth.
  for (std::size_t j = 0; j < jobs; ++j)
    replay.programs.push_back(fake::program("p" + std::to_string(j), 1, 1000 + static_cast<std::int64_t>(j)));
  replay.service.about().paid = replay.service.about().bills = true;
  replay.service.about().cap_step = cap_step;
  replay.patience.first_poll = 1;
  return replay;
}

constexpr double one_job = 10.1;  // more than the estimate of any of them

/// Runs until all is done or the ceiling ends it. False: the ceiling did.
bool ran(Replay& replay) {
  try {
    const ReplayEnd end = replay.run();  // CHECK would catch what it throws
    CHECK(end == ReplayEnd::done);
    return true;
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    CHECK_THAT(error.what(), Catch::Contains("--max-cost"));
    return false;
  }
}

}  // namespace

TEST_CASE("A service that charges more, late or twice passes the ceiling by the one job in flight at most",
          "[money]") {
  constexpr std::size_t jobs = 6;
  for (double factor : {0.5, 1.0, 1.5, 2.0, 5.0, 100.0})
    for (int late : {0, 4})
      for (bool twice : {false, true})
        for (double step : {0.0, 1.0})
          for (double ceiling : {66.0, 90.0, 1000.0}) {
            CAPTURE(factor, late, twice, step, ceiling);
            Replay replay = paid(jobs, step);
            replay.ceiling = ceiling;
            replay.service.cost_factor = factor;
            replay.service.told_late = late;
            replay.service.charged_twice = twice;
            const bool whole = ran(replay);
            REQUIRE_FALSE(replay.service.jobs.empty());
            const double one = replay.service.charge(replay.service.jobs.back());
            const double bill = replay.service.bill();
            CHECK(bill <= ceiling + one);
            CHECK(replay.service.billed_before.back() <= ceiling);
            if (factor * (twice ? 2 : 1) <= 1.0) CHECK(whole);
            CHECK(whole == (replay.service.jobs.size() == jobs));
            if (whole) continue;
            // Nor does another try send more.
            CHECK_FALSE(ran(replay));
            CHECK(replay.service.bill() == bill);
          }
}

TEST_CASE("So many jobs as may be under way at once are", "[money]") {
  for (int in_flight : {1, 2, 3}) {
    CAPTURE(in_flight);
    Replay replay = paid(6);
    replay.ceiling = 66;
    replay.patience.in_flight = in_flight;
    for (int j = 0; j < 6; ++j) replay.service.states["id" + std::to_string(j)] = JobState::queued;
    const ReplayEnd end =
        replay.process([](ReplayDriver& driver, ReplayJournal&) { return driver.submit(ReplayPhase::work); });
    CHECK(end == ReplayEnd::waiting);
    CHECK(replay.service.jobs.size() == static_cast<std::size_t>(in_flight));
    replay.service.states.clear();
    replay.service.cost_factor = 3;
    CHECK_FALSE(ran(replay));
    CHECK(replay.service.bill() <= 66 + 3 * one_job * in_flight);
  }
}

TEST_CASE("Every job's request has a cap that holds the ceiling and is enough for its estimate", "[money]") {
  for (double step : {0.25, 1.0, 3.0})
    for (int in_flight : {1, 2}) {
      CAPTURE(step, in_flight);
      Replay replay = paid(4, step);
      replay.ceiling = 47.5;
      replay.patience.in_flight = in_flight;
      CHECK(ran(replay));
      REQUIRE(replay.service.jobs.size() == 4);
      const ReplayJournal journal = replay.folder.open(fake::identity);
      for (std::size_t j = 0; j < 4; ++j) {
        REQUIRE(replay.service.jobs[j].most_cost);
        const double cap = *replay.service.jobs[j].most_cost;
        CHECK(cap >= journal.jobs()[j].last.estimate - 1e-9);
        CHECK(replay.service.billed_before[j] + cap <= 47.5 + 1e-9);
        CHECK(std::abs(std::remainder(cap, step)) < 1e-9);
        CHECK(journal.jobs()[j].last.cap == replay.service.jobs[j].most_cost);
      }
    }
  Replay uncapped = paid(2);
  uncapped.ceiling = 47.5;
  CHECK(ran(uncapped));
  CHECK_FALSE(uncapped.service.jobs[0].most_cost);
}

TEST_CASE("A ceiling that is too low for caps in whole steps is refused before anything is sent", "[money]") {
  Replay replay = paid(2, 8);
  replay.ceiling = 25;  // 20.01 is estimated, and caps are 16
  CHECK_FALSE(ran(replay));
  CHECK(replay.service.jobs.empty());
  replay.ceiling = 26.1;
  CHECK(ran(replay));
}

TEST_CASE("A charge that is never told counts with the cap, and without one nothing more is sent",
          "[money]") {
  Replay capped = paid(2, 1);
  capped.ceiling = 40.5;
  capped.service.told_late = 1'000'000;
  const bool whole = ran(capped);
  // Each cap holds what is left beside the estimates of the others, so that the first one takes all of it.
  CHECK(whole);
  CHECK(capped.spent() <= 40.5);
  CHECK(capped.spent() > 2 * one_job);

  Replay open = paid(3);
  open.ceiling = 60;
  open.service.told_late = 1'000'000;
  CHECK(open.run() == ReplayEnd::waiting);
  CHECK(open.service.jobs.size() == 1);
  CHECK(std::any_of(open.folder.told.begin(), open.folder.told.end(), [](const std::string& line) {
    return line.find("does not say what it has cost") != std::string::npos;
  }));
  open.service.told_late = 0;
  CHECK(ran(open));
}

TEST_CASE("A service that does not bill is sent all jobs at once", "[money]") {
  Replay replay = paid(5);
  replay.service.about().bills = false;
  replay.ceiling = 60;
  for (int j = 0; j < 5; ++j) replay.service.states["id" + std::to_string(j)] = JobState::queued;
  CHECK(replay.process([](ReplayDriver& d, ReplayJournal&) { return d.submit(ReplayPhase::work); }) ==
        ReplayEnd::done);
  CHECK(replay.service.jobs.size() == 5);
}

TEST_CASE("A charge that changes after it was told is in the journal", "[money]") {
  Replay replay = paid(2);
  replay.ceiling = 100;
  CHECK(ran(replay));
  const double before = replay.spent();
  replay.service.cost_factor = 2;
  replay.process([](ReplayDriver& driver, ReplayJournal&) {
    driver.read_charges();
    return 0;
  });
  CHECK(replay.spent() == Approx(2 * before));
  CHECK(replay.run() == ReplayEnd::done);
  CHECK(replay.service.jobs.size() == 2);
}

TEST_CASE("Jobs are sent in one session, which is closed whatever happens", "[money]") {
  Replay replay = paid(3);
  replay.ceiling = 50;
  replay.service.sessions_wanted = true;
  replay.service.session_trouble = 2;
  CHECK(ran(replay));
  CHECK(replay.service.in_session == std::vector<std::string>(3, "s1"));
  CHECK(replay.service.open_sessions.empty());
  REQUIRE(replay.service.session_caps.size() == 1);
  CHECK(replay.service.session_caps[0] == 50.0);

  Replay refused = paid(3);
  refused.ceiling = 50;
  refused.service.sessions_wanted = true;
  refused.service.script = {fake::Trouble::none, fake::Trouble::refused};
  CHECK_THROWS_AS(refused.run(), EndpointError);
  CHECK(refused.service.open_sessions.empty());
}

TEST_CASE("A crash at any line leaves no session with jobs open behind the next command", "[money]") {
  for (int lines = 0;; ++lines) {
    CAPTURE(lines);
    Replay replay = paid(3);
    replay.ceiling = 50;
    replay.service.sessions_wanted = true;
    replay.folder.lines_left = lines;
    try {
      replay.run();
    } catch (const fake::Crash&) {
    }
    const bool crashed = replay.folder.dead;  // perhaps only when it closed the session
    replay.folder.lines_left = -1;
    CHECK(ran(replay));
    CHECK(replay.service.jobs.size() == 3);
    // Of one whose id was never written nothing is known, and it has no jobs.
    for (const std::string& open : replay.service.open_sessions)
      CHECK(std::count(replay.service.in_session.begin(), replay.service.in_session.end(), open) == 0);
    CHECK(replay.service.open_sessions.size() <= 1);
    if (!crashed) {
      CHECK(replay.service.open_sessions.empty());
      break;
    }
  }
}

TEST_CASE("What a session costs beside its jobs is counted, under the ceiling too", "[money]") {
  Replay replay = paid(3);
  replay.ceiling = 100;
  replay.service.sessions_wanted = true;
  replay.service.session_cost = 45.0;
  CHECK(ran(replay));
  replay.process([](ReplayDriver& driver, ReplayJournal&) {
    CHECK(driver.spent() == Approx(45.0));
    return 0;
  });
  Replay dear = paid(3);
  dear.ceiling = 50;
  dear.service.sessions_wanted = true;
  dear.service.session_cost = 45.0;
  CHECK_FALSE(ran(dear));
  CHECK(dear.service.jobs.size() == 1);
  CHECK(dear.service.open_sessions.empty());
}
