// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/supervise/supervise.h"

#include <algorithm>

#include "distributed/launch/launcher.h"
#include "runtime/base/error.h"
#include "tools/program/options.h"

namespace qmtl {
namespace {

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

int supervise_command(const Ranks& ranks, const Arguments& args) {
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
  const auto options = parse_options(ranks, usage, own, {}, {}, Arguments(args.begin(), dashes));
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
