// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/tune_rounds.h"

#include <filesystem>

#include "hardware/replay/program_counts.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace qmtl {
namespace {

std::string round_identity(const std::string& identity, const std::string& round) {
  Sha256 hash;
  hash.update_text(identity);
  hash.update_text(round);
  return hash.hex();
}

void require_done(ReplayEnd end, const std::string& folder) {
  if (end == ReplayEnd::done) return;
  if (end == ReplayEnd::stopped)
    throw Error(Exit::interrupted, "stopped; the same command goes on where " + folder + " ends");
  throw EndpointError(EndpointFault::transient,
                      folder +
                          (end == ReplayEnd::waiting ? ": the service does not say yet what a job has cost"
                                                     : ": the service takes no more jobs at present") +
                          "; the same command goes on later");
}

}  // namespace

TuneRounds::TuneRounds(Endpoint& endpoint, RoundsOptions options)
    : endpoint_(endpoint), options_(std::move(options)) {
  if (endpoint_.info().paid && !options_.ceiling)
    throw usage_error("--max-cost: expected the most that may be spent, as the endpoint " +
                      endpoint_.info().kind + " costs money");
}

void TuneRounds::open_folder() {
  if (folder_) return;
  folder_.emplace(options_.folder);
  const ReplaySeams seams = folder_->seams(options_.stop);
  sessions_.emplace(endpoint_, folder_->sessions(options_.identity), seams.now, seams.tell);
  sessions_->close();  // what a crash has left open
}

double TuneRounds::spent() const { return spent_ + (sessions_ ? sessions_->beyond({}) : 0.0); }

double TuneRounds::cost(std::span<const ReplayProgram> programs) {
  double sum = 0;
  for (const ReplayJob& job : pack_jobs(programs, endpoint_.info().limits)) {
    const CostEstimate estimate = endpoint_.estimate(device_job(job, programs, "estimate"));
    sum += estimate.amount;
    unit_ = estimate.unit;
  }
  return sum;
}

std::optional<std::vector<std::vector<Counts>>> TuneRounds::execute(
    const std::string& round, const std::vector<ReplayProgram>& programs, double reserve) {
  open_folder();
  const std::string path = (std::filesystem::path(options_.folder) / round).string();
  const std::string identity = round_identity(options_.identity, round);
  const ReplayFolder folder(path);
  ReplayJournal journal = folder.journal(identity);
  ReplayPatience patience;
  patience.in_flight = options_.in_flight;
  ReplayDriver driver(endpoint_, journal, identity, pack_jobs(programs, endpoint_.info().limits), programs,
                      folder.seams(options_.stop, options_.working), patience);
  driver.set_sessions(*sessions_);
  driver.plan();
  if (options_.retry) driver.retry();
  double ahead = 0;
  for (const JobRecord& job : journal.jobs())
    if (job.last.state == ReplayState::planned) ahead += job.last.estimate;
  if (options_.ceiling) {
    if (ahead > 0 && spent_ + driver.spent() + ahead + reserve > *options_.ceiling) return std::nullopt;
    driver.set_ceiling(*options_.ceiling - spent_);
  }

  const auto collect = [&](ReplayPhase phase) {
    require_done(driver.run(phase), path);
    ProgramCounts counts = gather_counts(driver, phase);
    if (!counts.missing.empty())
      throw EndpointError(EndpointFault::refused,
                          path + ": " + counts.missing.front() + "; with --retry failed jobs are sent again");
    for (std::size_t j = 0; j < driver.jobs().size(); ++j)
      if (driver.jobs()[j].phase == phase) executions_ += journal.jobs()[j].last.executions;
    return counts;
  };
  require_order_of_bits(programs, collect(ReplayPhase::probe), endpoint_.info());
  ProgramCounts calibration = collect(ReplayPhase::calibration);
  ProgramCounts work = collect(ReplayPhase::work);
  if (endpoint_.info().paid) driver.read_charges();
  for (std::size_t p = 0; p < programs.size(); ++p)
    if (programs[p].phase == ReplayPhase::calibration) work.rows[p] = std::move(calibration.rows[p]);
  spent_ += journal.spent();
  sessions_->add_jobs(journal.spent_in_sessions());
  return std::move(work.rows);
}

}  // namespace qmtl
