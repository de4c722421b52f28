// SPDX-License-Identifier: Apache-2.0
// What a replay has spent, may spend, and knows of it: a service may charge more than was estimated, long
// after, or twice.
#include <algorithm>
#include <cmath>

#include "hardware/replay/driver.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace qmtl {

using enum ReplayState;

namespace {

/// The least multiple of `step` that is not below the amount, but for rounding.
double up_to_step(double amount, double step) {
  return step > 0 ? std::ceil(amount / step - 1e-9) * step : amount;
}

}  // namespace

ReplayDriver::~ReplayDriver() {
  if (sessions_) sessions_->set_busy(journal_.busy_sessions());
}

void ReplayDriver::close_sessions() {
  if (!sessions_) return;
  sessions_->set_busy(journal_.busy_sessions());
  sessions_->close();
}

double ReplayDriver::spent() const {
  return journal_.spent() + (sessions_ ? sessions_->beyond(journal_.spent_in_sessions()) : 0.0);
}

/// The most that was spent: jobs whose cost is not known count with their cap.
double ReplayDriver::exposed() const {
  return journal_.exposed() + (sessions_ ? sessions_->beyond(journal_.spent_in_sessions()) : 0.0);
}

double ReplayDriver::estimate_ahead() const {
  double ahead = 0;
  for (const JobRecord& job : journal_.jobs())
    if (job.last.state == planned) ahead += job.last.estimate;
  return ahead;
}

/// A cap that is rounded down to what the service takes must still be enough for its job: so much more than
/// the estimates is needed.
double ReplayDriver::rounding_ahead(double step) const {
  double rounding = 0;
  for (const JobRecord& job : journal_.jobs())
    if (job.last.state == planned)
      rounding = std::max(rounding, up_to_step(job.last.estimate, step) - job.last.estimate);
  return rounding;
}

void ReplayDriver::require_ceiling() {
  if (!ceiling_) return;
  const double spent = exposed(), ahead = estimate_ahead();
  if (ahead <= 0) return;
  const double step = endpoint_.info().cap_step;
  const double rounding = rounding_ahead(step);
  if (spent + ahead + rounding > *ceiling_)
    throw usage_error("--max-cost: expected at least " + significant(spent + ahead + rounding, 6) + " (" +
                      significant(spent, 6) + " spent, " + significant(ahead, 6) +
                      " estimated for what is not sent" +
                      (rounding > 0 ? ", and caps of jobs in steps of " + significant(step, 6) : "") +
                      "), found " + significant(*ceiling_, 6) + "; nothing more was sent");
}

/// What is left under the ceiling when everything else takes what was estimated.
std::optional<double> ReplayDriver::cap_of(std::size_t job) {
  const double step = endpoint_.info().cap_step;
  if (!ceiling_ || step <= 0) return std::nullopt;
  const double estimate = journal_.jobs()[job].last.estimate;
  const double spare = *ceiling_ - exposed() - estimate_ahead() - rounding_ahead(step);
  const auto places = patience_.in_flight - static_cast<int>(open_jobs());
  const double cap = estimate + std::max(0.0, spare) / std::max(1, places);
  return std::max(std::floor(cap / step + 1e-9) * step, up_to_step(estimate, step));
}

/// Whether jobs wait for what others have cost.
bool ReplayDriver::is_bounded() { return ceiling_ && endpoint_.info().paid && endpoint_.info().bills; }

/// Whether a job was sent and what it has cost is not known.
bool ReplayDriver::is_open(std::size_t job) const {
  const JobRecord& record = journal_.jobs()[job];
  return record.last.state == submitted ||
         (record.sent() && record.last.state != planned && !record.last.cost);
}

bool ReplayDriver::is_overdue(std::size_t job) const {
  const JobRecord& record = journal_.jobs()[job];
  return is_open(job) && record.end_time > 0 &&
         seams_.now() > static_cast<double>(record.end_time) + patience_.charge;
}

std::size_t ReplayDriver::open_jobs() const {
  std::size_t open = 0;
  for (std::size_t j = 0; j < journal_.jobs().size(); ++j) open += is_open(j);
  return open;
}

void ReplayDriver::read_charges() {
  // A charge may change after it was told; what is further back than so many jobs is taken as settled.
  constexpr std::size_t looked_back = 64;
  std::size_t looked = 0;
  for (std::size_t j = journal_.jobs().size(); j-- > 0 && looked < looked_back;) {
    const JobRecord& record = journal_.jobs()[j];
    if (!record.sent() || record.last.state == planned) continue;
    ++looked;
    if (record.last.state == submitted) {
      ask(j);
      continue;
    }
    std::optional<double> cost = endpoint_.status(record.last.ids.front()).cost;
    std::string detail;
    if (!cost && is_overdue(j) && (record.last.cap || record.last.state != completed)) {
      // No more than the cap, where there is one, and a job that failed is hardly charged more than foreseen.
      cost = std::max(record.last.estimate, record.last.cap.value_or(0.0));
      detail = "the service does not say what it has cost: " + significant(*cost, 6) + " is counted";
      seams_.tell("warning: job " + record.last.tag + ": " + detail);
    }
    if (!cost || cost == record.last.cost) continue;
    if (record.last.cost)
      seams_.tell("warning: job " + record.last.tag + ": the service asks for " + significant(*cost, 6) +
                  " now, not for " + significant(*record.last.cost, 6));
    JournalEntry entry = next(j, record.last.state);
    entry.cost = cost;
    entry.detail = std::move(detail);
    journal_.record(entry);
  }
  if (sessions_) sessions_->ask();
}

ReplayEnd ReplayDriver::wait_for_room(double until) {
  for (double pause = patience_.first_poll;; pause = std::min(1.5 * pause, patience_.longest_poll)) {
    read_charges();
    if (open_jobs() < static_cast<std::size_t>(patience_.in_flight)) {
      seams_.working("", 0, 0);
      return ReplayEnd::done;
    }
    if (seams_.stop()) return ReplayEnd::stopped;
    for (std::size_t j = 0; j < journal_.jobs().size(); ++j)
      if (is_overdue(j)) {
        seams_.tell("warning: job " + journal_.jobs()[j].last.tag +
                    " has run, and the service does not say what it has cost; nothing more is sent. Go on "
                    "later, or let more jobs be under way at once with --in-flight");
        return ReplayEnd::waiting;
      }
    if (seams_.now() >= until) return ReplayEnd::waiting;
    seams_.working("waiting for what the job under way costs", 0, 0);
    seams_.sleep(pause);
  }
}

}  // namespace qmtl
