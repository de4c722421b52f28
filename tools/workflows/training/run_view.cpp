// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/run_view.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>

#include "io/config/config.h"
#include "io/files/atomic_file.h"
#include "runtime/base/error.h"
#include "runtime/base/json_field.h"
#include "tools/workflows/training/results.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

std::string in(const std::string& folder, const char* file) { return (fs::path(folder) / file).string(); }

/// Whether the run's process is known to be there no more: only its own machine can tell.
bool process_gone(const RunStatus& status, const std::string& host) {
  return status.host == host && status.process > 0 && kill(static_cast<pid_t>(status.process), 0) != 0 &&
         errno == ESRCH;
}

double seconds_since(fs::file_time_type time) {
  return std::max(0.0, std::chrono::duration<double>(fs::file_time_type::clock::now() - time).count());
}

nlohmann::ordered_json timing_json(const TimingRecord& timing) {
  nlohmann::ordered_json json{{"steps", timing.steps},
                              {"seconds", json_number(timing.seconds)},
                              {"samples_per_second", json_number(timing.samples_per_second)}};
  auto& phases = json["phases"] = nlohmann::ordered_json::object();
  for (const PhaseSeconds& phase : timing.phases)
    phases[phase.phase] = {{"mean", json_number(phase.mean)}, {"max", json_number(phase.max)}};
  return json;
}

nlohmann::ordered_json epoch_json(const EpochRecord& record) {
  return {{"epoch", record.epoch},
          {"step", record.step},
          {"train_loss", json_number(record.train_loss)},
          {"validation_loss", json_number(record.validation_loss)},
          {"validation_mean", json_number(record.validation_mean)}};
}

}  // namespace

RunReader::RunReader(std::string folder, std::string host, double silence)
    : host_(std::move(host)), silence_(silence), lines_(in(folder, "metrics.jsonl")) {
  view_.folder = std::move(folder);
}

RunView RunReader::look() {
  view_.present = fs::exists(in(view_.folder, "status.json")) ||
                  fs::exists(in(view_.folder, "metrics.jsonl")) ||
                  fs::exists(in(view_.folder, "config.toml"));
  if (!view_.present) return view_;
  read_tasks();
  read_lines();
  find_state();
  find_saved();
  try {
    view_.restarts = read_restarts(view_.folder);
  } catch (const Error&) {
    // What was read before still holds.
  }
  return view_;
}

/// The configuration as resolved names the tasks in their order.
void RunReader::read_tasks() try {
  const std::string path = in(view_.folder, "config.toml");
  std::string text = read_file(path, most_text_bytes);
  if (text == config_text_) return;
  config_text_ = std::move(text);
  view_.tasks = read_config(path, {}).model.tasks;
  lines_ = LineFollower(in(view_.folder, "metrics.jsonl"));
  forget_lines();
} catch (const Error&) {
}

/// What lines say belongs to the tasks that they were read with.
void RunReader::forget_lines() {
  view_.last.reset();
  view_.best.reset();
  view_.step.reset();
  view_.timing = {};
}

void RunReader::read_lines() {
  std::vector<std::string> names;
  for (const TaskSpec& task : view_.tasks) names.push_back(task.name);
  bool replaced = false;
  const std::vector<std::string> lines = lines_.next(replaced);
  if (replaced) forget_lines();
  for (const std::string& line : lines) {
    MetricsFile one;
    try {
      read_metrics_line(line, "metrics.jsonl", names, one);
    } catch (const Error&) {
      continue;
    }
    if (!one.steps.empty()) {
      view_.step = one.steps.back();
      if (!view_.last) view_.timing = one.steps.back().timing;
    }
    if (one.epochs.empty()) continue;
    view_.last = one.epochs.back();
    if (one.timings.back().steps > 0) view_.timing = one.timings.back();
    // As training does: of equal ones the last.
    if (!view_.best || view_.last->validation_mean >= view_.best->validation_mean) view_.best = view_.last;
  }
}

double RunReader::Heard::age(double told_now, double now) {
  // The first look knows no better than the clock that wrote it.
  if (told_now != told) here = told == 0 ? std::min(now, told_now) : now;
  told = told_now;
  return std::max(0.0, now - here);
}

void RunReader::find_state() {
  const std::string path = in(view_.folder, "status.json");
  try {
    view_.status = read_status(path);
  } catch (const Error&) {
    view_.state = "unknown";
    return;
  }
  const double now = wall_clock();
  view_.age = news_.age(view_.status->updated, now);
  view_.sign_of_life = sign_of_life_.age(std::max(view_.status->alive, view_.status->updated), now);
  view_.state = view_.status->state;
  if (view_.state != "running") return;
  if (process_gone(*view_.status, host_))
    view_.state = "gone";
  else if (view_.age > silence_)
    view_.state = "silent";
}

void RunReader::find_saved() {
  std::error_code error;
  std::pair<fs::file_time_type, std::string> newest;  // of equal files step-<n>.h5 says most
  for (const auto& entry : fs::directory_iterator(in(view_.folder, "checkpoints"), error)) {
    const std::string name = entry.path().filename().string();
    std::error_code gone;
    const auto time = entry.last_write_time(gone);
    if (!gone && name.ends_with(".h5") && (newest.second.empty() || std::pair(time, name) > newest))
      newest = {time, name};
  }
  view_.saved = newest.second;
  view_.saved_age = seconds_since(newest.first);
}

nlohmann::ordered_json view_json(const RunView& view) {
  nlohmann::ordered_json json{{"run", view.folder}, {"state", view.state}};
  if (view.status) {
    const RunStatus& status = *view.status;
    json["message"] = status.message;
    json["seconds_since_news"] = json_number(view.age);
    json["seconds_since_sign_of_life"] = json_number(view.sign_of_life);
    json["host"] = status.host;
    json["ranks"] = status.ranks;
    json["threads"] = status.threads;
    json["epoch"] = status.epoch;
    json["epochs"] = status.epochs;
    json["step"] = status.step;
    json["steps"] = status.steps;
    json["loss"] = json_number(status.loss);
    json["samples_per_second"] = json_number(status.samples_per_second);
    json["seconds_left"] = json_number(status.seconds_left);
  }
  if (view.last) json["last_epoch"] = epoch_json(*view.last);
  if (view.best) json["best_epoch"] = epoch_json(*view.best);
  if (!view.saved.empty())
    json["saved"] = {{"file", view.saved}, {"seconds_ago", json_number(view.saved_age)}};
  if (view.timing.steps > 0) json["timing"] = timing_json(view.timing);
  auto& tasks = json["tasks"] = nlohmann::ordered_json::object();
  for (std::size_t t = 0; t < view.tasks.size(); ++t) {
    auto& task = tasks[view.tasks[t].name] = {{"metric", view.tasks[t].metric}};
    task["value"] = view.last ? json_number(view.last->validation[t]) : nullptr;
    task["loss"] = view.step ? json_number(view.step->losses[t]) : nullptr;
  }
  json["restarts"] = view.restarts.size();
  return json;
}

}  // namespace qmtl
