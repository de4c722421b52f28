// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/driver.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>

#include "hardware/replay/result_text.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/text.h"

namespace qmtl {

using enum ReplayState;

ReplayDriver::ReplayDriver(Endpoint& endpoint, ReplayJournal& journal, std::string identity,
                           std::vector<ReplayJob> jobs, const std::vector<ReplayProgram>& programs,
                           ReplaySeams seams, ReplayPatience patience)
    : endpoint_(endpoint),
      journal_(journal),
      identity_(std::move(identity)),
      jobs_(std::move(jobs)),
      programs_(programs),
      seams_(std::move(seams)),
      patience_(patience) {
  take_further_jobs();
  empty_answers_.resize(jobs_.size());
}

/// The journal says what an earlier process planned beyond the plan.
void ReplayDriver::take_further_jobs() {
  const std::size_t known = jobs_.size();
  for (std::size_t j = 0; j < journal_.jobs().size(); ++j) {
    const std::vector<SweepPlace>& sweeps = journal_.jobs()[j].last.sweeps;
    const auto fits = [&](const SweepPlace& place) {
      if (place.program < 0 || static_cast<std::size_t>(place.program) >= programs_.size()) return false;
      const ReplayProgram& program = programs_[static_cast<std::size_t>(place.program)];
      const ReplayProgram& first = programs_[static_cast<std::size_t>(sweeps.front().program)];
      return place.first + place.rows <= program.sweep.rows && program.phase == first.phase &&
             program.shots == first.shots;
    };
    if (sweeps.empty() != (j < known) || !std::all_of(sweeps.begin(), sweeps.end(), fits))
      throw data_error("the journal: expected " + std::to_string(known) +
                       " jobs and further ones of rows that they have, found another job " +
                       std::to_string(j) + "; the plan has changed since it was made: use a new folder");
    if (sweeps.empty()) continue;
    const ReplayProgram& program = programs_[static_cast<std::size_t>(sweeps.front().program)];
    jobs_.push_back({program.phase, program.shots, sweeps});
  }
}

bool ReplayDriver::is(std::size_t job, ReplayPhase phase, ReplayState state) const {
  return jobs_[job].phase == phase && journal_.jobs()[job].last.state == state;
}

JournalEntry ReplayDriver::next(std::size_t job, ReplayState state) const {
  JournalEntry entry;
  const JournalEntry& last = journal_.jobs()[job].last;
  entry.state = state;
  entry.job = static_cast<int>(job);
  entry.attempt = last.attempt;
  entry.tag = last.tag;
  if (state == planned) {
    entry.request = last.request;
    entry.executions = last.executions;
    entry.estimate = last.estimate;
  }
  entry.time = static_cast<std::int64_t>(seams_.now());
  return entry;
}

DeviceJob ReplayDriver::made(std::size_t job) const {
  return device_job(jobs_[job], programs_, journal_.jobs()[job].last.tag);
}

void ReplayDriver::plan() {
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    if (j == journal_.jobs().size()) {
      plan_job(j, {});
      continue;
    }
    const std::string shape = shape_hash(made(j));
    if (journal_.jobs()[j].last.request != shape)
      throw data_error("the journal: job " + std::to_string(j) + ": expected the shape " +
                       journal_.jobs()[j].last.request.substr(0, 12) + ", found " + shape.substr(0, 12) +
                       "; the device or this program has changed since it was planned: use a new folder");
  }
  check_files();
}

/// Writes a job that the journal doesn't have yet; `sweeps`: of a further one.
void ReplayDriver::plan_job(std::size_t job, std::vector<SweepPlace> sweeps) {
  const DeviceJob request = device_job(jobs_[job], programs_, job_tag(identity_, static_cast<int>(job), 1));
  JournalEntry entry;
  entry.job = static_cast<int>(job);
  entry.tag = request.tag;
  entry.request = shape_hash(request);
  entry.executions = request.executions();
  entry.estimate = endpoint_.estimate(request).amount;
  entry.sweeps = std::move(sweeps);
  entry.time = static_cast<std::int64_t>(seams_.now());
  journal_.record(entry);
}

