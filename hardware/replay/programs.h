// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hardware/mitigation/cancellation.h"
#include "hardware/mitigation/readout.h"
#include "hardware/replay/jobs.h"
#include "hardware/split.h"
#include "hardware/target.h"
#include "hardware/transpile/success.h"

namespace qmtl {

/// What of a head is measured how.
struct ProgramSettings {
  MitigationSettings mitigation = {};
  std::int64_t probe_shots = 0, calibration_shots = 0;  ///< 0: without them
  std::uint64_t seed = 0;                               ///< of random programs
  const NoiseModel* noise = nullptr;                    ///< what is known of the device
  std::int64_t least_shots = 1;                         ///< that the device takes of a program
};

/// All programs of a replay and what is needed to read them.
struct ReplayPrograms {
  std::vector<ReplayProgram> all;  ///< the probe, the calibration's, then the work's
  std::vector<CalibrationProgram> calibration;
  std::vector<int> read;   ///< physical qubits that the work reads, ascending
  bool probed = false;     ///< begins with a probe: a single qubit that is read has no order
  int depth = 0;           ///< of the deepest program: longest chain of gates
  std::int64_t gates = 0;  ///< of all of the work's programs
  std::int64_t two_qubit_gates = 0;
  std::vector<SuccessEstimate> success;  ///< of each part's program, without more noise; 1 without properties
  std::vector<std::string> remarks;      ///< what of the device is avoided, and why
  std::vector<CancellationPlan> cancellations;  ///< of each part; empty where nothing is cancelled
};

/// The programs that the settings make of one, `shots` of it: work of `part` on the rows of `sweep`, groups
/// numbered from `group` on. `outputs`: what it measures.
std::vector<ReplayProgram> work_programs(int part, const Sweep& sweep, std::int64_t shots,
                                         std::span<const ReadOutput> outputs, const DeviceTarget& target,
                                         const ProgramSettings& settings, int group,
                                         CancellationPlan* cancellation = nullptr);

/// The probe of the order of bits (hardware/mitigation/probe.h) on the first of the qubits that the work
/// reads, at most five, or on those that read best where the target says which.
ReplayProgram replay_probe(std::span<const int> read, std::int64_t shots, const DeviceTarget& target);

/// Makes the programs of `parts` for the device; `shots` of each part. angles[samples, circuit.angles].
/// Throws Error (usage) as split_head, transpile and fold do.
ReplayPrograms make_replay_programs(const Circuit& circuit, std::span<const double> params,
                                    std::span<const HeadProgram> parts, std::span<const std::int64_t> shots,
                                    std::size_t samples, std::span<const double> angles,
                                    const DeviceTarget& target, const ProgramSettings& settings);

/// Variance of one shot's reading of each output, mean over the samples: [outputs], from the ideal circuit.
/// Blocks that read many qubits get the bound sum |weight|, squared.
std::vector<double> output_variances(const Circuit& circuit, std::span<const double> params,
                                     std::size_t samples, std::span<const double> angles);

}  // namespace qmtl
