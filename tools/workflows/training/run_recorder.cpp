// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/run_recorder.h"

#include <spdlog/spdlog.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>

#include "io/files/atomic_file.h"
#include "io/files/library_version.h"
#include "io/runs/run_starts.h"
#include "runtime/base/text.h"
#include "runtime/base/version.h"
#include "tools/workflows/training/rank_log.h"

namespace qmtl {
namespace {

/// The processor's name as Linux knows it, else its architecture.
std::string processor_name(const utsname& system) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (const std::size_t colon = line.find(": "); line.starts_with("model name") && colon != line.npos)
      return line.substr(colon + 2);
  return system.machine;
}

std::string seconds_text(double seconds) { return fixed(seconds, 3) + " s"; }

const char* state_name(Ending ending) { return ending == Ending::interrupted ? "stopped" : "finished"; }

}  // namespace

RunRecorder::RunRecorder(const Ranks& ranks, const Config& config, const TrainState& state, RunFolder* folder,
                         const RecorderSetting& setting)
    : ranks_(ranks),
      folder_(folder),
      log_every_(config.log_every),
      step_(state.step),
      epoch_(state.epoch + 1) {
  for (const TaskSpec& task : config.model.tasks) tasks_.push_back(task.name);
  RunStatus status{.state = "running", .host = ranks.host(), .process = getpid(), .ranks = ranks.size()};
  status.threads = setting.threads;
  status.epoch = epoch_;
  status.epochs = config.train.epochs;
  status.step = state.step;
  status.started = wall_clock();
  if (state.step > 0) rank_note(spdlog::level::info, "going on after step " + std::to_string(state.step));
  for (const std::string& issue : setting.issues) rank_note(spdlog::level::warn, issue);
  write_environment(state.step, status.started, setting);
  if (setting.trace_steps > 0) trace_.emplace(ranks, setting.trace_steps);
  status_.emplace(folder ? folder->file("status.json") : "", std::move(status));
}

void RunRecorder::write_environment(std::int64_t step, double started, const RecorderSetting& setting) {
  const std::vector<std::string> all = ranks_.gather(to_json_text({.rank = ranks_.rank(),
                                                                   .host = ranks_.host(),
                                                                   .process = getpid(),
                                                                   .cores = core_list(),
                                                                   .threads = setting.threads,
                                                                   .simd = setting.simd}));
  ranks_.together([&] {
    if (!folder_) return;
    utsname system{};
    uname(&system);
    RunStart start{.time = started, .step = step, .program = program_version};
    start.mpi = ranks_.transport();
    start.hdf5 = hdf5_version();
    start.processor = processor_name(system);
    start.system = std::string(system.sysname) + " " + system.release + " " + system.machine;
    for (const std::string& place : all) start.ranks.push_back(rank_place(place));
    const std::string path = folder_->file("environment.jsonl");
    if (setting.resuming)
      append_file(path, to_json_line(start));
    else
      write_file(path, to_json_line(start));
  });
}

void RunRecorder::step(const StepRecord& record) {
  step_ = record.step;
  epoch_ = record.epoch;
  since_line_.add(record);
  since_epoch_.add(record);
  if (trace_) trace_->step(record);
  if (log_every_ == 0 || record.step % log_every_ != 0) return;
  StepMetrics line{.step = record.step, .epoch = record.epoch, .learning_rate = record.learning_rate};
  line.losses.assign(record.losses.begin(), record.losses.end());
  line.timing = since_line_.gather(ranks_, false);
  ranks_.together([&] {
    if (folder_) folder_->append_step(line, tasks_);
  });
}

void RunRecorder::pause(Pause pause, double seconds) {
  since_line_.add(pause, seconds);
  since_epoch_.add(pause, seconds);
  if (trace_) trace_->pause(pause, seconds);
  if (pause == Pause::save) {
    if (ranks_.root())
      rank_note(spdlog::level::info, "stood still for " + seconds_text(seconds) +
                                         " to save a checkpoint of step " + std::to_string(step_));
    return;
  }
  std::string times;
  for (std::size_t phase = 0; phase < phase_names.size(); ++phase)
    times += std::string(", ") + phase_names[phase] + " " +
             seconds_text(since_epoch_.seconds(static_cast<Phase>(phase)));
  rank_note(spdlog::level::info,
            "epoch " + std::to_string(epoch_) + " ended at step " + std::to_string(step_) + times);
  epoch_timing_ = since_epoch_.gather(ranks_, true);
}

void RunRecorder::progress(const Progress& progress) {
  status_->change(
      [&](RunStatus& status) {
        status.epoch = progress.epoch;
        status.step = progress.step;
        status.steps = progress.total_steps;
        status.loss = progress.loss;
        status.samples_per_second = progress.samples_per_second;
        status.seconds_left = progress.seconds_left;
      },
      false);
}

void RunRecorder::epoch(const EpochRecord& record) {
  if (folder_) folder_->append_metrics(record, tasks_, epoch_timing_);
}

void RunRecorder::end(Ending ending, std::int64_t step) {
  rank_note(spdlog::level::info, std::string(state_name(ending)) + " after step " + std::to_string(step));
  if (trace_) trace_->write(folder_ ? folder_->file("trace.json") : "");
  status_->change(
      [&](RunStatus& status) {
        status.state = state_name(ending);
        if (ending != Ending::interrupted) status.seconds_left = 0;
      },
      true);
}

void RunRecorder::fail(const std::string& message) {
  status_->change(
      [&](RunStatus& status) {
        status.state = "failed";
        status.message = message;
      },
      true);
}

}  // namespace qmtl
