// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/program_counts.h"

#include <algorithm>

#include "hardware/mitigation/probe.h"

namespace qmtl {

ProgramCounts gather_counts(ReplayDriver& driver, std::optional<ReplayPhase> phase) {
  ProgramCounts counts;
  for (const ReplayProgram& program : driver.programs()) counts.rows.emplace_back(program.sweep.rows);
  const auto rows_at = [&](const SweepPlace& place) {
    return counts.rows[static_cast<std::size_t>(place.program)].begin() +
           static_cast<std::ptrdiff_t>(place.first);
  };
  std::vector<std::pair<std::size_t, std::string>> lacking;
  for (std::size_t j = 0; j < driver.jobs().size(); ++j) {
    const ReplayJob& job = driver.jobs()[j];
    if (phase && job.phase != *phase) continue;
    const auto result = driver.result(j);
    const JournalEntry& last = driver.journal().jobs()[j].last;
    if (!result) {
      counts.missing.push_back("job " + last.tag + ": " + std::string(name(last.state)) +
                               (last.detail.empty() ? "" : ": " + last.detail));
      continue;
    }
    counts.dropped += result->dropped;
    for (const std::string& missing : result->missing)
      lacking.emplace_back(j, "job " + last.tag + ": " + missing);
    for (std::size_t s = 0; s < result->counts.size(); ++s)
      for (std::size_t r = 0; r < result->counts[s].size(); ++r)
        if (!result->counts[s][r].empty()) rows_at(job.sweeps[s])[r] = std::move(result->counts[s][r]);
  }
  // What a job lacks a later one may have brought.
  const auto whole = [&](const SweepPlace& place) {
    return std::none_of(rows_at(place), rows_at(place) + static_cast<std::ptrdiff_t>(place.rows),
                        [](const Counts& row) { return row.empty(); });
  };
  for (auto& [j, words] : lacking) {
    const std::vector<SweepPlace>& sweeps = driver.jobs()[j].sweeps;
    if (!std::all_of(sweeps.begin(), sweeps.end(), whole)) counts.missing.push_back(std::move(words));
  }
  return counts;
}

void require_order_of_bits(std::span<const ReplayProgram> programs, const ProgramCounts& counts,
                           const EndpointInfo& info) {
  for (std::size_t p = 0; p < programs.size(); ++p)
    if (programs[p].phase == ReplayPhase::probe)
      require_probe(counts.rows[p].front(), programs[p].sweep.program.measured.size(), info);
}

}  // namespace qmtl
