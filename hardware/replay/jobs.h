// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hardware/endpoint.h"
#include "hardware/replay/program_place.h"

namespace qmtl {

/// What a job is for, in the order of sending.
enum class ReplayPhase : std::uint8_t {
  probe,        ///< the order of bits
  calibration,  ///< errors of readings
  work,
};
std::string_view name(ReplayPhase phase);

/// A program that is to be executed on many rows.
struct ReplayProgram {
  ReplayPhase phase = ReplayPhase::work;
  int part = 0;         ///< work: number of the head's program; calibration: of the calibration's
  double factor = 1.0;  ///< of the noise (hardware/mitigation/folding.h)
  std::int64_t shots = 0;
  Sweep sweep;              ///< all rows
  ProgramPlace place = {};  ///< work: among the programs of its part
};

/// Where a job's sweep comes from: rows first .. first + rows - 1 of a program.
struct SweepPlace {
  int program = 0;
  std::size_t first = 0, rows = 0;
  bool operator==(const SweepPlace&) const = default;
};

struct ReplayJob {
  ReplayPhase phase = ReplayPhase::work;
  std::int64_t shots = 0;
  std::vector<SweepPlace> sweeps;
};

/// Packs rows of programs into jobs within an endpoint's limits: places in order, those of one phase with
/// equal shots together, rows split over jobs where they must be. Throws Error (usage) naming program and
/// limit if one row alone is too large.
std::vector<ReplayJob> pack_jobs(std::span<const ReplayProgram> programs, const EndpointLimits& limits,
                                 std::span<const SweepPlace> places);
/// All rows of all programs.
std::vector<ReplayJob> pack_jobs(std::span<const ReplayProgram> programs, const EndpointLimits& limits);

/// The job as it is sent.
DeviceJob device_job(const ReplayJob& job, std::span<const ReplayProgram> programs, std::string tag);

/// The client's name of a job: a pure function of the replay's identity (hexadecimal), the job and the
/// attempt.
std::string job_tag(const std::string& identity, int job, int attempt);

/// Digest of what a job asks for, without its angles: those follow from the checkpoint and the data, whose
/// digests the identity holds, and may differ in the last bits between machines.
std::string shape_hash(const DeviceJob& job);

}  // namespace qmtl
