// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hardware/replay/checked_lines.h"
#include "hardware/replay/jobs.h"

namespace qmtl {

/// Where a job of a replay stands. Each is a line of the journal, which is on disk before what follows it is
/// done.
enum class ReplayState : std::uint8_t {
  planned,     ///< nothing sent
  submitting,  ///< a submit began; until the next line nobody knows whether the service has the job
  submitted,   ///< the service gave its id
  completed,   ///< it has run; results are not here yet
  fetched,     ///< results are in a file here
  failed,      ///< refused by the service, or failed there
  cancelled,
  abandoned,  ///< its submit was never answered and it was not found; given up
};
std::string_view name(ReplayState state);

/// One line. Fields that a state does not have are empty.
struct JournalEntry {
  ReplayState state = ReplayState::planned;
  int job = 0;
  int attempt = 1;
  std::string tag = {};
  std::string request = {};             ///< planned: hash of the job's shape
  std::int64_t executions = 0;          ///< planned
  std::vector<SweepPlace> sweeps = {};  ///< planned: of a further job, the rows that others lack
  double estimate = 0;                  ///< planned: cost in the endpoint's unit
  std::vector<std::string> ids = {};    ///< submitted: the service's; more than one when it was found twice
  std::optional<double> cap = {};       ///< submitting: the cost at which the service shall end it
  std::string session = {};             ///< submitting: the session that it is sent in
  std::optional<double> cost = {};      ///< what the service says it took, once that is final
  std::string file_hash = {};           ///< fetched: SHA-256 of the results' file
  std::string detail = {};              ///< reason, for people
  std::int64_t time = 0;                ///< seconds since 1970
};

/// What the journal's lines say of one job together.
struct JobRecord {
  JournalEntry last;                          ///< request, executions, estimate, ids and cost as known by now
  double before = 0;                          ///< cost of earlier attempts
  std::vector<std::string> file_hashes = {};  ///< of results that may be here: of each answer
  std::int64_t submit_time = 0;               ///< of the last submit, 0: none
  std::int64_t end_time = 0;                  ///< when it was seen to have ended, 0: it was not
  bool sent() const { return !last.ids.empty(); }
  /// Whether a file of results with this SHA-256 was fetched in this attempt.
  bool wrote(const std::string& file_hash) const;
  /// In the endpoint's unit: what it took, or the estimate of what may have been sent, earlier attempts and
  /// doubles included. Nothing for a job that surely was not sent.
  double spent() const;
  /// As spent(), but a job whose cost is not known yet counts with its cap, where that is more.
  double exposed() const;

 private:
  double spent_with(double unknown) const;
};

/// A replay's journal (checked_lines.h). It holds no secrets.
class ReplayJournal {
 public:
  /// Reads `text`, whole lines (empty: a new journal of the replay `identity`; its first line is appended at
  /// once). Throws Error (data) with `file` and line number for a damaged line, for steps that cannot follow
  /// each other and for another replay's journal.
  ReplayJournal(const std::string& text, std::string file, const std::string& identity, AppendText append);

  /// Checks that the entry may follow, appends it and then takes it in.
  void record(JournalEntry entry);

  /// By job number; jobs are planned in order.
  const std::vector<JobRecord>& jobs() const { return jobs_; }
  double spent() const;
  double exposed() const;
  /// What jobs of each session have cost.
  std::map<std::string, double> spent_in_sessions() const;
  /// Sessions with jobs that may not have ended.
  std::set<std::string> busy_sessions() const;

 private:
  void take(const JournalEntry& entry, const std::string& place);

  std::vector<JobRecord> jobs_;
  CheckedLines lines_;  // after the jobs, which it fills
};

}  // namespace qmtl
