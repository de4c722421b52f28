// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hardware/program.h"
#include "hardware/target.h"
#include "runtime/base/error.h"
#include "runtime/noise/noisy.h"

namespace qmtl {

/// One program executed once per row of values.
struct Sweep {
  DeviceProgram program;
  std::size_t rows = 1;
  std::vector<double> values;  ///< [rows, program.inputs], radians

  /// Values of the inputs in one row.
  std::span<const double> row(std::size_t number) const {
    const std::size_t width = program.inputs.size();
    return std::span(values).subspan(number * width, width);
  }
};

/// What is sent, and paid for, at once.
struct DeviceJob {
  std::string tag;  ///< the client's own name of the job, unique: how it is found again after a crash
  std::vector<Sweep> sweeps;
  std::int64_t shots = 0;  ///< of every row of every sweep
  /// The cost at which the service shall end it, a multiple of EndpointInfo::cap_step; nothing: its own
  /// limit.
  std::optional<double> most_cost = {};

  /// Executions: rows of all sweeps times shots.
  std::int64_t executions() const;
};

enum class JobState : std::uint8_t { queued, running, completed, failed, cancelled };
std::string_view name(JobState state);
inline bool pending(JobState state) { return state == JobState::queued || state == JobState::running; }

struct JobStatus {
  JobState state = JobState::queued;
  std::string detail;                  ///< the service's own words; of a failure its reason
  std::optional<int> queue;            ///< jobs before it
  std::optional<double> wait_seconds;  ///< predicted until it has run
  std::optional<double> cost;          ///< in CostEstimate::unit, once the service calls it final
};

struct JobResult {
  std::vector<std::vector<Counts>> counts;  ///< [sweep][row]; classical bit 0 is the rightmost character
  std::int64_t dropped = 0;                 ///< shots that the device marked as not valid (leakage)
  std::vector<std::string> missing;  ///< sweeps or rows that failed, with the reason; their counts are empty
  std::optional<double> cost;        ///< in CostEstimate::unit, where the service says
};

struct CostEstimate {
  double amount = 0;                   ///< 0: free
  std::string unit;                    ///< e.g. "seconds", "USD"
  double seconds = 0;                  ///< of the device
  std::optional<double> wait_seconds;  ///< in its queue
  std::optional<int> queue;            ///< jobs in it
  std::string basis;                   ///< one sentence: how it was made
};

/// What an endpoint accepts in one job and in a time. Zero: no limit.
struct EndpointLimits {
  std::int64_t sweeps = 0, rows = 0, executions = 0, shots = 0, gates = 0, bytes = 0;
  double submit_interval = 0;    ///< seconds between two submits
  std::int64_t least_shots = 0;  ///< of each program
};

struct EndpointInfo {
  std::string kind;     ///< its row in the table: "exact", "ibm", ...
  std::string backend;  ///< the device's name at the service
  std::string place;    ///< where it is reached, without secrets: journals and caches name it
  DeviceTarget target;  ///< with basis and coupling: programs must be made for it (physical)
  EndpointLimits limits;
  bool paid = false;    ///< nothing is submitted without a ceiling
  bool bills = false;   ///< the service says what each job has cost, in the end
  double cap_step = 0;  ///< costs at which the service ends a job are multiples of it; 0: it ends none
};

/// A device that is held for several jobs.
struct DeviceSession {
  bool accepts = false;        ///< takes jobs
  bool ended = false;          ///< it takes none, has none to execute and costs nothing more
  std::optional<double> cost;  ///< in CostEstimate::unit, the jobs' included; nothing: only jobs cost
};

/// How a call to an endpoint failed; decides what may be done next.
enum class EndpointFault : std::uint8_t {
  refused,    ///< the service said no; nothing was accepted: do not repeat
  transient,  ///< nothing was accepted; repeating later may help
  uncertain,  ///< a submit whose answer was lost: look for its tag before repeating
  not_ready,  ///< results are not there yet
  malformed,  ///< an answer that makes no sense
};

/// Exit code 4. Messages never hold secrets.
class EndpointError : public Error {
 public:
  EndpointError(EndpointFault fault, const std::string& message)
      : Error(Exit::endpoint, message), fault_(fault) {}
  EndpointFault fault() const { return fault_; }

 private:
  EndpointFault fault_;
};

/// A device or simulator that executes programs. Calls throw EndpointError; reading calls repeat themselves
/// after transient faults (within bounds), submit never does: its caller keeps the journal.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  /// May ask the service the first time.
  virtual const EndpointInfo& info() = 0;
  virtual CostEstimate estimate(const DeviceJob& job) = 0;
  /// Sends a job and returns the service's id. At most one job is made by one call.
  virtual std::string submit(const DeviceJob& job) = 0;
  /// Ids of the jobs with that tag at the service.
  virtual std::vector<std::string> find(const std::string& tag) = 0;
  virtual JobStatus status(const std::string& id) = 0;
  /// Results of a completed job; not_ready while there are none. Counts add up to the shots, but for dropped
  /// ones and what is missing.
  virtual JobResult fetch(const std::string& id, const DeviceJob& job) = 0;
  virtual void cancel(const std::string& id) = 0;

  /// Whether jobs are to be sent in a session that must be opened for them. Its caller keeps the journal.
  virtual bool wants_session() { return false; }
  /// Opens one, which the service shall end when it has cost so much. At most one is made by one call.
  virtual std::string open_session(std::optional<double> most_cost);
  /// Jobs that are submitted from now on are sent in it; "": in none.
  virtual void use_session(const std::string& id);
  /// How one is that was opened; one that the service does not know (any more) has ended.
  virtual DeviceSession session(const std::string& id);
  /// It takes no more jobs. May be called twice.
  virtual void close_session(const std::string& id);
  /// Whether a session that is closed still executes the jobs that it has.
  virtual bool closed_sessions_execute() { return true; }
};

}  // namespace qmtl
