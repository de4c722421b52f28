// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/tune_rounds.h"

#include <filesystem>

#include "hardware/mitigation/probe.h"
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
                      folder + ": the service takes no more jobs at present; the same command goes on later");
}

/// The rows that jobs brought, where they belong.
class RowTable {
 public:
  explicit RowTable(const std::vector<ReplayProgram>& programs) {
    for (const ReplayProgram& program : programs) rows_.emplace_back(program.sweep.rows);
  }

  void add(const ReplayJob& job, const JobResult& result, const std::string& where) {
    if (!result.missing.empty())
      throw EndpointError(EndpointFault::malformed,
                          where + ": results are missing: " + result.missing.front());
    for (std::size_t s = 0; s < job.sweeps.size(); ++s)
      for (std::size_t row = 0; row < job.sweeps[s].rows; ++row)
        rows_[static_cast<std::size_t>(job.sweeps[s].program)][job.sweeps[s].first + row] =
            result.counts[s][row];
  }
  std::vector<std::vector<Counts>>& rows() { return rows_; }

 private:
  std::vector<std::vector<Counts>> rows_;
};

}  // namespace

TuneRounds::TuneRounds(Endpoint& endpoint, RoundsOptions options)
    : endpoint_(endpoint), options_(std::move(options)) {
  if (endpoint_.info().paid && !options_.ceiling)
    throw usage_error("--max-cost: expected the most that may be spent, as the endpoint " +
                      endpoint_.info().kind + " costs money");
}

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
  const std::string path = (std::filesystem::path(options_.folder) / round).string();
  const std::string identity = round_identity(options_.identity, round);
  const ReplayFolder folder(path);
  ReplayJournal journal = folder.journal(identity);
  ReplayDriver driver(endpoint_, journal, identity, pack_jobs(programs, endpoint_.info().limits), programs,
                      folder.seams());
  driver.plan();
  if (options_.retry) driver.retry();
  double ahead = 0;
  for (const JobRecord& job : journal.jobs())
    if (job.last.state == ReplayState::planned) ahead += job.last.estimate;
  if (options_.ceiling) {
    if (ahead > 0 && spent_ + journal.spent() + ahead + reserve > *options_.ceiling) return std::nullopt;
    driver.set_ceiling(*options_.ceiling - spent_);
  }

  RowTable table(programs);
  const auto collect = [&](ReplayPhase phase) {
    require_done(driver.run(phase), path);
    for (std::size_t j = 0; j < driver.jobs().size(); ++j) {
      if (driver.jobs()[j].phase != phase) continue;
      const std::optional<JobResult> result = driver.result(j);
      const JournalEntry& last = journal.jobs()[j].last;
      if (!result)
        throw EndpointError(EndpointFault::refused, path + ": job " + last.tag + " " +
                                                        std::string(name(last.state)) + ": " + last.detail +
                                                        "; --retry sends it again");
      table.add(driver.jobs()[j], *result, path + ": job " + last.tag);
      executions_ += last.executions;
    }
  };
  collect(ReplayPhase::probe);
  for (std::size_t p = 0; p < programs.size(); ++p)
    if (programs[p].phase == ReplayPhase::probe)
      require_probe(table.rows()[p].at(0), programs[p].sweep.program.measured.size(), endpoint_.info());
  collect(ReplayPhase::work);
  spent_ += journal.spent();
  return std::move(table.rows());
}

}  // namespace qmtl
