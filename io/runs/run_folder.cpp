// SPDX-License-Identifier: Apache-2.0
#include "io/runs/run_folder.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <optional>

#include "io/config/config.h"
#include "io/files/atomic_file.h"
#include "io/runs/live_file.h"
#include "runtime/base/crash_point.h"
#include "runtime/base/error.h"

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

/// What only tells of a run: logs and times.
void remove_traces(const RunFolder& run) {
  for (const char* name : {"environment.jsonl", "status.json", "trace.json"}) remove_file(run.file(name));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run.file("logs"), error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("rank-") && name.ends_with(".log")) remove_file(entry.path().string());
  }
}

constexpr const char* manifest_name = "checkpoints/manifest.json";

/// Steps of the step-<n>.h5 files in a folder, descending.
std::vector<std::int64_t> saved_steps(const fs::path& checkpoints) {
  std::vector<std::int64_t> steps;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(checkpoints, error)) {
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

std::string step_name(std::int64_t step) { return "step-" + std::to_string(step) + ".h5"; }

std::vector<ManifestEntry> read_manifest(const fs::path& path) {
  return parse_manifest(read_file(path.string()), path.string());
}

/// A warning when a file that has been read is not what the manifest says.
std::optional<std::string> contradiction(const std::vector<ManifestEntry>& listed, const fs::path& path,
                                         std::int64_t step) {
  for (const ManifestEntry& entry : listed)
    if (entry.file == path.filename() && step < entry.step)
      return path.string() + ": expected the checkpoint of step " + std::to_string(entry.step) +
             " that the manifest lists, found that of step " + std::to_string(step) +
             "; the file system has brought back an older file";
  return std::nullopt;
}

}  // namespace

std::vector<std::string> evaluation_files(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("evaluation-") && name.ends_with(".json")) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

RunFolder::RunFolder(std::string folder, RunMode mode) : folder_(std::move(folder)) {
  // A run that was killed with its launcher may take a moment to be gone.
  constexpr double patience = 5;
  const auto own = [&] {
    owned_ = std::make_unique<FolderLock>(
        folder_, "wait until it has ended, end it, or choose another folder with --set run.folder=...",
        mode == RunMode::resume ? patience : 0);
  };
  if (fs::is_directory(folder_)) own();
  if (mode == RunMode::fresh && standing_of(folder_).begun)
    throw usage_error(folder_ +
                      ": there is a run in this folder already; continue it with --resume, replace it with " +
                      "--overwrite, or choose another folder with --set run.folder=...");
  make_folder(folder_);
  if (!owned_) own();
  make_folder(file("checkpoints"));
  require_writable(folder_);
  require_writable(file("checkpoints"));
  remove_partial_files(folder_);
  remove_partial_files(file("checkpoints"));
  if (mode != RunMode::overwrite) return;
  // What is begun again because it never came to a checkpoint keeps the list of its restarts.
  if (standing_of(folder_).saved) remove_file(file("restarts.jsonl"));
  for (std::int64_t step : saved_steps(file("checkpoints"))) remove_file(step_file(step));
  for (const char* name :
       {"checkpoints/last.h5", "checkpoints/best.h5", manifest_name, "metrics.jsonl", "config.toml"})
    remove_file(file(name));
  for (const std::string& path : evaluation_files(folder_)) remove_file(path);
  remove_traces(*this);
}

std::string RunFolder::file(const std::string& name) const { return (fs::path(folder_) / name).string(); }

std::string RunFolder::step_file(std::int64_t step) const { return file("checkpoints/" + step_name(step)); }

std::vector<ManifestEntry> RunFolder::listed(std::vector<std::string>* warnings) const {
  if (!fs::exists(file(manifest_name))) return {};
  try {
    return read_manifest(file(manifest_name));
  } catch (const Error& error) {
    if (warnings) warnings->push_back(error.what());
    return {};
  }
}

void RunFolder::write_config(const Config& config) { write_file(file("config.toml"), to_toml(config)); }

void RunFolder::save(const Checkpoint& checkpoint, bool is_best) {
  const std::int64_t step = checkpoint.state.step;
  // A checkpoint that survives a failing machine has its lines of metrics; later ones are dropped on
  // resuming.
  synchronise(file("metrics.jsonl"));
  const WrittenCheckpoint written = write_checkpoint(step_file(step), checkpoint);
  crash_point("save:renamed");
  replace_with_link(step_file(step), file("checkpoints/last.h5"));
  if (is_best) replace_with_link(step_file(step), file("checkpoints/best.h5"));
  crash_point("save:linked");

  std::vector<std::int64_t> kept, removed;
  for (std::int64_t saved : saved_steps(file("checkpoints"))) {
    const bool keep = saved <= step && std::ssize(kept) < checkpoint.config.checkpoint.keep;
    (keep ? kept : removed).push_back(saved);
  }
  std::vector<ManifestEntry> entries;
  const auto list = [&](const std::string& name) {
    entries.push_back({name, step, checkpoint.state.epoch, written.bytes, written.content_hash});
  };
  if (!kept.empty()) list(step_name(step));
  list("last.h5");
  if (is_best) list("best.h5");
  for (const ManifestEntry& entry : listed(nullptr)) {
    const bool still_there =
        entry.file == "best.h5" ||
        std::any_of(kept.begin(), kept.end(), [&](auto saved) { return entry.file == step_name(saved); });
    const bool replaced = std::any_of(entries.begin(), entries.end(),
                                      [&](const ManifestEntry& other) { return other.file == entry.file; });
    if (still_there && !replaced) entries.push_back(entry);
  }
  write_file(file(manifest_name), manifest_text(entries));
  crash_point("save:listed");
  for (std::int64_t saved : removed) remove_file(step_file(saved));
}

