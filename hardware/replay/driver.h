// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hardware/endpoint.h"
#include "hardware/replay/jobs.h"
#include "hardware/replay/journal.h"
#include "hardware/replay/sessions.h"

namespace qmtl {

/// Called when a step begins that may take long: what is done, and which of how many it is (0 of 0: nobody
/// knows). An empty text: it is over.
using WorkProgress = std::function<void(const std::string& what, std::size_t done, std::size_t all)>;

/// What a replay needs from around it.
struct ReplaySeams {
  /// Keeps a job's results; returns when they are on disk.
  std::function<void(const std::string& tag, const std::string& text)> save;
  /// What was kept, or nothing.
  std::function<std::optional<std::string>(const std::string& tag)> load;
  std::function<double()> now;                   ///< seconds since 1970
  std::function<void(double)> sleep;             ///< so many seconds, or until a stop is asked for
  std::function<bool()> stop;                    ///< whether a stop was asked for
  std::function<void(const std::string&)> tell;  ///< progress and warnings, a line each
  WorkProgress working = [](const std::string&, std::size_t, std::size_t) {};
};

/// How long a replay tries. Seconds.
struct ReplayPatience {
  int submits = 6;                           ///< of one job after faults that may pass
  double first_wait = 1, longest_wait = 60;  ///< between them, doubling
  double grace = 60;  ///< a service may list a job so late: only then a lost submit is repeated
  double first_poll = 0.2, longest_poll = 30;  ///< between two questions after results, growing by half
  int in_flight = 1;    ///< paid jobs at once: what the others have cost is known before one more is sent
  double charge = 600;  ///< a service may say so long after a job's end what it has cost
  int results = 20;     ///< questions after results that are not there although the job is completed
};

enum class ReplayEnd : std::uint8_t {
  done,     ///< nothing is left to do
  waiting,  ///< the service has jobs that are not done
  blocked,  ///< the service takes no more jobs at present
  stopped,  ///< a stop was asked for
};

/// Sends the jobs of a replay and collects their results, so that nothing is paid twice and nothing lost:
/// each step is in the journal before the next is taken. Errors of the endpoint are thrown as they are; the
/// journal then says where to go on.
class ReplayDriver {
 public:
  ReplayDriver(Endpoint& endpoint, ReplayJournal& journal, std::string identity, std::vector<ReplayJob> jobs,
               const std::vector<ReplayProgram>& programs, ReplaySeams seams, ReplayPatience patience = {});
  /// Leaves word of the jobs that its sessions still have.
  ~ReplayDriver();
  ReplayDriver(const ReplayDriver&) = delete;
  ReplayDriver& operator=(const ReplayDriver&) = delete;

  /// Writes the jobs into the journal with their estimated cost, or checks that those there are these.
  /// Throws Error (data) if a job's shape has changed, as when the device or this program did. Without
  /// `estimates` costs stay 0: for commands that send nothing.
  void plan();

  /// Most that may be spent, in the endpoint's unit.
  void set_ceiling(double amount) { ceiling_ = amount; }
  /// Where an endpoint's sessions are kept, if it wants any. They outlive the driver.
  void set_sessions(ReplaySessions& sessions) { sessions_ = &sessions; }
  /// Closes the sessions that are open.
  void close_sessions();
  /// Throws Error (usage) if what is spent and the estimates of all jobs that are not sent do not fit.
  void require_ceiling();
  /// Asks the service what jobs that were sent have cost by now. What has changed is in the journal.
  void read_charges();
  /// What jobs and sessions have cost, as far as it is known.
  double spent() const;

  /// Looks for jobs whose submit was interrupted. They are submitted or planned afterwards.
  ReplayEnd settle();
  /// Sends the planned jobs of a phase; waiting: as many as may be under way at once are
  /// (ReplayPatience::in_flight), wherever jobs are paid and the endpoint says what they cost.
  ReplayEnd submit(ReplayPhase phase);
  /// Asks what jobs have cost until one more may be sent, or until then (seconds since 1970); waiting: it is
  /// not known yet, or a job's cost is not told within ReplayPatience::charge.
  ReplayEnd wait_for_room(double until);
  /// Asks after the jobs of a phase that were sent and keeps the results that are there; `wait`: until none
  /// is left. A job's error does not keep the others from being asked; the first is thrown at the end.
  ReplayEnd fetch(ReplayPhase phase, bool wait);
  /// submit and fetch until nothing is left.
  ReplayEnd run(ReplayPhase phase);
  void cancel();
  /// Plans failed, cancelled and abandoned jobs again, under new tags, and rows without counts of jobs that
  /// were fetched as further jobs, once their own jobs were asked again and still lack them. Returns how many
  /// jobs.
  int retry();

  /// Results of a job that are here. Throws Error (data) if its file is not what was written; then it is to
  /// be fetched again.
  std::optional<JobResult> result(std::size_t job);
  /// Those of the plan, then further ones for rows that they lack.
  const std::vector<ReplayJob>& jobs() const { return jobs_; }
  const std::vector<ReplayProgram>& programs() const { return programs_; }
  const ReplayJournal& journal() const { return journal_; }

 private:
  bool is(std::size_t job, ReplayPhase phase, ReplayState state) const;
  JournalEntry next(std::size_t job, ReplayState state) const;
  DeviceJob made(std::size_t job) const;
  ReplayEnd pace();
  void check_files();
  bool look_for(std::size_t job, bool wait);
  ReplayEnd submit_job(std::size_t job);
  std::optional<double> cap_of(std::size_t job);
  bool is_bounded();
  bool is_open(std::size_t job) const;
  bool is_overdue(std::size_t job) const;
  std::size_t open_jobs() const;
  double estimate_ahead() const;
  double rounding_ahead(double step) const;
  double exposed() const;
  void ask(std::size_t job);
  bool partial(std::size_t job);
  void collect(std::size_t job);
  void cancel_job(std::size_t job);
  bool outstanding(ReplayPhase phase) const;
  void take_further_jobs();
  void plan_job(std::size_t job, std::vector<SweepPlace> sweeps);
  void ask_again(std::size_t job);
  std::vector<SweepPlace> rows_without_counts();

  Endpoint& endpoint_;
  ReplayJournal& journal_;
  std::string identity_;
  std::vector<ReplayJob> jobs_;
  const std::vector<ReplayProgram>& programs_;
  ReplaySeams seams_;
  ReplayPatience patience_;
  std::optional<double> ceiling_;
  ReplaySessions* sessions_ = nullptr;
  std::vector<int> empty_answers_;  ///< of each job: not_ready although it is completed
};

}  // namespace qmtl
