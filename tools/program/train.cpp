// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/train.h"

#include <spdlog/spdlog.h>

#include <climits>
#include <iostream>

#include "distributed/launch/cores.h"
#include "runtime/base/crash_point.h"
#include "tools/program/options.h"
#include "tools/program/progress.h"
#include "tools/program/signals.h"
#include "tools/program/text/dry_run.h"
#include "tools/workflows/training/forecast.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl train CONFIG [options]",
    "Trains the model of a TOML configuration and keeps checkpoints in its run folder. The result is "
    "bit-identical\n"
    "for any number of ranks, threads and restarts. Ctrl-C, SIGTERM and SIGUSR1 save a checkpoint and end "
    "with 75;\n"
    "--resume goes on from there. --add-task and --from train one more task onto a checkpoint: the new "
    "task's "
    "blocks,\n"
    "scales and biases alone; the other tasks' logits keep every bit.",
    "  mpirun -n 2 --bind-to none qmtl train benchmarks/digits/digits.toml --set train.epochs=10\n"
    "  qmtl train benchmarks/digits/digits.toml --resume\n"
    "  qmtl train nine.toml --add-task digit9 --from runs/digits --set run.folder=runs/ten",
    true};

std::int64_t trace_steps(const Options& options) {
  const auto steps = options.values["trace-steps"].as<std::int64_t>();
  if (steps < 1 || steps > 10'000'000)
    throw usage_error("--trace-steps: expected 1 to 10000000, found " + std::to_string(steps));
  return steps;
}

void check_options(const Options& options) {
  const auto both = [&](const char* one, const char* other) {
    if (options.has(one) && options.has(other))
      throw usage_error("expected --" + std::string(one) + " or --" + other + ", found both");
  };
  both("resume", "overwrite");
  both("resume", "add-task");
  trace_steps(options);
  if (const double every = options.values["progress-every"].as<double>(); !(every >= 0))
    throw usage_error("--progress-every: expected seconds from 0, found " + std::to_string(every));
  both("resume", "dry-run");
  if (options.has("ranks") && !options.has("dry-run"))
    throw usage_error(
        "--ranks: expected together with --dry-run; start with mpirun -n N to train on N ranks");
  for (const char* needed : {"add-task", "from"})
    if (options.has("add-task") + options.has("from") + options.has("register") > 0 && !options.has(needed))
      throw usage_error(
          "expected --add-task NAME together with --from CHECKPOINT (and --register as one likes), found no "
          "--" +
          std::string(needed));
}

TrainRequest request_of(const Options& options) {
  check_options(options);
  TrainRequest request{.config = options.text("config"), .overrides = options.common.set};
  if (options.has("plan")) request.overrides.push_back("engine.plan=\"" + options.text("plan") + "\"");
  if (options.has("resume")) request.mode = RunMode::resume;
  if (options.has("overwrite")) request.mode = RunMode::overwrite;
  request.simd = options.common.simd;
  if (options.has("trace")) request.trace_steps = trace_steps(options);
  if (!options.has("add-task")) return request;
  request.added = AddedTask{options.text("add-task"), options.text("from"), {}};
  if (options.has("register"))
    for (const std::string& text : options.values["register"].as<std::vector<std::string>>())
      request.added->registers.push_back(parse_numbers("--register", text, 0, INT_MAX));
  return request;
}

int dry_run(const Ranks& ranks, const Options& options, const TrainRequest& request, const Cores& cores) {
  const auto job = prepare_training(ranks, request);
  std::optional<int> simulated;
  if (options.has("ranks")) simulated = options.values["ranks"].as<int>();
  const Forecast found =
      forecast_run(ranks, *job, this_place(ranks, cores, options.common.threads), simulated);
  if (ranks.root()) print_forecast(found, *job, simulated.has_value(), options.common.json);
  return 0;
}

void print(const TrainOutcome& outcome, bool json) {
  const Report& report = outcome.report;
  if (json)
    std::cout << report_json(report, outcome.model).dump(2) << std::endl;
  else
    std::cout << report_text(report, outcome.model) << std::flush;
  if (const std::string warning = baseline_warning(report, outcome.model); !warning.empty())
    spdlog::warn("{}", warning);
  if (report.interrupted)
    spdlog::warn("stopped after step {}; go on with: qmtl train {} --resume", report.steps,
                 outcome.go_on_with);
}

}  // namespace

int train_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of train");
  own.add_options()("resume", "go on from the run folder's newest checkpoint")(
      "overwrite", "remove the run that is in the folder")(
      "dry-run", "show what each rank would do, hold and exchange; train and write nothing")(
      "ranks", po::value<int>()->value_name("N"), "with --dry-run: of N ranks like this one")(
      "plan", po::value<std::string>()->value_name("KIND"),
      "engine plan: auto, state, operators, cones, pauli or mixed")(
      "trace", "write RUN/trace.json at the end, for chrome://tracing or ui.perfetto.dev")(
      "trace-steps", po::value<std::int64_t>()->value_name("N")->default_value(1000),
      "with --trace: only the first N steps")(
      "progress-every", po::value<double>()->value_name("SECONDS")->default_value(10, "10"),
      "with plain progress: a line at least so often within an epoch")(
      "add-task", po::value<std::string>()->value_name("NAME"),
      "train this task of the data set onto the model of --from, and nothing else")(
      "from", po::value<std::string>()->value_name("CHECKPOINT"),
      "with --add-task: the trained model, a checkpoint or run folder")(
      "register", po::value<std::vector<std::string>>()->value_name("QUBITS"),
      "with --add-task: the new block's qubits, e.g. 0,1,2,3; once for each block of the task, or for all");
  const auto options = parse_options(ranks, usage, own, {"config"}, {"config"}, args);
  if (!options) return 0;
  crash_point("start");
  const Cores cores = find_cores(ranks);
  const auto warnings = core_warnings(cores, options->common.threads);
  for (const std::string& warning : warnings) spdlog::warn("{}", warning);
  const ThreadLimit threads(cores, options->common.threads);
  TrainRequest request;
  ranks.together([&] { request = request_of(*options); });
  request.threads = threads.count();
  request.issues = warnings;
  if (options->has("dry-run")) return dry_run(ranks, *options, request, cores);

  ProgressPrinter printer(ranks.root()
                              ? ProgressPrinter::choose(options->common.progress, options->common.quiet)
                              : ProgressPrinter::Mode::off,
                          options->values["progress-every"].as<double>());
  TrainFollower follower;
  follower.stop = stop_requested;
  follower.progress = [&](const Progress& progress) { printer.step(progress); };
  follower.epoch = [&](const EpochRecord& record, bool best) { printer.epoch(record, best); };
  const TrainOutcome outcome = train_run(ranks, request, follower);
  printer.finish();
  if (ranks.root()) print(outcome, options->common.json);
  return static_cast<int>(outcome.report.interrupted ? Exit::interrupted : Exit::ok);
}

}  // namespace qmtl
