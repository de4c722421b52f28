// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/program_counts.h"

#include <algorithm>

#include "hardware/mitigation/probe.h"

namespace qmtl {

ProgramCounts gather_counts(ReplayDriver& driver, std::optional<ReplayPhase> phase) {
  ProgramCounts counts;
  for (const ReplayProgram& program : driver.programs()) counts.rows.emplace_back(program.sweep.rows);
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
      counts.missing.push_back("job " + last.tag + ": " + missing);
    for (std::size_t s = 0; s < result->counts.size(); ++s) {
      const SweepPlace& place = job.sweeps[s];
      std::copy(result->counts[s].begin(), result->counts[s].end(),
                counts.rows[static_cast<std::size_t>(place.program)].begin() +
                    static_cast<std::ptrdiff_t>(place.first));
    }
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
