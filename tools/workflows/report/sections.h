// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "io/runs/checkpoint.h"
#include "io/runs/metrics_file.h"
#include "io/runs/run_starts.h"
#include "runtime/base/json_field.h"
#include "tools/workflows/report/page.h"

namespace qmtl::report {

// One function per kind of input; each adds its charts to those of the page. Errors are Error (data) and name
// file and field.

/// What a run folder holds: its best checkpoint, every epoch's metrics, and what was seen of the run.
struct Run {
  std::string name, file;  ///< how the report calls it; the checkpoint
  Checkpoint checkpoint;
  std::vector<EpochRecord> history;
  std::vector<TimingRecord> timings;  ///< of each of them
  std::vector<StepMetrics> steps;
  std::vector<RunStart> starts;
  std::vector<RunRestart> restarts;
  std::vector<JsonField> evaluations;  ///< what evaluation-*.json say
};
Run read_run(const std::string& folder);
/// Time of the phases and of the ranks; nothing for a run without times.
Html timing_html(const Run& run, Charts& charts);
/// What of a trained head's circuit is a small classical model; computed on the rows of its data set.
Html classical_html(const Run& run);
/// Program, machines, ranks, starts and restarts.
Html environment_html(const Run& run);
Section run_section(const Run& run, Charts& charts);
/// Several runs side by side.
Section runs_section(const std::vector<Run>& runs, Charts& charts);

/// Scores, baselines, classes and calibration of what `qmtl eval` says.
Html eval_html(const JsonField& root, Charts& charts);
Section eval_section(const JsonField& root, Charts& charts);

Section compare_section(const JsonField& root, Charts& charts);
Section scale_section(const JsonField& root, Charts& charts);
Section noise_sweep_section(const JsonField& root, Charts& charts);
Section replay_section(const JsonField& root, Charts& charts);

/// More curves than this in one chart cannot be told apart.
inline constexpr std::size_t most_curves = 12;
/// A field's number, NaN where it is absent or null.
double optional_number(const JsonField& field, const std::string& key);

/// A tile for a figure that sums a section up.
struct Fact {
  std::string value, meaning;
};
Html facts_html(const std::vector<Fact>& facts);
/// Charts beside each other where there is room.
Html charts_html(const Html& figures);

}  // namespace qmtl::report
