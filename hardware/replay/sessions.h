// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hardware/endpoint.h"
#include "hardware/replay/checked_lines.h"

namespace qmtl {

enum class SessionState : std::uint8_t {
  opening,  ///< until the next line nobody knows whether the service has opened it
  open,
  closed,  ///< takes no more jobs; those it has are executed
  ended,   ///< its cost is final
  lost,    ///< its opening was never answered; it has no jobs, and the service ends it by itself
};
std::string_view name(SessionState state);

/// What the sessions' file says of one.
struct SessionRecord {
  SessionState state = SessionState::opening;
  std::string id;
  std::optional<double> cost;  ///< the service's, its jobs' included
  std::int64_t time = 0;       ///< of the last line, seconds since 1970
};

/// Costs of jobs by the session that they were sent in.
using SessionCosts = std::map<std::string, double>;

/// The sessions that were opened at a service, each on disk before a job is sent in it: one that a crash left
/// open is closed by the next command.
class SessionBook {
 public:
  /// Reads whole lines, as a journal does; empty: nothing is written before the first session.
  SessionBook(const std::string& text, std::string file, const std::string& identity, AppendText append);

  const std::vector<SessionRecord>& sessions() const { return sessions_; }
  /// `number`: of a session that is there, or one more.
  void record(std::size_t number, SessionRecord session);
  /// What sessions have cost beyond the jobs in them: the device was held while none ran.
  double beyond(const SessionCosts& jobs) const;

 private:
  void take(std::size_t number, const SessionRecord& session, const std::string& place);

  std::vector<SessionRecord> sessions_;
  std::string file_, identity_;
  AppendText append_;
  std::optional<CheckedLines> lines_;
};

/// Opens an endpoint's session when the first job wants it and closes it whatever happens.
class ReplaySessions {
 public:
  ReplaySessions(Endpoint& endpoint, SessionBook book, std::function<double()> now,
                 std::function<void(const std::string&)> tell);
  ~ReplaySessions();
  ReplaySessions(const ReplaySessions&) = delete;
  ReplaySessions& operator=(const ReplaySessions&) = delete;

  /// Makes sure that there is a session where the endpoint wants one, and returns its id, else "". Throws
  /// EndpointError.
  std::string require(std::optional<double> most_cost);
  /// Asks what the sessions that are open have cost.
  void ask();
  /// Sessions that have jobs which are not done.
  void set_busy(std::set<std::string> sessions) { busy_ = std::move(sessions); }
  /// Closes those that are open, also of earlier processes; not those with jobs where these would be lost. A
  /// service that does not answer is left to the next command, with a warning.
  void close();
  /// Without the service nothing is closed and nothing written: close() does nothing from now on.
  void leave_open() { closes_ = false; }
  /// Jobs of rounds that are over.
  void add_jobs(const SessionCosts& jobs);
  /// What sessions have cost beyond jobs: those given and those added.
  double beyond(const SessionCosts& jobs) const;

 private:
  void write(std::size_t number, SessionState state, std::string id, std::optional<double> cost);

  Endpoint& endpoint_;
  SessionBook book_;
  std::function<double()> now_;
  std::function<void(const std::string&)> tell_;
  SessionCosts before_;
  std::set<std::string> busy_;
  std::string current_;  ///< of this process, "" for none
  bool closes_ = true;
};

}  // namespace qmtl
