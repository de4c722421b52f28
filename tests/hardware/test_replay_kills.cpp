// SPDX-License-Identifier: Apache-2.0
// A replay that is killed at random, thousands of times: its process ends at any call of the service or of
// what lies around it, before or behind what the call does, lines of the journal in the middle.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "hardware/replay/driver.h"
#include "runtime/base/error.h"
#include "tests/hardware/fake_endpoint.h"

using namespace qmtl;
using fake::Crash;

namespace {

/// When the process ends, and other accidents: the same seed, the same accidents.
struct Accidents {
  std::mt19937_64 random;
  double often = 0;  ///< of each call's beginning and of its end
  int kills = 0;

  bool happens(double probability) {
    return std::uniform_real_distribution<double>(0, 1)(random) < probability;
  }
  void maybe() {
    if (!happens(often)) return;
    ++kills;
    throw Crash{};
  }
  template <class Work>
  auto around(Work work) {
    maybe();
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      maybe();
    } else {
      auto result = work();
      maybe();
      return result;
    }
  }
};

struct Provider {
  const char* name;
  bool finds;         ///< jobs by their tags
  double list_after;  ///< seconds until a job that was accepted is listed
  int polls;          ///< questions until a job has run
  double answers_lost;
};

/// A service that outlives every process: jobs that were accepted run whatever becomes of the client.
class Service {
 public:
  struct Job {
    DeviceJob job;
    double accepted;
    int polls = 0;
    bool cancelled = false, executed = false;
  };

  std::vector<Job> jobs;
};

/// One process's way to the service.
class Way final : public Endpoint {
 public:
  Way(const Provider& provider, Service& service, Accidents& accidents, const double& clock,
      bool lost_are_absent)
      : provider_(provider),
        service_(service),
        accidents_(accidents),
        clock_(clock),
        lost_are_absent_(lost_are_absent) {
    info_.kind = "memory";
  }

  const EndpointInfo& info() override { return info_; }
  CostEstimate estimate(const DeviceJob& job) override {
    return {static_cast<double>(job.executions()), "shots", 0, {}, {}, "executions"};
  }
  std::string submit(const DeviceJob& job) override {
    sent_.insert(job.tag);
    return accidents_.around([&] {
      if (accidents_.happens(0.05)) throw EndpointError(EndpointFault::transient, "busy");
      if (accidents_.happens(provider_.answers_lost / 2))
        throw EndpointError(EndpointFault::uncertain, "no answer");
      service_.jobs.push_back({job, clock_});
      accidents_.maybe();
      if (accidents_.happens(provider_.answers_lost))
        throw EndpointError(EndpointFault::uncertain, "no answer");
      return "id" + std::to_string(service_.jobs.size() - 1);
    });
  }
  std::vector<std::string> find(const std::string& tag) override {
    return accidents_.around([&] {
      if (!provider_.finds && (!lost_are_absent_ || sent_.contains(tag)))
        throw EndpointError(EndpointFault::refused, "jobs have no names here");
      std::vector<std::string> found;
      if (!provider_.finds) return found;
      for (std::size_t j = 0; j < service_.jobs.size(); ++j)
        if (service_.jobs[j].job.tag == tag && clock_ >= service_.jobs[j].accepted + provider_.list_after)
          found.push_back("id" + std::to_string(j));
      return found;
    });
  }
  JobStatus status(const std::string& id) override {
    return accidents_.around([&] {
      Service::Job& job = at(id);
      JobStatus status;
      if (!job.cancelled && ++job.polls > provider_.polls) job.executed = true;
      status.state = job.cancelled  ? JobState::cancelled
                     : job.executed ? JobState::completed
                                    : JobState::queued;
      if (job.executed) status.cost = static_cast<double>(job.job.executions());
      return status;
    });
  }
  JobResult fetch(const std::string& id, const DeviceJob& sent) override {
    return accidents_.around([&] {
      const DeviceJob& job = at(id).job;
      if (accidents_.happens(0.1)) throw EndpointError(EndpointFault::not_ready, "not yet");
      JobResult result;
      // What was read depends on the job that was accepted alone: a mixed-up id would show.
      for (const Sweep& sweep : job.sweeps) {
        result.counts.emplace_back();
        for (std::size_t row = 0; row < sweep.rows; ++row) {
          const auto ones = std::hash<std::string>{}(job.tag + std::to_string(row)) %
                            static_cast<std::uint64_t>(job.shots - 1);
          result.counts.back().push_back(
              {{"00", static_cast<std::uint64_t>(job.shots) - 1 - ones}, {"01", 1 + ones}});
        }
      }
      result.cost = static_cast<double>(sent.executions());
      return result;
    });
  }
  void cancel(const std::string&) override {}

