// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "distributed/stopwatch.h"
#include "io/files/atomic_file.h"
#include "io/runs/run_folder.h"
#include "runtime/base/error.h"
#include "distributed/launch/child_process.h"
#include "distributed/launch/life_signs.h"
#include "tools/program/options.h"
#include "distributed/launch/restarts.h"
#include "distributed/launch/supervised_command.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

const Usage usage{
    "qmtl supervise [options] -- COMMAND",
    "Runs a command that contains `qmtl train CONFIG`, alone or behind mpirun or srun, and starts it again\n"
    "from the newest checkpoint when it crashes, is killed, hangs (exit code 76) or is stopped by somebody\n"
    "else (75). It ends when the training is done, when the exit code says that what it was given is wrong\n"
    "(2, 3, 4), when restarts bring no newer checkpoint, and at SIGINT, SIGTERM and SIGUSR1: these ask the\n"
    "training for a checkpoint and its end, a second SIGINT or SIGTERM ends it quickly. The exit code is "
    "the\n"
    "command's. Restarts are listed in RUN/restarts.jsonl.",
    "  qmtl supervise -- mpirun -n 4 --bind-to none qmtl train digits.toml\n"
    "  qmtl supervise --max-restarts 20 -- srun --mpi=pmix qmtl train digits.toml"};

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
int run_once(const Arguments& command, const std::string& run, double longest_silence, SignalQueue& signals,
             Stop& stop) {
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

RestartRule rule_of(const Options& options) {
  RestartRule rule;
  rule.most = options.values["max-restarts"].as<int>();
  rule.without_step = options.values["no-progress"].as<int>();
  rule.wait = options.values["backoff"].as<double>();
  rule.longest = options.values["max-backoff"].as<double>();
  if (rule.most < 0 || rule.without_step < 0 || !(rule.wait >= 0) || !(rule.longest >= 0) ||
      rule.longest > 1e6)
    throw usage_error(
        "expected --max-restarts, --no-progress, --backoff and --max-backoff of at least 0 (seconds: at most "
        "1e6), found less or more");
  return rule;
}

}  // namespace

int supervise_command(const Comm& comm, const Arguments& args) {
  const RestartRule usual;
  po::options_description own("Options of supervise");
  own.add_options()("max-restarts", po::value<int>()->value_name("N")->default_value(usual.most),
                    "end after so many restarts")(
      "no-progress", po::value<int>()->value_name("N")->default_value(usual.without_step),
      "end when so many restarts in a row bring no newer checkpoint")(
      "backoff", po::value<double>()->value_name("SECONDS")->default_value(usual.wait),
      "wait before a restart, doubled while there is no newer checkpoint")(
      "max-backoff", po::value<double>()->value_name("SECONDS")->default_value(usual.longest),
      "the longest wait")("silence", po::value<double>()->value_name("SECONDS")->default_value(180),
                          "end a command whose run gives no sign of life (RUN/status.json) for so long, and "
                          "start it again; 0: never")(
      "run", po::value<std::string>()->value_name("FOLDER"),
      "the run folder, where CONFIG and its --set do not say it");
  const auto dashes = std::find(args.begin(), args.end(), "--");
  const auto options = parse_options(comm, usage, own, {}, {}, Arguments(args.begin(), dashes));
  if (!options) return 0;
  if (started_by_launcher())
    throw usage_error(
        "expected supervise outside of mpirun and srun, found it inside; write `qmtl supervise -- mpirun ... "
        "qmtl train CONFIG`");
  if (dashes == args.end())
    throw usage_error("expected -- and a command behind it, found none. Usage: " + usage.line);
  const auto silence = options->values["silence"].as<double>();
  if (silence != 0 && !(silence >= 10 && silence <= 1e6))
    throw usage_error("--silence: expected 0 or seconds from 10 to 1e6, found " + std::to_string(silence));
  return supervise(SupervisedCommand(Arguments(dashes + 1, args.end()), options->text_or("run", "")),
                   rule_of(*options), silence);
}

}  // namespace qmtl