/// A file of results that was lost or changed is fetched again.
void ReplayDriver::check_files() {
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    const JournalEntry& last = journal_.jobs()[j].last;
    if (last.state != fetched) continue;
    const auto text = seams_.load(last.tag);
    if (text && journal_.jobs()[j].wrote(result_digest(*text))) continue;
    seams_.tell("warning: the results of job " + last.tag + " are " + (text ? "damaged" : "not here") +
                "; they are fetched again");
    JournalEntry entry = next(j, completed);
    entry.detail = "results lost";
    journal_.record(entry);
  }
}

ReplayEnd ReplayDriver::settle() {
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    if (journal_.jobs()[j].last.state != submitting) continue;
    seams_.tell("job " + journal_.jobs()[j].last.tag +
                ": its submit was interrupted; asking the service whether it has the job");
    if (look_for(j, true)) continue;
    if (seams_.stop()) return ReplayEnd::stopped;
    JournalEntry entry = next(j, planned);
    entry.detail = "not at the service";
    journal_.record(entry);
  }
  return ReplayEnd::done;
}

/// Whether the service has the job by its tag; `wait`: asks until a job that was submitted must be listed.
bool ReplayDriver::look_for(std::size_t job, bool wait) {
  const double until = static_cast<double>(journal_.jobs()[job].submit_time) + patience_.grace;
  for (double pause = 1;; pause *= 2) {
    const bool last = !wait || seams_.now() >= until;
    std::vector<std::string> ids = endpoint_.find(journal_.jobs()[job].last.tag);
    if (!ids.empty()) {
      JournalEntry entry = next(job, submitted);
      entry.detail = "found by its tag";
      if (ids.size() > 1) {
        entry.detail = "found " + std::to_string(ids.size()) + " times by its tag";
        seams_.tell("warning: job " + entry.tag + " is " + std::to_string(ids.size()) +
                    " times at the service; " + ids.front() + " is used, the cost of all is counted");
      }
      entry.ids = std::move(ids);
      journal_.record(entry);
      return true;
    }
    if (last || seams_.stop()) return false;
    seams_.sleep(std::clamp(until - seams_.now(), 0.0, pause));
  }
}

/// Waits until the endpoint takes the next submit.
ReplayEnd ReplayDriver::pace() {
  const double interval = endpoint_.info().limits.submit_interval;
  std::int64_t last = 0;
  for (const JobRecord& job : journal_.jobs()) last = std::max(last, job.submit_time);
  // Times in the journal are whole seconds, cut off.
  const double due = last ? std::ceil(static_cast<double>(last) + interval) : 0;
  if (interval > 0 && seams_.now() < due) seams_.sleep(due - seams_.now());
  return seams_.stop() ? ReplayEnd::stopped : ReplayEnd::done;
}

