// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/train/state.h"

namespace qmtl {

/// Seconds that the ranks spent in one kind of work, such as "compute".
struct PhaseSeconds {
  std::string phase;
  double mean = 0, max = 0;        ///< over the ranks
  std::vector<double> ranks = {};  ///< of each rank; in lines of epochs
  bool operator==(const PhaseSeconds&) const = default;
};

/// Where the time of a number of steps went. All that differs between two runs of the same bits stands here.
struct TimingRecord {
  std::int64_t steps = 0;  ///< 0: unknown
  double seconds = 0;      ///< wall time of the slowest rank, everything between the steps included
  double samples_per_second = 0;
  std::vector<PhaseSeconds> phases = {};
  bool operator==(const TimingRecord&) const = default;
};

/// One optimiser step, as metrics.jsonl has it.
struct StepMetrics {
  std::int64_t step = 0;  ///< 1-based
  int epoch = 0;          ///< 1-based
  double learning_rate = 0;
  std::vector<double> losses = {};  ///< weighted, of each task, in task order
  TimingRecord timing = {};         ///< of the steps since the line before
  bool operator==(const StepMetrics&) const = default;
};

/// A metrics.jsonl, in the file's order.
struct MetricsFile {
  std::vector<EpochRecord> epochs;
  std::vector<TimingRecord> timings;  ///< of each epoch
  std::vector<StepMetrics> steps;
};

/// The lines of metrics.jsonl, with their end; undefined numbers are null.
std::string metrics_line(const EpochRecord& record, const std::vector<std::string>& tasks,
                         const TimingRecord& timing = {});
std::string metrics_line(const StepMetrics& record, const std::vector<std::string>& tasks);

/// Adds one line to `metrics`: scores and losses of `tasks`, NaN where undefined. `where` is "file:line" for
/// the Error (data), which names the field too.
void read_metrics_line(std::string_view line, const std::string& where, const std::vector<std::string>& tasks,
                       MetricsFile& metrics);

/// A whole metrics.jsonl. Throws Error (data) that names file, line and field.
MetricsFile read_metrics(const std::string& path, const std::vector<std::string>& tasks);

/// The lines that a run saved at the end of `epoch` epochs and `step` steps keeps; torn and strange lines go.
std::string metrics_until(const std::string& content, int epoch, std::int64_t step);

}  // namespace qmtl
