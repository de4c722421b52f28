// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/hardware/fake_endpoint.h"

namespace qmtl::fake {

inline const std::string identity(64, 'a');

/// A replay of three jobs of one program each, opened anew for every "process".
struct Replay {
  FakeEndpoint service;
  FakeFolder folder;
  std::vector<ReplayProgram> programs{program("a", 2, 10), program("b", 2, 20), program("c", 2, 30)};
  ReplayPatience patience;
  std::optional<double> ceiling;

  template <class Work>
  auto process(Work work) {
    folder.dead = false;
    service.dead = &folder.dead;
    ReplayJournal journal = folder.open(identity);
    const ReplaySeams seams = folder.seams();
    ReplaySessions sessions(service, folder.open_sessions(identity), seams.now, seams.tell);
    ReplayDriver driver(service, journal, identity, pack_jobs(programs, {}), programs, folder.seams(),
                        patience);
    driver.set_sessions(sessions);
    driver.close_sessions();
    driver.plan();
    if (ceiling) driver.set_ceiling(*ceiling);
    return work(driver, journal);
  }
  ReplayEnd run() {
    return process([](ReplayDriver& driver, ReplayJournal&) { return driver.run(ReplayPhase::work); });
  }
  std::vector<ReplayState> states() {
    std::vector<ReplayState> states;
    const ReplayJournal journal = folder.open(identity);
    for (const JobRecord& job : journal.jobs()) states.push_back(job.last.state);
    return states;
  }
  double spent() { return folder.open(identity).spent(); }
  std::string tag(int job, int attempt = 1) { return job_tag(identity, job, attempt); }
  /// Every tag was taken once and all results are here.
  void check_whole() {
    CHECK(states() == std::vector<ReplayState>(3, ReplayState::fetched));
    for (int j = 0; j < 3; ++j) CHECK(service.taken(tag(j)) == 1);
    CHECK(folder.files.size() == 3);
  }
};

}  // namespace qmtl::fake
