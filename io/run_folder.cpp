#include "io/run_folder.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <optional>

#include "io/atomic_file.h"
#include "io/config.h"
#include "io/live_file.h"
#include "runtime/error.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder, error))
    throw data_error(folder + ": the run folder cannot be created: " +
                     (error ? error.message() : "there is a file of that name") +
                     "; choose another with --set run.folder=...");
}

void remove_file(const std::string& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) throw data_error(path + ": cannot be removed: " + error.message());
}

/// What only tells of a run: logs, times, restarts.
void remove_traces(const RunFolder& run) {
  for (const char* name : {"environment.jsonl", "status.json", "trace.json", "restarts.jsonl"})
    remove_file(run.file(name));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run.file("logs"), error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("rank-") && name.ends_with(".log")) remove_file(entry.path().string());
  }
}

}  // namespace

RunFolder::RunFolder(std::string folder, RunMode mode) : folder_(std::move(folder)) {
  const auto holds_run = [&] {
    return fs::exists(file("config.toml")) || fs::exists(file("metrics.jsonl")) || !saved_steps().empty() ||
           fs::exists(file("checkpoints/last.h5"));
  };
  if (mode == RunMode::fresh && holds_run())
    throw usage_error(folder_ +
                      ": there is a run in this folder already; continue it with --resume, replace it with " +
                      "--overwrite, or choose another folder with --set run.folder=...");
  make_folder(file("checkpoints"));
  require_writable(folder_);
  require_writable(file("checkpoints"));
  if (mode != RunMode::overwrite) return;
  for (std::int64_t step : saved_steps()) remove_file(step_file(step));
  for (const char* name : {"checkpoints/last.h5", "checkpoints/best.h5", "metrics.jsonl", "config.toml"})
    remove_file(file(name));
  remove_traces(*this);
}

std::string RunFolder::file(const std::string& name) const { return (fs::path(folder_) / name).string(); }

std::string RunFolder::step_file(std::int64_t step) const {
  return file("checkpoints/step-" + std::to_string(step) + ".h5");
}

std::vector<std::int64_t> RunFolder::saved_steps() const {
  std::vector<std::int64_t> steps;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(file("checkpoints"), error)) {
    const std::string name = entry.path().filename().string();
    constexpr std::string_view prefix = "step-", suffix = ".h5";
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) continue;
    const char* const end = name.data() + name.size() - suffix.size();
    std::int64_t step = 0;
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, step);
    if (parsed.ec == std::errc{} && parsed.ptr == end && step >= 0) steps.push_back(step);
  }
  std::sort(steps.begin(), steps.end(), std::greater<>());
  return steps;
}

void RunFolder::write_config(const Config& config) { write_file(file("config.toml"), to_toml(config)); }

void RunFolder::save(const Checkpoint& checkpoint, bool is_best) {
  const std::int64_t step = checkpoint.state.step;
  write_checkpoint(step_file(step), checkpoint);
  replace_with_link(step_file(step), file("checkpoints/last.h5"));
  if (is_best) replace_with_link(step_file(step), file("checkpoints/best.h5"));
  int kept = 0;
  for (std::int64_t saved : saved_steps())
    if (saved > step || kept++ >= checkpoint.config.checkpoint.keep) remove_file(step_file(saved));
}

Checkpoint RunFolder::newest_verified(std::vector<std::string>& warnings) const {
  const auto attempt = [&](const std::string& path) -> std::optional<Checkpoint> {
    try {
      return read_checkpoint(path);
    } catch (const Error& error) {
      warnings.push_back(error.what());
      return std::nullopt;
    }
  };
  std::optional<Checkpoint> newest;
  const auto offer = [&](const std::string& path) {
    if (!fs::exists(path)) return;
    std::optional<Checkpoint> found = attempt(path);
    if (found && (!newest || found->state.step > newest->state.step)) newest = std::move(found);
  };
  offer(file("checkpoints/last.h5"));
  // A crash between the two may leave a step file that is newer than last.h5; older ones matter only without
  // it.
  for (std::int64_t step : saved_steps()) {
    if (newest && step <= newest->state.step) break;
    offer(step_file(step));
  }
  if (!newest) offer(file("checkpoints/best.h5"));
  if (newest) return *std::move(newest);
  std::string message = folder_ + ": no usable checkpoint in checkpoints/; start again without --resume";
  for (const std::string& warning : warnings) message += "\n  " + warning;
  throw data_error(message);
}

void RunFolder::append_metrics(const EpochRecord& record, const std::vector<std::string>& tasks,
                               const TimingRecord& timing) {
  append_file(file("metrics.jsonl"), metrics_line(record, tasks, timing));
}

void RunFolder::append_step(const StepMetrics& record, const std::vector<std::string>& tasks) {
  append_live(file("metrics.jsonl"), metrics_line(record, tasks));
}

void RunFolder::keep_metrics_until(int epoch, std::int64_t step) {
  const std::string path = file("metrics.jsonl");
  if (fs::exists(path)) write_file(path, metrics_until(read_file(path), epoch, step));
}

}  // namespace qmtl
