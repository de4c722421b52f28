// SPDX-License-Identifier: Apache-2.0
#include "qmtl/run.h"

#include <spdlog/spdlog.h>
#include <tbb/global_control.h>

#include <array>
#include <memory>
#include <utility>

#include "io/config/config.h"
#include "runtime/base/error.h"
#include "tools/library/source/follower.h"
#include "tools/workflows/training/load.h"

namespace qmtl {
namespace {

/// A run adds a file of its own to the default logger, which the program needs until its end. Here the
/// caller's logger comes back.
class LogOfRun {
 public:
  LogOfRun() : before_(spdlog::default_logger()) { spdlog::set_default_logger(before_->clone("run")); }
  ~LogOfRun() { spdlog::set_default_logger(before_); }
  LogOfRun(const LogOfRun&) = delete;
  LogOfRun& operator=(const LogOfRun&) = delete;

 private:
  std::shared_ptr<spdlog::logger> before_;
};

RunMode mode_of(const std::string& text) {
  constexpr std::array<std::pair<const char*, RunMode>, 3> modes{
      {{"fresh", RunMode::fresh}, {"resume", RunMode::resume}, {"overwrite", RunMode::overwrite}}};
  for (const auto& [name, mode] : modes)
    if (text == name) return mode;
  throw usage_error("mode: expected fresh, resume or overwrite, found '" + text + "'");
}

}  // namespace

Run train_in_folder(const std::string& configuration, const RunOptions& options) {
  TrainRequest request{.config = configuration, .overrides = options.set, .mode = mode_of(options.mode)};
  request.threads =
      static_cast<int>(tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
  const LogOfRun log;
  const OneRank alone;
  Run run;
  run.folder = load_config(alone, request).run_folder;
  const TrainOutcome outcome =
      train_run(alone, request, follower_of(options.on_epoch, options.on_step, options.stop));
  run.finished = !outcome.report.interrupted;
  run.report = report_json(outcome.report, outcome.model).dump();
  return run;
}

}  // namespace qmtl