Checkpoint RunFolder::newest_verified(std::vector<std::string>& warnings) const {
  const std::vector<ManifestEntry> entries = listed(&warnings);
  for (const ManifestEntry& entry : entries)
    if (const std::string path = file("checkpoints/" + entry.file); !fs::exists(path))
      warnings.push_back(path + ": the manifest lists it, but it is missing");
  const auto attempt = [&](const std::string& path) -> std::optional<Checkpoint> {
    try {
      Checkpoint found = read_checkpoint(path);
      if (const auto warning = contradiction(entries, path, found.state.step)) warnings.push_back(*warning);
      return found;
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
  for (std::int64_t step : saved_steps(file("checkpoints"))) {
    if (newest && step <= newest->state.step) break;
    offer(step_file(step));
  }
  if (!newest) offer(file("checkpoints/best.h5"));
  if (newest) return *std::move(newest);
  std::string message = folder_ + ": no usable checkpoint in checkpoints/; begin again with --overwrite";
  for (const std::string& warning : warnings) message += "\n  " + warning;
  throw data_error(message);
}

void RunFolder::mend(const Checkpoint& checkpoint, std::vector<std::string>& warnings) {
  const TrainState& state = checkpoint.state;
  const std::int64_t wanted =
      state.best_epoch == 0 ? -1 : state.history.at(static_cast<std::size_t>(state.best_epoch) - 1).step;
  const std::vector<ManifestEntry> entries = listed(nullptr);
  if (std::none_of(entries.begin(), entries.end(),
                   [&](const ManifestEntry& entry) { return entry.step == state.step; })) {
    // The save was cut short: done again, it writes the same bytes and ends with the manifest.
    save(checkpoint, wanted == state.step);
    warnings.push_back(file(manifest_name) + ": did not list the checkpoint of step " +
                       std::to_string(state.step) + ", whose save was cut short; it does now");
  }
  if (state.best_epoch == 0) return;
  const auto step_in = [](const std::string& path) -> std::optional<std::int64_t> {
    try {
      return read_checkpoint(path).state.step;
    } catch (const Error&) {
      return std::nullopt;
    }
  };
  const std::string best = file("checkpoints/best.h5");
  const std::optional<std::int64_t> found = step_in(best);
  if (found == wanted) return;
  if (step_in(step_file(wanted)) == wanted) {
    replace_with_link(step_file(wanted), best);
    warnings.push_back(best + ": made again from " + step_file(wanted));
    return;
  }
  warnings.push_back(
      best + ": expected the checkpoint of the best epoch " + std::to_string(state.best_epoch) + ", found " +
      (found ? "that of step " + std::to_string(*found) : "none that is whole") +
      "; scores and predictions will be of " + (found ? "it" : "the last one") + " until an epoch is better");
  if (!found) remove_file(best);
}

RunStanding standing_of(const std::string& folder) {
  const fs::path checkpoints = fs::path(folder) / "checkpoints";
  const std::vector<std::int64_t> steps = saved_steps(checkpoints);
  RunStanding standing;
  standing.saved =
      !steps.empty() || fs::exists(checkpoints / "last.h5") || fs::exists(checkpoints / "best.h5");
  standing.begun = standing.saved || fs::exists(fs::path(folder) / "config.toml") ||
                   fs::exists(fs::path(folder) / "metrics.jsonl");
  if (!steps.empty()) standing.step = steps.front();
  try {
    for (const ManifestEntry& entry : read_manifest(fs::path(folder) / manifest_name))
      standing.step = std::max(standing.step.value_or(0), entry.step);
  } catch (const Error&) {
    // Without a manifest the names must do.
  }
  return standing;
}

void RunFolder::append_metrics(const EpochRecord& record, const std::vector<std::string>& tasks,
                               const TimingRecord& timing) {
  append_live(file("metrics.jsonl"), metrics_line(record, tasks, timing));
}

void RunFolder::append_step(const StepMetrics& record, const std::vector<std::string>& tasks) {
  append_live(file("metrics.jsonl"), metrics_line(record, tasks));
}

void RunFolder::keep_metrics_until(int epoch, std::int64_t step) {
  const std::string path = file("metrics.jsonl");
  if (fs::exists(path)) write_file(path, metrics_until(read_file(path), epoch, step));
}

}  // namespace qmtl
