// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "hardware/endpoint.h"
#include "hardware/replay/driver.h"
#include "hardware/replay/sessions.h"

namespace qmtl::fake {

/// What a call of the script does instead of going well.
enum class Trouble {
  none,
  refused,
  transient,
  lost_before,  ///< no answer, and the service has nothing
  lost_after,   ///< no answer, and the service has the job
  crash,        ///< the process ends after the service got the job
  crash_before,
};

struct Crash {};

/// A service in memory that follows a script of troubles, one for each submit. It keeps every job that it
/// ever took, so that a test can count them.
class FakeEndpoint final : public Endpoint {
 public:
  FakeEndpoint() {
    info_.kind = "fake";
    info_.backend = "tape";
    info_.place = "memory";
  }

  const EndpointInfo& info() override { return info_; }
  EndpointInfo& about() { return info_; }

  CostEstimate estimate(const DeviceJob& job) override {
    return {static_cast<double>(job.executions()) * price, "coins", 0, {}, {}, "a price for each execution"};
  }

  std::string submit(const DeviceJob& job) override {
    const Trouble trouble = script.empty() ? Trouble::none : script.front();
    if (!script.empty()) script.pop_front();
    ++submits;
    if (trouble == Trouble::refused) throw EndpointError(EndpointFault::refused, "no");
    if (trouble == Trouble::transient) throw EndpointError(EndpointFault::transient, "later");
    if (trouble == Trouble::lost_before) throw EndpointError(EndpointFault::uncertain, "no answer");
    if (trouble == Trouble::crash_before) throw Crash{};
    const std::string id = "id" + std::to_string(jobs.size());
    billed_before.push_back(bill());
    in_session.push_back(session_now);
    jobs.push_back(job);
    listed_from[id] = finds + list_late;
    if (trouble == Trouble::lost_after) throw EndpointError(EndpointFault::uncertain, "no answer");
    if (trouble == Trouble::crash) throw Crash{};
    return id;
  }

  std::vector<std::string> find(const std::string& tag) override {
    ++finds;
    std::vector<std::string> ids;
    for (std::size_t j = 0; j < jobs.size(); ++j) {
      const std::string id = "id" + std::to_string(j);
      if (jobs[j].tag == tag && finds > listed_from[id]) ids.push_back(id);
    }
    return ids;
  }

  JobStatus status(const std::string& id) override {
    JobStatus status;
    status.state = states.count(id) ? states[id] : JobState::completed;
    if (status.state == JobState::failed) status.detail = "it broke";
    if (status.state == JobState::completed) status.cost = told_charge(id);
    return status;
  }

  bool wants_session() override { return sessions_wanted; }
  std::string open_session(std::optional<double> most_cost) override {
    if (session_trouble-- > 0) throw EndpointError(EndpointFault::transient, "no session now");
    session_caps.push_back(most_cost);
    open_sessions.insert("s" + std::to_string(session_caps.size()));
    return "s" + std::to_string(session_caps.size());
  }
  void use_session(const std::string& id) override { session_now = id; }
  DeviceSession session(const std::string& id) override {
    return {open_sessions.contains(id), !open_sessions.contains(id), session_cost};
  }
  void close_session(const std::string& id) override {
    if (!dead || !*dead) open_sessions.erase(id);
  }

  /// What the service takes for a job that it has executed, whatever it has told so far.
  double charge(const DeviceJob& job) { return cost_factor * estimate(job).amount * (charged_twice ? 2 : 1); }
  double bill() {
    double sum = 0;
    for (const DeviceJob& job : jobs) sum += charge(job);
    return sum;
  }

  JobResult fetch(const std::string& id, const DeviceJob& job) override {
    if (not_ready > 0) {
      --not_ready;
      throw EndpointError(EndpointFault::not_ready, "not yet");
    }
    if (states.count(id) && states[id] == JobState::failed && !partial)
      throw EndpointError(EndpointFault::refused, "it broke");
    JobResult result;
    for (const Sweep& sweep : job.sweeps) {
      const std::string zeros(sweep.program.measured.size(), '0');
      result.counts.emplace_back(sweep.rows, Counts{{zeros, static_cast<std::uint64_t>(job.shots)}});
    }
    if (partial || lacking.count(id)) {
      result.counts.back().back().clear();
      result.missing = {"the last row"};
    }
    if (damage) damage(result);
    return result;
  }

