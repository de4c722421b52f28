// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "tests/hardware/replay_driver_case.h"

using namespace qmtl;
using fake::Replay;
using fake::Trouble;
using enum ReplayState;

TEST_CASE("An undisturbed replay sends each job once", "[replay-driver]") {
  Replay replay;
  CHECK(replay.run() == ReplayEnd::done);
  replay.check_whole();
  CHECK(replay.service.submits == 3);
  CHECK(replay.service.finds == 0);
  CHECK(replay.run() == ReplayEnd::done);
  CHECK(replay.service.submits == 3);
}

TEST_CASE("No trouble of a submit makes a second job or loses one", "[replay-driver]") {
  using T = Trouble;
  const std::vector<std::deque<Trouble>> scripts{
      {T::transient},
      {T::transient, T::transient, T::none, T::transient},
      {T::lost_before},
      {T::lost_after},
      {T::lost_after, T::lost_after, T::lost_after},
      {T::lost_before, T::lost_before, T::lost_after, T::transient, T::lost_after},
      {T::crash},
      {T::none, T::crash},
      {T::crash_before},
      {T::crash_before, T::crash, T::lost_after, T::crash_before, T::transient, T::crash},
  };
  for (std::size_t s = 0; s < scripts.size(); ++s)
    for (int late : {0, 2}) {
      INFO("script " << s << ", listed " << late << " questions late");
      Replay replay;
      replay.service.script = scripts[s];
      replay.service.list_late = late;
      ReplayEnd end = ReplayEnd::stopped;
      for (int process = 0; process < 10 && end != ReplayEnd::done; ++process) try {
          end = replay.run();
        } catch (const fake::Crash&) {
        }
      CHECK(end == ReplayEnd::done);
      replay.check_whole();
      CHECK(replay.spent() == Approx(0.01 * 2 * (10 + 20 + 30)));
    }
}

TEST_CASE("A job that was doubled all the same is reported and counted", "[replay-driver]") {
  // The service lists the first job later than the grace: the one case that nobody can know of.
  Replay replay;
  replay.service.script = {Trouble::lost_after, Trouble::crash};
  replay.service.list_late = 100;
  replay.patience.grace = 5;
  CHECK_THROWS_AS(replay.run(), fake::Crash);
  replay.service.finds = 1000;
  CHECK(replay.run() == ReplayEnd::done);
  CHECK(replay.service.taken(replay.tag(0)) == 2);
  CHECK(replay.spent() == Approx(0.01 * 2 * (2 * 10 + 20 + 30)));
  CHECK(std::any_of(replay.folder.told.begin(), replay.folder.told.end(), [](const std::string& line) {
    return line.find("2 times at the service") != std::string::npos;
  }));
}

TEST_CASE("A lost submit is not repeated before the grace is over", "[replay-driver]") {
  Replay replay;
  replay.service.script = {Trouble::lost_before};
  const double begin = replay.folder.clock;
  std::vector<double> at;
  replay.run();
  CHECK(replay.folder.clock - begin >= replay.patience.grace);
  CHECK(replay.service.finds >= 4);  // looked for several times on the way
}

TEST_CASE("A refused job ends the sending and is sent again only when asked for", "[replay-driver]") {
  Replay replay;
  replay.service.script = {Trouble::none, Trouble::refused};
  CHECK_THROWS_AS(replay.run(), EndpointError);
  CHECK(replay.states() == std::vector<ReplayState>{submitted, failed, planned});
  replay.run();
  CHECK(replay.states() == std::vector<ReplayState>{fetched, failed, fetched});
  CHECK(replay.spent() == Approx(0.01 * 2 * (10 + 30)));
  replay.process([](ReplayDriver& driver, ReplayJournal&) { return driver.retry(); });
  replay.run();
  CHECK(replay.states() == std::vector<ReplayState>{fetched, fetched, fetched});
  CHECK(replay.service.taken(replay.tag(1, 2)) == 1);
}

TEST_CASE("A service that takes nothing more blocks after bounded attempts, and results go on",
          "[replay-driver]") {
  Replay replay;
  replay.patience.submits = 2;
  replay.service.script = {Trouble::none, Trouble::transient, Trouble::transient};
  CHECK(replay.run() == ReplayEnd::done);  // there was room when the first job had ended
  replay.check_whole();
  Replay closed;
  closed.patience.submits = 3;
  closed.service.script.assign(100, Trouble::transient);
  CHECK(closed.run() == ReplayEnd::blocked);
  CHECK(closed.service.submits == 3);
  CHECK(closed.states() == std::vector<ReplayState>{planned, planned, planned});
}

TEST_CASE("Nothing is sent when the estimates do not fit under the ceiling", "[replay-driver]") {
  Replay replay;
  replay.ceiling = 1.19;
  CHECK_THROWS_WITH(replay.run(), Catch::Contains("--max-cost: expected at least 1.2"));
  CHECK(replay.service.submits == 0);
  replay.ceiling = 1.2 + 1e-9;
  CHECK(replay.run() == ReplayEnd::done);
}

