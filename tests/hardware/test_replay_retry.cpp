// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "hardware/replay/program_counts.h"
#include "tests/hardware/replay_driver_case.h"

using namespace qmtl;
using fake::identity;
using fake::Replay;
using enum ReplayState;

namespace {

/// Whether every row of the work has as many shots as its program asks for.
void check_all_rows(Replay& replay) {
  replay.process([&](ReplayDriver& driver, ReplayJournal&) {
    const ProgramCounts counts = gather_counts(driver);
    CHECK(counts.missing.empty());
    for (std::size_t p = 0; p < counts.rows.size(); ++p)
      for (const Counts& row : counts.rows[p]) {
        REQUIRE(row.size() == 1);
        CHECK(row.begin()->second == static_cast<std::uint64_t>(replay.programs[p].shots));
      }
    return 0;
  });
}

int retry(Replay& replay) {
  return replay.process([](ReplayDriver& driver, ReplayJournal&) { return driver.retry(); });
}

}  // namespace

TEST_CASE("Rows that came without results are sent again alone, and what came is kept", "[replay-driver]") {
  Replay replay;
  replay.service.lacking = {"id0", "id2"};
  CHECK(replay.run() == ReplayEnd::done);
  const std::map<std::string, std::string> before = replay.folder.files;
  CHECK(retry(replay) == 2);  // their shots differ: a job each
  CHECK(retry(replay) == 0);  // those are under way
  CHECK(replay.run() == ReplayEnd::done);
  REQUIRE(replay.service.jobs.size() == 5);
  for (int further : {3, 4}) {
    const DeviceJob& job = replay.service.jobs[static_cast<std::size_t>(further)];
    REQUIRE(job.sweeps.size() == 1);
    CHECK(job.sweeps[0].rows == 1);
    CHECK(job.tag == replay.tag(further));
  }
  CHECK(replay.service.jobs[3].shots == 10);
  CHECK(replay.service.jobs[4].shots == 30);
  for (const auto& [tag, text] : before) CHECK(replay.folder.files[tag] == text);
  check_all_rows(replay);
  CHECK(replay.spent() == Approx(0.01 * (2 * (10 + 20 + 30) + 10 + 30)));
  CHECK(retry(replay) == 0);
  CHECK(replay.run() == ReplayEnd::done);
  CHECK(replay.service.jobs.size() == 5);
}

TEST_CASE("Rows that only an answer lacked are asked for again and cost nothing", "[replay-driver]") {
  Replay replay;
  replay.service.partial = true;
  CHECK(replay.run() == ReplayEnd::done);
  replay.service.partial = false;
  CHECK(retry(replay) == 0);
  check_all_rows(replay);
  CHECK(replay.service.jobs.size() == 3);
  CHECK(replay.spent() == Approx(0.01 * 2 * (10 + 20 + 30)));
}

TEST_CASE("A retry that is interrupted before any line of the journal goes on and makes no job twice",
          "[replay-driver]") {
  for (int lost : {-1, 0, 3})
    for (int lines = 0;; ++lines) {
      INFO("results of job " << lost << " are lost, stopped before line " << lines);
      Replay replay;
      replay.service.lacking = {"id0", "id2"};
      replay.run();
      replay.folder.lines_left = lines;
      bool crashed = false;
      try {
        retry(replay);
        replay.run();
      } catch (const fake::Crash&) {
        crashed = true;
      }
      replay.folder.lines_left = -1;
      // Files that are lost on the way are fetched, never sent.
      if (lost >= 0) replay.folder.files.erase(replay.tag(lost));
      for (int again = 0; again < 2; ++again) {  // what is fetched anew may lack rows
        retry(replay);
        CHECK(replay.run() == ReplayEnd::done);
      }
      check_all_rows(replay);
      CHECK(replay.service.jobs.size() == 5);
      if (!crashed) break;
    }
}

TEST_CASE("An answer that came whole is right beside the file of the one before", "[replay-driver]") {
  Replay replay;
  replay.service.partial = true;
  replay.run();
  replay.service.partial = false;
  // The line of the second answer is on disk, its file is not.
  const std::map<std::string, std::string> before = replay.folder.files;
  retry(replay);
  replay.folder.files = before;
  CHECK(replay.run() == ReplayEnd::done);
  CHECK(replay.folder.files == before);
  retry(replay);
  check_all_rows(replay);
  CHECK(replay.service.jobs.size() == 3);
}

TEST_CASE("A further job that fails is sent again as one", "[replay-driver]") {
  Replay replay;
  replay.service.lacking = {"id1"};
  replay.run();
  replay.service.states["id3"] = JobState::failed;
  CHECK(retry(replay) == 1);
  CHECK(replay.run() == ReplayEnd::done);
  CHECK(replay.states() == std::vector<ReplayState>{fetched, fetched, fetched, failed});
  CHECK(retry(replay) == 1);
  CHECK(replay.run() == ReplayEnd::done);
  CHECK(replay.service.taken(replay.tag(3, 2)) == 1);
  CHECK(replay.service.jobs.size() == 5);
  check_all_rows(replay);
}

TEST_CASE("A further job of rows that the plan does not have is refused", "[replay-driver]") {
  for (const SweepPlace& place : {SweepPlace{3, 0, 1}, SweepPlace{0, 1, 2}, SweepPlace{0, 5, 1}}) {
    Replay replay;
    replay.run();
    ReplayJournal journal = replay.folder.open(identity);
    JournalEntry entry;
    entry.job = 3;
    entry.tag = replay.tag(3);
    entry.sweeps = {place};
    journal.record(entry);
    CHECK_THROWS_WITH(replay.run(), Catch::Contains("another job 3"));
  }
}