ReplayEnd ReplayDriver::submit_job(std::size_t job) {
  double wait = patience_.first_wait;
  for (int attempt = 1;; ++attempt) {
    if (pace() == ReplayEnd::stopped) return ReplayEnd::stopped;
    if (is_bounded()) {
      if (open_jobs() >= static_cast<std::size_t>(patience_.in_flight)) return ReplayEnd::waiting;
      read_charges();
    }
    require_ceiling();
    std::string reason;
    bool begun = false;
    try {
      JournalEntry beginning = next(job, submitting);
      if (sessions_)
        beginning.session =
            sessions_->require(ceiling_ ? std::optional(*ceiling_ - exposed()) : std::nullopt);
      DeviceJob request = made(job);
      request.most_cost = beginning.cap = cap_of(job);
      journal_.record(beginning);
      begun = true;
      JournalEntry entry = next(job, submitted);
      entry.ids = {endpoint_.submit(request)};
      journal_.record(entry);
      return ReplayEnd::done;
    } catch (const EndpointError& error) {
      reason = error.what();
      if (error.fault() == EndpointFault::refused) {
        if (!begun) throw;
        JournalEntry entry = next(job, failed);
        entry.detail = reason;
        journal_.record(entry);
        throw;
      }
      if (begun && error.fault() != EndpointFault::transient) {
        // The answer was lost or makes no sense: the service may have the job.
        seams_.tell("job " + journal_.jobs()[job].last.tag + ": " + reason);
        if (look_for(job, true)) return ReplayEnd::done;
        if (seams_.stop()) return ReplayEnd::stopped;
      }
    }
    if (begun) {
      JournalEntry entry = next(job, planned);
      entry.detail = reason;
      journal_.record(entry);
    }
    if (attempt == patience_.submits) {
      seams_.tell("job " + journal_.jobs()[job].last.tag + ": not accepted in " + std::to_string(attempt) +
                  " attempts: " + reason);
      return ReplayEnd::blocked;
    }
    seams_.sleep(wait);
    wait = std::min(2 * wait, patience_.longest_wait);
  }
}

ReplayEnd ReplayDriver::submit(ReplayPhase phase) {
  if (const ReplayEnd end = settle(); end != ReplayEnd::done) return end;
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    if (!is(j, phase, planned)) continue;
    if (seams_.stop()) return ReplayEnd::stopped;
    if (const ReplayEnd end = submit_job(j); end != ReplayEnd::done) return end;
    seams_.tell("job " + journal_.jobs()[j].last.tag + " (" + std::string(name(phase)) + ", " +
                std::to_string(j + 1) + " of " + std::to_string(jobs_.size()) +
                ") submitted: " + journal_.jobs()[j].last.ids.front());
  }
  return ReplayEnd::done;
}

bool ReplayDriver::outstanding(ReplayPhase phase) const {
  for (std::size_t j = 0; j < jobs_.size(); ++j)
    if (is(j, phase, submitted) || is(j, phase, completed)) return true;
  return false;
}

/// Asks how a submitted job is; its results are collected once it is completed.
void ReplayDriver::ask(std::size_t job) {
  const JobRecord& record = journal_.jobs()[job];
  const JobStatus status = endpoint_.status(record.last.ids.front());
  if (pending(status.state)) return;
  const bool results =
      status.state == JobState::completed || (status.state == JobState::failed && partial(job));
  const ReplayState state = results ? completed : status.state == JobState::cancelled ? cancelled : failed;
  JournalEntry entry = next(job, state);
  entry.cost = status.cost;
  entry.detail = status.detail;
  journal_.record(entry);
  if (state != completed)
    seams_.tell("warning: job " + entry.tag + " " + std::string(name(state)) + ": " + status.detail);
}

/// Whether a job that failed has results nevertheless: of some of its rows.
bool ReplayDriver::partial(std::size_t job) {
  try {
    const JobResult result = endpoint_.fetch(journal_.jobs()[job].last.ids.front(), made(job));
    for (const auto& sweep : result.counts)
      for (const Counts& counts : sweep)
        if (!counts.empty()) return true;
  } catch (const EndpointError& error) {
    if (error.fault() != EndpointFault::refused && error.fault() != EndpointFault::not_ready) throw;
  }
  return false;
}

void ReplayDriver::collect(std::size_t job) {
  const DeviceJob request = made(job);
  JobResult result;
  try {
    result = endpoint_.fetch(journal_.jobs()[job].last.ids.front(), request);
  } catch (const EndpointError& error) {
    // Services call a job completed before its results can be read, so this is no error for a while.
    if (error.fault() != EndpointFault::not_ready || ++empty_answers_[job] >= patience_.results) throw;
    return;
  }
  check_result(request, result);
  const std::string text = result_text(request.tag, result);
  seams_.save(request.tag, text);
  JournalEntry entry = next(job, fetched);
  entry.cost = result.cost;
  entry.file_hash = result_digest(text);
  if (!result.missing.empty()) entry.detail = "missing: " + result.missing.front();
  journal_.record(entry);
  for (const std::string& missing : result.missing)
    seams_.tell("warning: job " + request.tag + ": missing: " + missing);
}

