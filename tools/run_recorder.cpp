#include "tools/run_recorder.h"

#include <spdlog/spdlog.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "io/atomic_file.h"
#include "io/library_version.h"
#include "io/live_file.h"
#include "io/run_starts.h"
#include "tools/rank_log.h"
#include "tools/version.h"

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

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f s", seconds);
  return text;
}

const char* state_name(Ending ending) { return ending == Ending::interrupted ? "stopped" : "finished"; }

}  // namespace

RunRecorder::RunRecorder(const Comm& comm, const Config& config, const TrainState& state, RunFolder* folder,
                         const RecorderSetting& setting)
    : comm_(comm), folder_(folder), log_every_(config.log_every), step_(state.step), epoch_(state.epoch + 1) {
  for (const TaskSpec& task : config.model.tasks) tasks_.push_back(task.name);
  status_ = {.state = "running", .host = comm.host(), .process = getpid(), .ranks = comm.size()};
  status_.threads = setting.threads;
  status_.epoch = epoch_;
  status_.epochs = config.train.epochs;
  status_.step = state.step;
  status_.started = wall_clock();
  if (state.step > 0) rank_note(spdlog::level::info, "going on after step " + std::to_string(state.step));
  for (const std::string& issue : setting.issues) rank_note(spdlog::level::warn, issue);
  write_environment(state.step, setting);
  if (setting.trace_steps > 0) trace_.emplace(comm, setting.trace_steps);
  write_status();
}

void RunRecorder::write_environment(std::int64_t step, const RecorderSetting& setting) {
  const nlohmann::ordered_json mine{{"host", status_.host},
                                    {"process", status_.process},
                                    {"cores", core_list()},
                                    {"threads", setting.threads},
                                    {"simd", setting.simd}};
  const std::vector<std::string> all =
      comm_.gather(mine.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  comm_.together([&] {
    if (!folder_) return;
    utsname system{};
    uname(&system);
    RunStart start{.time = status_.started, .step = step, .program = program_version};
    start.mpi = mpi_version();
    start.hdf5 = hdf5_version();
    start.processor = processor_name(system);
    start.system = std::string(system.sysname) + " " + system.release + " " + system.machine;
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
      const auto json = nlohmann::json::parse(all[rank]);
      start.ranks.push_back({static_cast<int>(rank), json["host"], json["process"], json["cores"],
                             json["threads"], json["simd"]});
    }
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
  line.timing = since_line_.gather(comm_, false);
  comm_.together([&] {
    if (folder_) folder_->append_step(line, tasks_);
  });
}

void RunRecorder::pause(Pause pause, double seconds) {
  since_line_.add(pause, seconds);
  since_epoch_.add(pause, seconds);
  if (trace_) trace_->pause(pause, seconds);
  if (pause == Pause::save) {
    if (comm_.root())
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
  epoch_timing_ = since_epoch_.gather(comm_, true);
}

void RunRecorder::progress(const Progress& progress) {
  status_.epoch = progress.epoch;
  status_.step = progress.step;
  status_.steps = progress.total_steps;
  status_.loss = progress.loss;
  status_.samples_per_second = progress.samples_per_second;
  status_.seconds_left = progress.seconds_left;
  if (std::chrono::steady_clock::now() - status_written_ > std::chrono::seconds(1)) write_status();
}

void RunRecorder::epoch(const EpochRecord& record) {
  if (!folder_) return;
  folder_->append_metrics(record, tasks_, epoch_timing_);
  write_status();
}

void RunRecorder::end(Ending ending, std::int64_t step) {
  rank_note(spdlog::level::info, std::string(state_name(ending)) + " after step " + std::to_string(step));
  if (trace_) trace_->write(folder_ ? folder_->file("trace.json") : "");
  status_.state = state_name(ending);
  if (ending != Ending::interrupted) status_.seconds_left = 0;
  write_status();
}

void RunRecorder::fail(const std::string& message) {
  status_.state = "failed";
  status_.message = message;
  write_status();
}

void RunRecorder::write_status() {
  if (!folder_ || !status_works_) return;
  status_.updated = wall_clock();
  status_written_ = std::chrono::steady_clock::now();
  try {
    replace_live(folder_->file("status.json"), to_json(status_));
  } catch (const Error& error) {
    status_works_ = false;
    spdlog::warn("{}; `qmtl watch` sees no news from now on", error.what());
  }
}

}  // namespace qmtl
