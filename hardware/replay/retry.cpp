// SPDX-License-Identifier: Apache-2.0
// Sending again what brought no results.
#include <algorithm>

#include "hardware/replay/driver.h"
#include "hardware/replay/result_text.h"

namespace qmtl {

using enum ReplayState;

namespace {

std::size_t rows_with_counts(const JobResult& result) {
  std::size_t rows = 0;
  for (const auto& sweep : result.counts)
    rows += static_cast<std::size_t>(
        std::count_if(sweep.begin(), sweep.end(), [](const Counts& counts) { return !counts.empty(); }));
  return rows;
}

}  // namespace

int ReplayDriver::retry() {
  // A new attempt leaves the ids of the one before behind: what that has cost is asked now.
  if (endpoint_.info().bills) read_charges();
  int count = 0;
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    const ReplayState state = journal_.jobs()[j].last.state;
    if (state != failed && state != cancelled && state != abandoned) continue;
    // What was given up may have been listed since.
    if (state == abandoned && look_for(j, false)) continue;
    JournalEntry entry = next(j, planned);
    entry.tag = job_tag(identity_, static_cast<int>(j), ++entry.attempt);
    journal_.record(entry);
    ++count;
  }
  for (std::size_t j = 0; j < jobs_.size(); ++j) ask_again(j);
  const std::vector<SweepPlace> lacking = rows_without_counts();
  for (ReplayJob& further : pack_jobs(programs_, endpoint_.info().limits, lacking)) {
    std::size_t rows = 0;
    for (const SweepPlace& place : further.sweeps) rows += place.rows;
    jobs_.push_back(further);
    empty_answers_.push_back(0);
    plan_job(jobs_.size() - 1, std::move(further.sweeps));
    seams_.tell("job " + journal_.jobs().back().last.tag + ": sends " + std::to_string(rows) +
                (rows == 1 ? " row" : " rows") + " again that came without results; what came is kept");
    ++count;
  }
  return count;
}

/// An answer may have been cut short, while the service has all: asking is free, another job is not.
void ReplayDriver::ask_again(std::size_t job) {
  const std::optional<JobResult> known = result(job);
  const DeviceJob request = made(job);
  std::size_t rows = 0;
  for (const Sweep& sweep : request.sweeps) rows += sweep.rows;
  if (!known || rows_with_counts(*known) == rows) return;
  JobResult answer;
  try {
    answer = endpoint_.fetch(journal_.jobs()[job].last.ids.front(), request);
    check_result(request, answer);
  } catch (const EndpointError& error) {
    seams_.tell("job " + request.tag + ": asked again for what is missing: " + error.what());
    return;
  }
  // Shots that are here already stay what they are.
  for (std::size_t s = 0; s < answer.counts.size(); ++s)
    for (std::size_t r = 0; r < answer.counts[s].size(); ++r)
      if (!known->counts[s][r].empty()) answer.counts[s][r] = known->counts[s][r];
  const std::size_t found = rows_with_counts(answer) - rows_with_counts(*known);
  if (found == 0) return;
  const std::string text = result_text(request.tag, answer);
  JournalEntry entry = next(job, fetched);
  entry.file_hash = result_digest(text);
  entry.detail = "asked again";
  // The line first: until the new file is there, the old one is still right.
  journal_.record(entry);
  seams_.save(request.tag, text);
  seams_.tell("job " + request.tag + ": asked again, " + std::to_string(found) +
              " of its rows that were missing are here");
}

/// Rows that no job brought and none that is under way will bring, in runs.
std::vector<SweepPlace> ReplayDriver::rows_without_counts() {
  std::vector<std::vector<char>> covered;
  for (const ReplayProgram& program : programs_) covered.emplace_back(program.sweep.rows, 0);
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    const std::optional<JobResult> here = result(j);
    for (std::size_t s = 0; s < jobs_[j].sweeps.size(); ++s) {
      const SweepPlace& place = jobs_[j].sweeps[s];
      for (std::size_t r = 0; r < place.rows; ++r)
        if (!here || !here->counts[s][r].empty())
          covered[static_cast<std::size_t>(place.program)][place.first + r] = 1;
    }
  }
  std::vector<SweepPlace> places;
  for (std::size_t p = 0; p < covered.size(); ++p)
    for (std::size_t r = 0; r < covered[p].size(); ++r) {
      if (covered[p][r]) continue;
      if (places.empty() || places.back().program != static_cast<int>(p) ||
          places.back().first + places.back().rows != r)
        places.push_back({static_cast<int>(p), r, 0});
      ++places.back().rows;
    }
  return places;
}

}  // namespace qmtl
