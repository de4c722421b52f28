// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hardware/replay/program_counts.h"
#include "tools/workflows/replay/expectations.h"
#include "tools/workflows/replay/session.h"

namespace qmtl {

/// The programs on the simulator with `noise`; `working` is told of each.
ProgramCounts simulate_counts(const ReplaySession& session, const NoiseModel& noise, std::uint64_t seed,
                              const WorkProgress& working = {});

/// The calibration that the session was planned with or its jobs measured; nothing without readout
/// mitigation, or before its jobs have results.
std::optional<ReadoutCalibration> calibration_of(const ReplaySession& session, const ReplayPrograms& programs,
                                                 const ProgramCounts& counts);

/// Scores of counts, on the samples that have all programs.
struct CountedScores {
  std::vector<std::size_t> samples;  ///< of the model's rows
  std::vector<float> logits;         ///< [samples, outputs], as measured
  ReplayScores measured;             ///< as mitigated as the request says
  ReplayScores raw;                  ///< without mitigation, no intervals
  std::vector<int> unmitigated;      ///< qubits whose readings say too little to be corrected, ascending
  MeasuredOutputs outputs;           ///< of the circuit
};
/// Throws EndpointError (not_ready) when no sample has all its programs, or the calibration is missing.
CountedScores score_counts(const ReplaySession& session, const ProgramCounts& counts, std::size_t replicates);
/// CountedScores::measured alone, without intervals, of `programs` in the place of the session's.
ReplayScores mitigated_scores(const ReplaySession& session, const ReplayPrograms& programs,
                              const ProgramCounts& counts);

/// The model's own scores of those samples: the tasks', then their mean.
std::vector<double> exact_scores(const ReplayModel& model, const std::vector<std::size_t>& samples);

/// A metric over several simulated devices.
struct RehearsedScore {
  double mean = 0, deviation = 0;
};
RehearsedScore summary(const std::vector<double>& values);

struct Rehearsal {
  std::string noise;
  int runs = 0;
  std::vector<RehearsedScore> tasks;
  RehearsedScore mean;
};
/// Throws Error if a rehearsal with that file ("": none) could not be: a file that is missing or no noise
/// model, programs that are too large for the simulator. One shot of each is simulated.
void check_rehearsal(const ReplaySession& session, const std::string& file, const WorkProgress& working);
/// The whole replay on the simulator with the noise model in `file`, `runs` times with other seeds.
Rehearsal rehearse(const ReplaySession& session, const std::string& file, int runs,
                   const WorkProgress& working);

/// replay.json: everything that a replay found (tools/README.md). `spent`: with what sessions have cost.
nlohmann::ordered_json replay_json(const ReplaySession& session, const ReplayJournal& journal, double spent,
                                   const ProgramCounts& counts, const CountedScores& scores,
                                   const std::optional<Rehearsal>& rehearsal);
}  // namespace qmtl