 private:
  Service::Job& at(const std::string& id) { return service_.jobs.at(std::stoul(id.substr(2))); }

  const Provider& provider_;
  Service& service_;
  Accidents& accidents_;
  const double& clock_;
  bool lost_are_absent_;
  std::set<std::string> sent_;  ///< tags: what somebody saw before does not hold for these
  EndpointInfo info_;
};

/// What a replay ends with.
struct Outcome {
  std::map<std::string, std::string> files;
  double spent = 0;
  std::map<std::string, int> executed;  ///< how often a job of that tag ran
  int kills = 0, processes = 0;
};

const std::string killed_identity(64, 'b');

Outcome replay(const Provider& provider, std::uint64_t seed, double often) {
  const std::vector<ReplayProgram> programs{fake::program("a", 2, 10), fake::program("b", 1, 20),
                                            fake::program("c", 2, 30), fake::program("d", 3, 40)};
  Service service;
  Accidents accidents{std::mt19937_64(seed), often};
  std::string text;
  Outcome outcome;
  double clock = 1'000'000;
  bool lost_are_absent = false, done = false;
  while (!done) {
    REQUIRE(++outcome.processes < 5000);
    ReplaySeams seams;
    seams.save = [&](const std::string& tag, const std::string& content) {
      accidents.around([&] { outcome.files[tag] = content; });
    };
    seams.load = [&](const std::string& tag) {
      return accidents.around([&]() -> std::optional<std::string> {
        const auto at = outcome.files.find(tag);
        return at == outcome.files.end() ? std::nullopt : std::optional(at->second);
      });
    };
    seams.now = [&] { return clock; };
    seams.sleep = [&](double seconds) { accidents.around([&] { clock += seconds; }); };
    seams.stop = [] { return false; };
    seams.tell = [](const std::string&) {};
    try {
      text = whole_lines(text);
      ReplayJournal journal(text, "journal.jsonl", killed_identity, [&](std::string_view line) {
        accidents.maybe();
        if (accidents.happens(accidents.often)) {  // in the middle of the writing
          text += line.substr(0, accidents.random() % line.size());
          ++accidents.kills;
          throw Crash{};
        }
        text += line;
        accidents.maybe();
      });
      Way way(provider, service, accidents, clock, std::exchange(lost_are_absent, false));
      ReplayDriver driver(way, journal, killed_identity, pack_jobs(programs, {}), programs, seams, {});
      driver.plan();
      done = driver.run(ReplayPhase::work) == ReplayEnd::done;
      outcome.spent = journal.spent();
    } catch (const Crash&) {
      clock += accidents.happens(0.5) ? 0 : 100;  // somebody starts it again, at once or later
    } catch (const EndpointError& error) {
      if (provider.finds || error.fault() != EndpointFault::refused) continue;
      // Jobs have no names there: somebody looks at the service's own list, ends what waits there without
      // being known here, and says that it is gone.
      const ReplayJournal journal(whole_lines(text), "journal.jsonl", killed_identity, [](std::string_view) {});
      std::set<std::string> known;
      for (const JobRecord& job : journal.jobs()) known.insert(job.last.ids.begin(), job.last.ids.end());
      for (std::size_t j = 0; j < service.jobs.size(); ++j)
        if (!known.contains("id" + std::to_string(j))) service.jobs[j].cancelled = true;
      lost_are_absent = true;
    }
  }
  outcome.kills = accidents.kills;
  for (const Service::Job& job : service.jobs) outcome.executed[job.job.tag] += job.executed;
  return outcome;
}

}  // namespace

TEST_CASE("Ten thousand kills at random make no job twice, lose no result and leave the undisturbed table",
          "[replay-driver][kills]") {
  const Provider providers[] = {{"listed at once", true, 0, 1, 0.05},
                                {"listed late", true, 50, 2, 0.2},
                                {"without names", false, 0, 1, 0.05},
                                {"without names, answers often lost", false, 0, 3, 0.3}};
  const int wanted = std::getenv("QMTL_LONG") ? 100'000 : 10'000;
  for (const Provider& provider : providers) {
    const Outcome undisturbed = replay({provider.name, true, 0, 1, 0}, 0, 0);
    REQUIRE(undisturbed.kills == 0);
    REQUIRE(undisturbed.files.size() == 4);
    int kills = 0;
    for (std::uint64_t seed = 1; kills < wanted / 4; ++seed) {
      INFO(provider.name << ", seed " << seed);
      const Outcome outcome = replay(provider, seed, seed % 2 ? 0.02 : 0.15);
      kills += outcome.kills;
      CHECK(outcome.files == undisturbed.files);
      CHECK(outcome.executed == undisturbed.executed);
      CHECK(outcome.spent == undisturbed.spent);
    }
    CHECK(kills >= wanted / 4);
  }
}
