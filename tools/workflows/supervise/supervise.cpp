// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/supervise/supervise.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/files/atomic_file.h"
#include "io/runs/run_folder.h"
#include "runtime/base/error.h"
#include "runtime/train/loop/stopwatch.h"
#include "tools/workflows/supervise/child_process.h"
#include "tools/workflows/supervise/life_signs.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

/// Signals that ask for an end.
class Stop {
 public:
  bool asked() const { return times_ > 0; }

  /// qmtl's ranks take SIGUSR1 as they take SIGTERM, but mpirun and srun pass it on without killing anybody.
  void pass_on(int signal, ChildProcess& child) {
    const bool again = asked() && signal != SIGUSR1;
    child.send(!again ? SIGUSR1 : times_ < 2 ? SIGTERM : SIGKILL);
    if (!asked() || again) ++times_;
  }

  void note() { ++times_; }

 private:
  int times_ = 0;
};

/// Runs the command to its end and returns its exit code. When the run gives no sign of life for
/// `longest_silence` seconds (0: for ever), though the command has not ended, as mpirun does that cannot
/// reach a node any more, it is ended like a run whose rank did not answer.
int run_once(const std::vector<std::string>& command, const std::string& run, double longest_silence,
             SignalQueue& signals, Stop& stop) {
  const double tick = longest_silence > 0 ? std::min(5.0, longest_silence / 4) : 60;
  LifeSigns life(run, tick);  // before the command can give one
  ChildProcess child(command);
  Stopwatch watch;
  int killed = 0;  // 1: asked to end, 2: killed
  while (true) {
    const auto signal = signals.next(killed == 1 ? 10 : tick);
    if (signal && *signal != SIGCHLD) stop.pass_on(*signal, child);
    if (const auto code = child.ended()) return killed > 0 ? static_cast<int>(Exit::lost) : *code;
    life.look(watch.lap());
    if (killed == 0 && longest_silence > 0 && life.silent_seconds() >= longest_silence) {
      spdlog::warn("no sign of life from {} for {} s, though the command still runs; it is ended", run,
                   longest_silence);
      child.send(SIGTERM);
      killed = 1;
    } else if (killed == 1 && !signal) {
      child.send(SIGKILL);
      killed = 2;
    }
  }
}

/// False when a stop was asked for meanwhile.
bool wait_for(double seconds, SignalQueue& signals, Stop& stop) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  for (double left = seconds; left > 0; left = std::chrono::duration<double>(end - Clock::now()).count()) {
    const auto signal = signals.next(left);
    if (signal && *signal != SIGCHLD) stop.note();
    if (stop.asked()) return false;
  }
  return true;
}

void record(const std::string& run, int restart, int code, std::optional<std::int64_t> step, double wait) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  nlohmann::ordered_json line{{"time", std::chrono::duration_cast<std::chrono::seconds>(now).count()},
                              {"restart", restart},
                              {"exit_code", code},
                              {"reason", meaning_of(code)},
                              {"step", nullptr},
                              {"wait_seconds", wait}};
  if (step) line["step"] = *step;
  try {
    fs::create_directories(run);
    append_file((fs::path(run) / "restarts.jsonl").string(), line.dump() + "\n");
  } catch (const std::exception& error) {
    spdlog::warn("the restart is not recorded: {}", error.what());
  }
}

std::string at_step(std::optional<std::int64_t> step) {
  return step ? "the newest checkpoint is that of step " + std::to_string(*step)
              : std::string("there is no checkpoint yet");
}

}  // namespace

int supervise(const SupervisedCommand& command, const RestartRule& rule, double longest_silence) {
  const std::string& run = command.run_folder();
  SignalQueue signals;
  Stop stop;
  RunStanding standing = standing_of(run);
  Restarts restarts(rule, standing.step);
  while (true) {
    const int code = run_once(standing.saved ? command.resume() : command.begin(standing.begun), run,
                              longest_silence, signals, stop);
    if (stop.asked() || !worth_a_restart(code)) return code;
    standing = standing_of(run);
    const std::optional<double> wait = restarts.next(standing.step);
    if (!wait) {
      spdlog::error("exit code {} ({}) and no further restart: {}; {}", code, meaning_of(code),
                    restarts.why_not(), at_step(standing.step));
      return code;
    }
    spdlog::warn("exit code {} ({}); {}; restart {} of at most {} in {} s", code, meaning_of(code),
                 at_step(standing.step), restarts.count(), rule.most, *wait);
    record(run, restarts.count(), code, standing.step, *wait);
    if (!wait_for(*wait, signals, stop)) return static_cast<int>(Exit::interrupted);
  }
}

}  // namespace qmtl
