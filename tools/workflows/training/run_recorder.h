// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "distributed/launch/cores.h"
#include "io/runs/run_folder.h"
#include "runtime/train/loop/trainer.h"
#include "tools/workflows/training/phase_times.h"
#include "tools/workflows/training/status_file.h"
#include "tools/workflows/training/trace.h"

namespace qmtl {

/// How a run is looked at.
struct RecorderSetting {
  bool resuming = false;
  int threads = 1;                  ///< of this rank
  std::string simd;                 ///< of its kernels
  std::int64_t trace_steps = 0;     ///< 0: no trace
  std::vector<std::string> issues;  ///< what is wrong with its cores
};

/// Writes what a run leaves behind to be looked at: metrics.jsonl, status.json, environment.jsonl, the log of
/// each rank and the trace (io/FORMATS.md). It lives on every rank; rank 0 has the folder.
class RunRecorder {
 public:
  /// Collective.
  RunRecorder(const Ranks& ranks, const Config& config, const TrainState& state, RunFolder* folder,
              const RecorderSetting& setting);

  void step(const StepRecord& record);         ///< every rank; collective every run.log_every steps
  void pause(Pause pause, double seconds);     ///< every rank; collective after a validation
  void progress(const Progress& progress);     ///< rank 0
  void epoch(const EpochRecord& record);       ///< rank 0, after the pause of its validation
  void end(Ending ending, std::int64_t step);  ///< collective
  void fail(const std::string& message);       ///< any rank, alone

 private:
  void write_environment(std::int64_t step, double started, const RecorderSetting& setting);

  const Ranks& ranks_;
  RunFolder* folder_;
  std::vector<std::string> tasks_;
  int log_every_;
  PhaseSums since_line_, since_epoch_;
  TimingRecord epoch_timing_;
  std::int64_t step_ = 0;
  int epoch_ = 0;
  std::optional<Trace> trace_;
  std::optional<StatusFile> status_;
};

}  // namespace qmtl
