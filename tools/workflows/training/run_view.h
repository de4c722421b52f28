// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "io/runs/live_file.h"
#include "io/runs/metrics_file.h"
#include "io/runs/run_starts.h"
#include "io/runs/run_status.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// What a run's files say now, for those who look at it from another process or node. Nothing but reading,
/// and whatever is missing, torn or damaged is shown as unknown.
struct RunView {
  std::string folder;
  bool present = false;  ///< is there a run in the folder?
  /// running, finished, stopped, failed; silent: running, but no news for `silence` seconds; gone: its
  /// process on this machine is there no more; unknown: no status.json that can be read.
  std::string state = "unknown";
  std::optional<RunStatus> status;
  double age = 0;           ///< seconds since the last news
  double sign_of_life = 0;  ///< seconds since its program was there, with or without news
  std::vector<TaskSpec> tasks;
  std::optional<EpochRecord> last, best;  ///< epochs; the best by the validation mean
  TimingRecord timing;                    ///< of the last epoch, or of the steps of the last line
  std::optional<StepMetrics> step;        ///< the last line of a step
  std::string saved;                      ///< the newest checkpoint
  double saved_age = 0;
  std::vector<RunRestart> restarts;

  bool ended() const {
    return state == "finished" || state == "stopped" || state == "failed" || state == "gone";
  }
};

/// Follows a run folder. Lines that have been read are not read again.
class RunReader {
 public:
  /// `host` is this machine's name: only of its own processes it can tell whether they are still there.
  RunReader(std::string folder, std::string host, double silence);
  RunView look();

 private:
  void read_tasks();
  void read_lines();
  void forget_lines();
  void find_state();
  void find_saved();

  std::string host_;
  double silence_;
  RunView view_;
  LineFollower lines_;
  std::string config_text_;

  /// A time that the status tells, by the clock of this machine: those of two nodes may differ.
  struct Heard {
    double told = 0, here = 0;
    /// Seconds since it was told last.
    double age(double told_now, double now);
  };
  Heard news_, sign_of_life_;
};

nlohmann::ordered_json view_json(const RunView& view);
/// The lines of a terminal of this size.
std::vector<std::string> view_text(const RunView& view, int width, int height);
/// All that matters in one line.
std::string view_line(const RunView& view);

}  // namespace qmtl
