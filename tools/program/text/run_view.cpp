// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/run_view.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/text.h"
#include "tools/program/progress.h"

namespace qmtl {
namespace {

std::string number(double value, int decimals = 4) {
  return std::isfinite(value) ? fixed(value, decimals) : "-";
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string percent(double part, double whole) {
  return fixed(whole > 0 ? 100 * part / whole : 0.0, 0) + "%";
}

std::string counted(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

std::string state_text(const RunView& view) {
  if (view.state == "unknown") return "unknown: no status.json that can be read";
  const std::string ago = duration(view.age) + " ago";
  if (view.state == "silent")
    return "no news for " + duration(view.age) + ", its program was there " + duration(view.sign_of_life) +
           " ago";
  if (view.state == "gone") return "gone: its process is there no more, last news " + ago;
  if (view.state == "failed") return "failed " + ago + ": " + view.status->message;
  if (view.state == "stopped") return "stopped " + ago + ", goes on with --resume";
  return view.state + (view.state == "running" ? ", news " : " ") + ago;
}

std::string position(const RunStatus& status) {
  std::string text = std::to_string(std::min(status.epoch, status.epochs)) + "/" +
                     std::to_string(status.epochs) + "  step " + std::to_string(status.step);
  if (status.steps > 0)
    text += "/" + std::to_string(status.steps) + "  " +
            percent(static_cast<double>(status.step), static_cast<double>(status.steps));
  return text;
}

/// Shares of all that the ranks were seen doing.
std::string shares(const TimingRecord& timing) {
  double whole = 0;
  for (const PhaseSeconds& phase : timing.phases) whole += phase.mean;
  std::string text;
  for (const PhaseSeconds& phase : timing.phases)
    text += (text.empty() ? "" : "  ") + phase.phase + " " + percent(phase.mean, whole);
  return text;
}

/// How much longer the slowest rank computes than the mean.
std::string imbalance(const RunView& view) {
  for (const PhaseSeconds& phase : view.timing.phases)
    if (phase.phase == "compute" && phase.mean > 0 && view.status && view.status->ranks > 1)
      return "the slowest computes " + number(phase.max / phase.mean, 2) + " times as long as the mean";
  return {};
}

using Lines = std::vector<std::string>;

void add_tasks(const RunView& view, int height, Lines& lines) {
  if (view.tasks.empty() || (!view.last && !view.step)) return;
  std::size_t name = 6, metric = 8;
  for (const TaskSpec& task : view.tasks) {
    name = std::max(name, std::min<std::size_t>(task.name.size(), 30) + 2);
    metric = std::max(metric, task.metric.size() + 2);
  }
  lines.push_back("");
  lines.push_back(padded("task", name) + padded("metric", metric) + padded("validation", 12) + "loss");
  const int room = std::max(3, height - static_cast<int>(lines.size()) - 2);
  const std::size_t shown = std::min(view.tasks.size(), static_cast<std::size_t>(room));
  for (std::size_t t = 0; t < shown; ++t)
    lines.push_back(padded(view.tasks[t].name.substr(0, 30), name) + padded(view.tasks[t].metric, metric) +
                    padded(view.last ? number(view.last->validation[t]) : "-", 12) +
                    (view.step ? number(view.step->losses[t]) : "-"));
  if (shown < view.tasks.size())
    lines.push_back("and " + std::to_string(view.tasks.size() - shown) + " more: --json shows all");
}

}  // namespace

std::vector<std::string> view_text(const RunView& view, int width, int height) {
  Lines lines;
  const auto line = [&](const std::string& title, const std::string& text) {
    lines.push_back(padded(title, 10) + text);
  };
  line("run", view.folder);
  line("state", state_text(view));
  if (view.status) {
    const RunStatus& status = *view.status;
    line("epoch", position(status) + (view.ended() ? "" : "  ETA " + duration(status.seconds_left)));
    std::string loss = number(status.loss);
    if (view.last)
      loss += "   after epoch " + std::to_string(view.last->epoch) + ": train " +
              number(view.last->train_loss) + "  validation " + number(view.last->validation_loss);
    line("loss", loss);
  }
  if (view.last)
    line("score", number(view.last->validation_mean) + " after epoch " + std::to_string(view.last->epoch) +
                      ", best " + number(view.best->validation_mean) + " after epoch " +
                      std::to_string(view.best->epoch));
  if (view.status)
    line("speed", number(view.status->samples_per_second, 0) + " samples/s on " +
                      counted(static_cast<std::size_t>(view.status->ranks), "rank") + " with " +
                      counted(static_cast<std::size_t>(view.status->threads), "thread") +
                      (view.status->ranks > 1 ? " each" : ""));
  if (!view.saved.empty()) line("saved", view.saved + ", " + duration(view.saved_age) + " ago");
  if (view.timing.steps > 0) line("time", shares(view.timing));
  if (const std::string text = imbalance(view); !text.empty()) line("ranks", text);
  if (!view.restarts.empty())
    line("restarts", std::to_string(view.restarts.size()) + ", the last after exit code " +
                         std::to_string(view.restarts.back().exit_code));
  add_tasks(view, height, lines);
  for (std::string& text : lines) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    text = visible(text);
    if (text.size() > static_cast<std::size_t>(width)) text.resize(static_cast<std::size_t>(width));
  }
  return lines;
}

std::string view_line(const RunView& view) {
  if (!view.status) return state_text(view);
  const RunStatus& status = *view.status;
  std::string text = view.state + "  epoch " + position(status) + "  loss " + number(status.loss);
  if (view.last) text += "  validation " + number(view.last->validation_mean);
  text += "  " + number(status.samples_per_second, 0) + " samples/s";
  if (!view.ended()) text += "  ETA " + duration(status.seconds_left);
  if (view.state == "failed") text += "  " + status.message;
  if (view.state == "silent") text += "  no news for " + duration(view.age);
  return text;
}

}  // namespace qmtl
