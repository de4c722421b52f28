// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/jobs.h"

#include <algorithm>
#include <array>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace qmtl {
namespace {

/// What rows of a program add to a job. Bytes are more than any of the formats takes: a bound gate is about
/// 60 characters of JSON, a number 25.
struct Load {
  std::int64_t executions = 0, gates = 0, bytes = 0, rows = 0;
};

Load row_load(const ReplayProgram& program) {
  const auto gates = static_cast<std::int64_t>(program.sweep.program.ops.size());
  const auto inputs = static_cast<std::int64_t>(program.sweep.program.inputs.size());
  return {program.shots, gates, 64 * gates + 26 * inputs + 200, 1};
}

struct Room {
  const char* what;
  std::int64_t limit, taken, row;

  std::int64_t rows() const { return limit == 0 ? INT64_MAX : row == 0 ? INT64_MAX : (limit - taken) / row; }
};

std::array<Room, 4> rooms(const EndpointLimits& limits, const Load& taken, const Load& row) {
  return {{{"executions", limits.executions, taken.executions, row.executions},
           {"gates", limits.gates, taken.gates, row.gates},
           {"bytes", limits.bytes, taken.bytes, row.bytes},
           {"rows", limits.rows, taken.rows, row.rows}}};
}

std::size_t rows_that_fit(const EndpointLimits& limits, const Load& taken, const Load& row) {
  std::int64_t rows = INT64_MAX;
  for (const Room& room : rooms(limits, taken, row)) rows = std::min(rows, room.rows());
  return static_cast<std::size_t>(std::max<std::int64_t>(rows, 0));
}

void require_one_row(const ReplayProgram& program, const EndpointLimits& limits) {
  const std::string who = "program " + program.sweep.program.name + ": ";
  if (limits.shots > 0 && program.shots > limits.shots)
    throw usage_error(who + "expected at most " + std::to_string(limits.shots) +
                      " shots, the endpoint's limit, found " + std::to_string(program.shots) +
                      "; lower --shots");
  for (const Room& room : rooms(limits, {}, row_load(program)))
    if (room.rows() < 1)
      throw usage_error(who + "expected at most " + std::to_string(room.limit) + " " + room.what +
                        " in a job, the endpoint's limit, found " + std::to_string(room.row) +
                        " in one row; use fewer shots, or --head-split cones for smaller programs");
}

}  // namespace

std::string_view name(ReplayPhase phase) {
  constexpr std::array<std::string_view, 3> names{"probe", "calibration", "work"};
  return names[static_cast<std::size_t>(phase)];
}

std::vector<ReplayJob> pack_jobs(std::span<const ReplayProgram> programs, const EndpointLimits& limits) {
  std::vector<SweepPlace> places;
  for (std::size_t p = 0; p < programs.size(); ++p)
    places.push_back({static_cast<int>(p), 0, programs[p].sweep.rows});
  return pack_jobs(programs, limits, places);
}

std::vector<ReplayJob> pack_jobs(std::span<const ReplayProgram> programs, const EndpointLimits& limits,
                                 std::span<const SweepPlace> places) {
  std::vector<ReplayJob> jobs;
  Load taken;
  const auto open = [&](const ReplayProgram& program) {
    jobs.push_back({program.phase, program.shots, {}});
    taken = {};
  };
  for (const SweepPlace& place : places) {
    const ReplayProgram& program = programs[static_cast<std::size_t>(place.program)];
    require_one_row(program, limits);
    const Load row = row_load(program);
    if (jobs.empty() || jobs.back().phase != program.phase || jobs.back().shots != program.shots)
      open(program);
    const std::size_t end = place.first + place.rows;
    for (std::size_t first = place.first; first < end;) {
      const bool full =
          limits.sweeps > 0 && static_cast<std::int64_t>(jobs.back().sweeps.size()) >= limits.sweeps;
      const std::size_t fit = full ? 0 : rows_that_fit(limits, taken, row);
      if (fit == 0) {
        open(program);
        continue;
      }
      const std::size_t rows = std::min(fit, end - first);
      jobs.back().sweeps.push_back({place.program, first, rows});
      const auto n = static_cast<std::int64_t>(rows);
      taken = {taken.executions + n * row.executions, taken.gates + n * row.gates,
               taken.bytes + n * row.bytes, taken.rows + n};
      first += rows;
    }
  }
  return jobs;
}

DeviceJob device_job(const ReplayJob& job, std::span<const ReplayProgram> programs, std::string tag) {
  DeviceJob made{std::move(tag), {}, job.shots};
  for (const SweepPlace& place : job.sweeps) {
    const Sweep& all = programs[static_cast<std::size_t>(place.program)].sweep;
    const auto width = static_cast<std::ptrdiff_t>(all.program.inputs.size());
    const auto begin = all.values.begin() + static_cast<std::ptrdiff_t>(place.first) * width;
    made.sweeps.push_back(
        {all.program, place.rows, {begin, begin + static_cast<std::ptrdiff_t>(place.rows) * width}});
  }
  return made;
}

std::string job_tag(const std::string& identity, int job, int attempt) {
  std::string tag = "qmtl-" + identity.substr(0, 16) + "-" + std::to_string(job);
  return attempt == 1 ? tag : tag + "-" + std::to_string(attempt);
}

std::string shape_hash(const DeviceJob& job) {
  Sha256 hash;
  const auto number = [&](auto value) { hash.update_number(static_cast<std::uint64_t>(value)); };
  number(job.shots);
  for (const Sweep& sweep : job.sweeps) {
    const DeviceProgram& program = sweep.program;
    hash.update_text(program.name);
    for (std::size_t value : {sweep.rows, program.inputs.size(), program.ops.size(), program.measured.size()})
      number(value);
    number(program.qubits);
    number(program.physical);
    for (const DeviceOp& op : program.ops) {
      number(op.gate);
      number(op.q0);
      number(op.q1);
      number(op.angle.terms.size());
      for (const AngleTerm& term : op.angle.terms) number(term.input);
    }
    for (int qubit : program.measured) number(qubit);
    for (const Delay& delay : program.delays) {
      number(delay.before);
      number(delay.qubit);
    }
  }
  return hash.hex();
}

}  // namespace qmtl