ReplayEnd ReplayDriver::fetch(ReplayPhase phase, bool wait) {
  std::exception_ptr error;
  double pause = patience_.first_poll;
  while (true) {
    bool progress = false;
    for (std::size_t j = 0; j < jobs_.size(); ++j) {
      if (seams_.stop()) return ReplayEnd::stopped;
      const ReplayState before = journal_.jobs()[j].last.state;
      try {
        if (is(j, phase, submitted)) ask(j);
        if (is(j, phase, completed)) {
          // Endpoints on this machine execute a job now.
          seams_.working("results of jobs", j, jobs_.size());
          collect(j);
        }
      } catch (const EndpointError&) {
        if (!error) error = std::current_exception();
      }
      progress = progress || journal_.jobs()[j].last.state != before;
    }
    const bool over = error || !outstanding(phase) || !wait;
    if (over) seams_.working("", 0, 0);
    if (error) std::rethrow_exception(error);
    if (over) return outstanding(phase) ? ReplayEnd::waiting : ReplayEnd::done;
    if (progress) pause = patience_.first_poll;
    seams_.working("waiting for the service to execute its jobs", 0, 0);
    seams_.sleep(pause);
    pause = std::min(1.5 * pause, patience_.longest_poll);
  }
}

ReplayEnd ReplayDriver::run(ReplayPhase phase) {
  while (true) {
    const ReplayEnd sent = submit(phase);
    if (sent == ReplayEnd::stopped) return sent;
    if (sent == ReplayEnd::waiting) {
      const ReplayEnd end = wait_for_room(std::numeric_limits<double>::infinity());
      if (end != ReplayEnd::done) return end;
      continue;
    }
    // A full queue takes the next job when one of ours has left it.
    const bool full = sent == ReplayEnd::blocked;
    if (full && !outstanding(phase)) return sent;
    const ReplayEnd end = fetch(phase, true);
    if (!full || end == ReplayEnd::stopped) return end;
  }
}

void ReplayDriver::cancel_job(std::size_t job) {
  const JournalEntry last = journal_.jobs()[job].last;
  if (last.state == planned) return journal_.record(next(job, cancelled));
  if (last.state == submitting) {
    if (!look_for(job, true)) {
      JournalEntry entry = next(job, abandoned);
      entry.detail = "its submit was interrupted and the service does not list it";
      seams_.tell("warning: job " + entry.tag + ": " + entry.detail + "; its cost is counted");
      return journal_.record(entry);
    }
  }
  for (const std::string& id : journal_.jobs()[job].last.ids) {
    const JobStatus status = endpoint_.status(id);
    if (status.state != JobState::queued && status.state != JobState::running) continue;
    try {
      endpoint_.cancel(id);
    } catch (const EndpointError& error) {
      // It may have ended between the question and the wish.
      if (error.fault() != EndpointFault::refused) throw;
      seams_.tell("job " + last.tag + ": " + error.what());
    }
  }
  ask(job);
}

void ReplayDriver::cancel() {
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    const ReplayState state = journal_.jobs()[j].last.state;
    if (state == planned || state == submitting || state == submitted) cancel_job(j);
  }
}

std::optional<JobResult> ReplayDriver::result(std::size_t job) {
  const JournalEntry& last = journal_.jobs()[job].last;
  if (last.state != fetched) return std::nullopt;
  const auto text = seams_.load(last.tag);
  if (!text || !journal_.jobs()[job].wrote(result_digest(*text)))
    throw data_error("results of job " + last.tag + ": expected what was fetched, found " +
                     (text ? "another content" : "none") + "; fetch again");
  JobResult result = parse_result(*text, "results of job " + last.tag);
  check_result(made(job), result);
  return result;
}

}  // namespace qmtl
