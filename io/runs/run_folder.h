// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/files/folder_lock.h"
#include "io/runs/checkpoint.h"
#include "io/runs/manifest.h"
#include "io/runs/metrics_file.h"

namespace qmtl {

enum class RunMode {
  fresh,      ///< the folder must not hold a run yet
  resume,     ///< a run is there and goes on
  overwrite,  ///< a run that is there is removed
};

/// What evaluations left in a run's folder (evaluation-<split>.json), sorted.
std::vector<std::string> evaluation_files(const std::string& folder);

/// A run's folder: config.toml, metrics.jsonl, restarts.jsonl, checkpoints/{step-<n>,last,best}.h5 and
/// checkpoints/manifest.json. One process writes to it: owner.json says which.
class RunFolder {
 public:
  /// Creates the folder and owns it from then on. Throws Error (usage) if it holds a run and the mode is
  /// fresh, and Error (data) if another process owns it, with that one's name, or if it cannot be created or
  /// written to. A resumed run waits some seconds for the one before it to end. Removes what saves left that
  /// a crash cut short. With overwrite, only the files named above and in io/FORMATS.md are removed.
  RunFolder(std::string folder, RunMode mode);

  const std::string& path() const { return folder_; }
  std::string file(const std::string& name) const;  ///< path of a file in the folder

  /// config.toml: the configuration as resolved.
  void write_config(const Config& config);

  /// Saves step-<n>.h5, makes last.h5 (and best.h5) the same, writes the manifest and then removes all but
  /// the newest config.checkpoint.keep of the step files, and those of later steps (left by an abandoned
  /// continuation). Whenever the program dies in between, newest_verified finds this checkpoint or the one
  /// before it. Not together with another function that uses checkpoints.
  void save(const Checkpoint& checkpoint, bool is_best);

  /// The verified checkpoint of the latest step. Every file that is refused on the way adds its error to
  /// `warnings`, as do a damaged manifest and files that it lists but that are missing or older than it says;
  /// what is there is found without it too. Throws Error (data) if none is left.
  Checkpoint newest_verified(std::vector<std::string>& warnings) const;

  /// Before training goes on from `checkpoint`, the newest: ends its save if a crash cut it short before the
  /// manifest, and makes best.h5 the best epoch's again if a crash or damage has kept it from that. Adds to
  /// `warnings` what was mended and what cannot be.
  void mend(const Checkpoint& checkpoint, std::vector<std::string>& warnings);

  /// Appends a line to metrics.jsonl.
  void append_metrics(const EpochRecord& record, const std::vector<std::string>& tasks,
                      const TimingRecord& timing = {});
  void append_step(const StepMetrics& record, const std::vector<std::string>& tasks);
  /// Drops the lines after that epoch and step (and a torn last line), for resuming.
  void keep_metrics_until(int epoch, std::int64_t step);

 private:
  std::string step_file(std::int64_t step) const;
  /// What the manifest says; damage to it goes to `warnings`, if somebody wants to know.
  std::vector<ManifestEntry> listed(std::vector<std::string>* warnings) const;

  std::string folder_;
  std::unique_ptr<FolderLock> owned_;
};

/// What a run folder holds, for those who decide whether to begin or to go on.
struct RunStanding {
  bool begun = false;                ///< a configuration, metrics or checkpoints are there
  bool saved = false;                ///< checkpoint files are there
  std::optional<std::int64_t> step;  ///< of the newest checkpoint, as manifest and names say
};
RunStanding standing_of(const std::string& folder);

}  // namespace qmtl
