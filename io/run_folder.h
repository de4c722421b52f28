#pragma once

#include <string>
#include <vector>

#include "io/checkpoint.h"
#include "io/metrics_file.h"

namespace qmtl {

enum class RunMode {
  fresh,      ///< the folder must not hold a run yet
  resume,     ///< a run is there and goes on
  overwrite,  ///< a run that is there is removed
};

/// A run's folder: config.toml, metrics.jsonl, checkpoints/{step-<n>,last,best}.h5. One process writes to it.
class RunFolder {
 public:
  /// Creates the folder. Throws Error (usage) if it holds a run and the mode is fresh, and Error (data) if it
  /// cannot be created or written to. With overwrite, only the files named above and in
  /// io/FORMATS.md are removed.
  RunFolder(std::string folder, RunMode mode);

  const std::string& path() const { return folder_; }
  std::string file(const std::string& name) const;  ///< path of a file in the folder

  /// config.toml: the configuration as resolved.
  void write_config(const Config& config);

  /// Saves step-<n>.h5, then makes last.h5 (and best.h5) the same, then removes all but the newest
  /// config.checkpoint.keep of the step files, and those of later steps (left by an abandoned continuation).
  void save(const Checkpoint& checkpoint, bool is_best);

  /// The verified checkpoint of the latest step. Every file that is refused on the way adds its error to
  /// `warnings`. Throws Error (data) if none is left.
  Checkpoint newest_verified(std::vector<std::string>& warnings) const;

  /// Appends a line to metrics.jsonl.
  void append_metrics(const EpochRecord& record, const std::vector<std::string>& tasks,
                      const TimingRecord& timing = {});
  void append_step(const StepMetrics& record, const std::vector<std::string>& tasks);
  /// Drops the lines after that epoch and step (and a torn last line), for resuming.
  void keep_metrics_until(int epoch, std::int64_t step);

 private:
  /// Steps of the step-<n>.h5 files, descending.
  std::vector<std::int64_t> saved_steps() const;
  std::string step_file(std::int64_t step) const;

  std::string folder_;
};

}  // namespace qmtl