TEST_CASE("The ceiling is held against what jobs have cost in truth", "[replay-driver]") {
  Replay replay;
  replay.ceiling = 1.3;
  replay.service.cost_factor = 3;
  replay.process([](ReplayDriver& driver, ReplayJournal& journal) {
    driver.submit(ReplayPhase::work);
    driver.fetch(ReplayPhase::work, true);
    CHECK(journal.spent() == Approx(3.6));
    return 0;
  });
  Replay stepwise;
  stepwise.ceiling = 1.3;
  stepwise.service.cost_factor = 3;
  stepwise.service.script = {Trouble::none, Trouble::transient, Trouble::transient};
  stepwise.patience.submits = 2;
  // The first job's cost is known before the second is sent.
  CHECK_THROWS_WITH(stepwise.run(), Catch::Contains("0.6 spent"));
  CHECK(stepwise.service.jobs.size() == 1);
}

TEST_CASE("Submits keep the endpoint's interval, also over a restart", "[replay-driver]") {
  Replay replay;
  replay.service.about().limits.submit_interval = 12;
  replay.service.script = {Trouble::none, Trouble::crash};
  const double begin = replay.folder.clock;
  CHECK_THROWS_AS(replay.run(), fake::Crash);
  replay.run();
  replay.check_whole();
  CHECK(replay.folder.clock - begin >= 24);
}

TEST_CASE("Results that are late, lost or damaged are asked for again", "[replay-driver]") {
  Replay replay;
  replay.service.not_ready = 3;
  CHECK(replay.run() == ReplayEnd::done);
  replay.check_whole();
  // A file that vanished and one that was changed.
  replay.folder.files.erase(replay.tag(0));
  replay.folder.files[replay.tag(1)][20] ^= 1;
  CHECK(replay.run() == ReplayEnd::done);
  replay.check_whole();
  CHECK(replay.service.submits == 3);
  Replay never;
  never.service.not_ready = 1000;
  CHECK_THROWS_AS(never.run(), EndpointError);
  CHECK(never.states() == std::vector<ReplayState>{completed, completed, completed});
}

TEST_CASE("Results that make no sense are refused, and the other jobs' are kept", "[replay-driver]") {
  using Damage = std::function<void(JobResult&)>;
  const std::pair<const char*, Damage> cases[] = {
      {"no sweep", [](JobResult& r) { r.counts.clear(); }},
      {"a row too few", [](JobResult& r) { r.counts[0].pop_back(); }},
      {"a bit too many",
       [](JobResult& r) {
         r.counts[0][0] = {{"000", 10}};
       }},
      {"another character",
       [](JobResult& r) {
         r.counts[0][0] = {{"0x", 10}};
       }},
      {"too many shots", [](JobResult& r) { r.counts[0][0]["00"] += 1000; }},
      {"an empty row", [](JobResult& r) { r.counts[0][0].clear(); }},
  };
  for (const auto& [what, damage] : cases) {
    INFO(what);
    Replay replay;
    int fetches = 0;
    replay.service.damage = [&, &damage = damage](JobResult& result) {
      if (++fetches == 2) damage(result);
    };
    CHECK_THROWS_AS(replay.run(), EndpointError);
    CHECK(replay.states() == std::vector<ReplayState>{fetched, completed, fetched});
    replay.run();
    replay.check_whole();
  }
}

TEST_CASE("A job that failed keeps the rows that have results", "[replay-driver]") {
  Replay replay;
  replay.service.states["id1"] = JobState::failed;
  CHECK(replay.run() == ReplayEnd::done);
  CHECK(replay.states() == std::vector<ReplayState>{fetched, failed, fetched});
  Replay partly;
  partly.service.states["id1"] = JobState::failed;
  partly.service.partial = true;
  CHECK(partly.run() == ReplayEnd::done);
  partly.process([](ReplayDriver& driver, ReplayJournal&) {
    const auto result = driver.result(1);
    REQUIRE(result);
    CHECK(result->missing.size() == 1);
    CHECK_FALSE(result->counts[0][0].empty());
    CHECK(result->counts[0][1].empty());
    return 0;
  });
}

TEST_CASE("A stop ends between two steps, and the next process goes on", "[replay-driver]") {
  for (int sleeps = 0; sleeps < 6; ++sleeps) {
    INFO("stop after " << sleeps << " sleeps");
    Replay replay;
    replay.service.script = {Trouble::transient, Trouble::lost_after, Trouble::transient};
    replay.service.list_late = 1;
    replay.folder.stop_after_sleeps = sleeps;
    replay.run();
    replay.folder.stop_after_sleeps = -1;
    CHECK(replay.run() == ReplayEnd::done);
    replay.check_whole();
  }
}

TEST_CASE("Cancelling ends what is not finished and leaves what has run", "[replay-driver]") {
  Replay replay;
  replay.service.states["id0"] = JobState::queued;
  replay.service.script = {Trouble::none, Trouble::none, Trouble::crash_before};
  CHECK_THROWS_AS(replay.process([](ReplayDriver& d, ReplayJournal&) { return d.submit(ReplayPhase::work); }),
                  fake::Crash);
  replay.process([](ReplayDriver& driver, ReplayJournal&) {
    driver.cancel();
    return 0;
  });
  CHECK(replay.states() == std::vector<ReplayState>{cancelled, completed, abandoned});
  CHECK(replay.service.submits == 3);
}

TEST_CASE("A journal of other programs is refused", "[replay-driver]") {
  Replay replay;
  replay.run();
  replay.programs[1].sweep.program.ops.pop_back();
  CHECK_THROWS_WITH(replay.run(), Catch::Contains("job 1"));
}