  void cancel(const std::string& id) override {
    if (states.count(id) == 0) throw EndpointError(EndpointFault::refused, "it has run");
    states[id] = JobState::cancelled;
  }

  /// How often each tag was taken.
  std::size_t taken(const std::string& tag) const {
    std::size_t count = 0;
    for (const DeviceJob& job : jobs) count += job.tag == tag;
    return count;
  }
  const DeviceJob& at(const std::string& id) const { return jobs[std::stoul(id.substr(2))]; }

  std::deque<Trouble> script;
  std::vector<DeviceJob> jobs;
  std::map<std::string, JobState> states;  ///< those that are not completed
  std::map<std::string, int> listed_from;
  int submits = 0, finds = 0;
  int list_late = 0;  ///< a new job is listed only after so many questions
  int not_ready = 0;
  bool partial = false;
  std::set<std::string> lacking;  ///< jobs whose last row never has results
  double price = 0.01, cost_factor = 1;
  int told_late = 0;                    ///< looks at a job until its charge is told
  bool charged_twice = false;           ///< what is told first doubles afterwards
  std::vector<double> billed_before;    ///< before each job was taken
  std::vector<std::string> in_session;  ///< of each job
  bool sessions_wanted = false;
  int session_trouble = 0;
  std::vector<std::optional<double>> session_caps;  ///< of those that were opened: s1, s2, ...
  std::set<std::string> open_sessions;
  std::string session_now;
  std::optional<double> session_cost;
  const bool* dead = nullptr;  ///< whether the process that calls has ended
  std::function<void(JobResult&)> damage;

 private:
  std::optional<double> told_charge(const std::string& id) {
    const int looks = looks_[id]++ - told_late;
    if (looks < 0) return std::nullopt;
    return charge(at(id)) / (charged_twice && looks == 0 ? 2 : 1);
  }

  EndpointInfo info_;
  std::map<std::string, int> looks_;
};

/// A folder in memory, with a clock that only sleeping moves.
struct FakeFolder {
  std::string journal, sessions;
  std::map<std::string, std::string> files;
  double clock = 1'000'000;
  std::vector<std::string> told;
  int stop_after_sleeps = -1;  ///< a stop is asked for after so many sleeps
  std::vector<double> sleeps;
  int lines_left = -1;  ///< of both files until the process ends; -1: as many as there are
  bool dead = false;    ///< the process has ended: nothing is written any more

  ReplaySeams seams() {
    ReplaySeams seams;
    seams.save = [this](const std::string& tag, const std::string& text) { files[tag] = text; };
    seams.load = [this](const std::string& tag) -> std::optional<std::string> {
      const auto at = files.find(tag);
      return at == files.end() ? std::nullopt : std::optional(at->second);
    };
    seams.now = [this] { return clock; };
    seams.sleep = [this](double seconds) {
      clock += seconds;
      sleeps.push_back(seconds);
    };
    seams.stop = [this] {
      return stop_after_sleeps >= 0 && static_cast<int>(sleeps.size()) >= stop_after_sleeps;
    };
    seams.tell = [this](const std::string& line) { told.push_back(line); };
    return seams;
  }
  ReplayJournal open(const std::string& identity) {
    journal = whole_lines(journal);
    return ReplayJournal(journal, "journal.jsonl", identity, appending_to(journal));
  }
  SessionBook open_sessions(const std::string& identity) {
    return SessionBook(sessions, "sessions.jsonl", identity, appending_to(sessions));
  }
  AppendText appending_to(std::string& file) {
    return [this, &file](std::string_view line) {
      if (dead || lines_left == 0) {
        dead = true;
        throw Crash{};
      }
      lines_left -= lines_left > 0;
      file += line;
    };
  }
};

/// A program of one input that reads `bits` qubits, with so many rows.
inline ReplayProgram program(const std::string& name, std::size_t rows, std::int64_t shots, int bits = 2) {
  DeviceProgram device;
  device.name = name;
  device.qubits = bits;
  device.inputs = {"a0000"};
  for (int q = 0; q < bits; ++q) {
    device.ops.push_back({DeviceGate::ry, q, -1, {0.0, {{0, 1.0}}}});
    device.measured.push_back(q);
  }
  ReplayProgram program;
  program.shots = shots;
  program.sweep = {device, rows, std::vector<double>(rows, 0.5)};
  return program;
}

}  // namespace qmtl::fake
