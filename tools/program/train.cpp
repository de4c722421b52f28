// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>

#include "distributed/serialise.h"
#include "distributed/trainer.h"
#include "distributed/watchdog.h"
#include "io/files/background.h"
#include "io/config/config.h"
#include "io/runs/run_folder.h"
#include "runtime/circuit/analysis.h"
#include "runtime/base/crash_point.h"
#include "runtime/base/hash.h"
#include "runtime/train/frozen.h"
#include "runtime/train/transfer.h"
#include "distributed/launch/cores.h"
#include "tools/workflows/training/dry_run.h"
#include "tools/workflows/training/load.h"
#include "tools/program/options.h"
#include "tools/program/progress.h"
#include "tools/workflows/training/rank_log.h"
#include "tools/workflows/training/results.h"
#include "tools/workflows/training/run_recorder.h"
#include "tools/program/signals.h"
#include "runtime/base/version.h"

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
    "  qmtl train nine.toml --add-task digit9 --from runs/digits --set run.folder=runs/ten"};

/// Everything that training needs, the same on all ranks.
struct Job {
  Config config;
  Dataset data;
  std::vector<Standardisation> standardisation;
  std::unique_ptr<Learner> learner;
  TrainState state;
};

Config load_config(const Comm& comm, const Options& options) {
  Config config;
  std::vector<std::string> overrides = options.common.set;
  if (options.has("plan")) overrides.push_back("engine.plan=\"" + options.text("plan") + "\"");
  comm.together([&] {
    config = read_config(options.text("config"), overrides);
    if (config.data_file.empty())
      throw usage_error(config.file + ": expected the data set's file in data.file, found none");
    choose_run_folder(config);
  });
  comm.require_equal("the program version", program_version);
  // Folders may differ between nodes, and the data set is compared by its content.
  Config compared = config;
  compared.data_file.clear();
  compared.run_folder.clear();
  comm.require_equal("the configuration (" + config.file + " with its --set)", to_toml(compared));
  return config;
}

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

/// The configuration completed from the data; of the model in `trained` with one more task, if there is one.
void complete_config(const Options& options, const std::optional<Checkpoint>& trained, Job& job) {
  if (!trained) {
    if (!job.config.model.generations.empty() && !options.has("resume"))
      throw usage_error(job.config.file +
                        ": head.generations: this is the configuration of a model that took on a task; go on "
                        "with --resume, or make it again with --add-task and --from");
    complete_tasks(job.data, finished_tasks(job.config.model));
    resolve(job.config, job.data);
    return;
  }
  complete_tasks(job.data, trained->config.model.tasks);
  std::vector<std::vector<int>> registers;
  if (options.has("register"))
    for (const std::string& text : options.values["register"].as<std::vector<std::string>>())
      registers.push_back(parse_numbers("--register", text, 0, trained->config.model.head.ansatz.qubits - 1));
  if (job.config.train.shots != trained->config.train.shots)
    spdlog::warn("train.shots = {}: the trained model's {} is used, as its plan depends on it",
                 job.config.train.shots, trained->config.train.shots);
  job.config = with_task(trained->config, job.config, options.text("add-task"), registers, job.data);
}

TrainedModel model_of(const Checkpoint& checkpoint) {
  return {checkpoint.config, checkpoint.params, checkpoint.state.params, checkpoint.standardisation};
}

/// Untrained parameters; what `trained` has learned is carried over and frozen.
void start(const Options& options, const std::optional<Checkpoint>& trained, Job& job) {
  job.state = fresh_state(*job.learner, job.config.train.seed);
  if (!trained) return;
  const std::vector<ParamInfo>& params = job.learner->params();
  job.config.train.frozen = frozen_by(trained->params, params);
  carry(model_of(*trained), params, job.state.params);
  check_same_outputs(model_of(*trained), {job.config, params, job.state.params, job.standardisation},
                     job.data, options.common.simd);
}

/// Rank 0 opens the run folder before any work is done: a refusal should cost nothing.
std::unique_ptr<RunFolder> open_folder(const Comm& comm, const Options& options, const Config& config) {
  std::unique_ptr<RunFolder> folder;
  comm.together([&] {
    const bool resume = options.has("resume"), overwrite = options.has("overwrite");
    if (comm.root())
      folder = std::make_unique<RunFolder>(config.run_folder, resume      ? RunMode::resume
                                                              : overwrite ? RunMode::overwrite
                                                                          : RunMode::fresh);
  });
  return folder;
}

/// Rank 0 reads the newest checkpoint, checks that it belongs to this configuration and sends it to all.
void resume(const Comm& comm, RunFolder* folder, Job& job) {
  Checkpoint checkpoint;
  comm.together([&] {
    if (!folder) return;
    std::vector<std::string> warnings;
    checkpoint = folder->newest_verified(warnings);
    if (!warnings.empty())
      warnings.push_back("going on from the checkpoint of step " + std::to_string(checkpoint.state.step) +
                         ", the newest that is whole");
    if (checkpoint.data_hash != job.data.hash)
      throw data_error(folder->path() + ": expected the data set it was trained on (hash " +
                       checkpoint.data_hash.substr(0, 12) + "), found another one in " +
                       job.config.data_file + "; use the old data set, or --overwrite");
    if (!(checkpoint.config.model == job.config.model))
      throw usage_error(folder->path() + ": expected the model it was trained with, found another one in " +
                        job.config.file + "; restore the configuration (" + folder->file("config.toml") +
                        " has the old one), or --overwrite");
    folder->mend(checkpoint, warnings);
    for (const std::string& warning : warnings) spdlog::warn("{}", warning);
  });
  job.state = state_from_bytes(comm.broadcast(comm.root() ? to_bytes(checkpoint.state) : std::string()));
  job.standardisation = standardisation_from_bytes(
      comm.broadcast(comm.root() ? to_bytes(checkpoint.standardisation) : std::string()));
}

void make_job_learner(const Comm& comm, const Options& options, Job& job) {
  comm.together([&] {
    job.learner =
        make_learner(job.config.model, job.config.train, job.data, job.standardisation, options.common.simd);
    trained_params(job.learner->params(), job.config.train.frozen);  // refuses wrong patterns
  });
  require_equal_rounding(comm, *job.learner);
}

void warn_of_circuit(const ModelSpec& spec, const Learner& learner) {
  if (!learner.plan()) return;
  const AnsatzSpec ansatz = head_ansatz(spec);
  for (const std::string& warning : analyse(build(ansatz), layout(ansatz).names).warnings)
    spdlog::warn("{}", warning);
}

Checkpoint make_checkpoint(const Job& job, const TrainState& state) {
  Checkpoint checkpoint;
  checkpoint.config = job.config;
  checkpoint.params = job.learner->params();
  checkpoint.state = state;
  checkpoint.standardisation = job.standardisation;
  checkpoint.data_hash = job.data.hash;
  checkpoint.plan = job.learner->plan() ? std::string(name(job.learner->plan()->kind)) : "none";
  checkpoint.program_version = program_version;
  return checkpoint;
}

void warn_of_imbalance(const Imbalance& found) {
  spdlog::warn(
      "rank {} computes {:.1f} times as long as the mean of all ranks, also after moving units; look at what "
      "else runs on its cores (qmtl doctor), or make units smaller: distributed.shard, "
      "distributed.task_groups",
      found.rank, found.ratio);
}

/// Saves go on in `saver` while the next steps are taken; HDF5 is called by nobody else meanwhile.
TrainHooks make_hooks(const Job& job, RunFolder* folder, ProgressPrinter& printer, RunRecorder& recorder,
                      Background& saver) {
  TrainHooks hooks;
  hooks.stop_requested = stop_requested;
  hooks.on_step = [&recorder](const StepRecord& record) { recorder.step(record); };
  hooks.on_pause = [&recorder](Pause pause, double seconds) { recorder.pause(pause, seconds); };
  if (!folder) return hooks;
  hooks.on_imbalance = warn_of_imbalance;
  hooks.on_progress = [&](const Progress& progress) {
    printer.step(progress);
    recorder.progress(progress);
  };
  hooks.on_epoch = [&](const EpochRecord& record, bool best) {
    printer.epoch(record, best);
    recorder.epoch(record);
  };
  hooks.save = [&job, &saver, folder](const TrainState& state, bool best) {
    saver.start([folder, best, checkpoint = make_checkpoint(job, state)] { folder->save(checkpoint, best); });
  };
  hooks.saved = [&saver](bool wait) { wait ? saver.finish() : saver.check(); };
  return hooks;
}

TrainResult train_recorded(const Comm& comm, Job& job, RunFolder* folder, ProgressPrinter& printer,
                           RunRecorder& recorder) {
  Background saver;
  try {
    const TrainResult result = train(comm, *job.learner, job.config, job.data, job.standardisation, job.state,
                                     make_hooks(job, folder, printer, recorder, saver));
    recorder.end(result.ending, job.state.step);
    return result;
  } catch (const std::exception& error) {
    recorder.fail(error.what());
    throw;
  }
}

/// Scores of the best epoch's parameters on the validation rows; of the current ones before there is a best.
Report make_report(const Comm& comm, Job& job, const RunFolder* folder, const TrainResult& result) {
  Report report;
  report.run_hash = run_hash(job.state);
  report.split = "validation";
  report.epochs = job.state.epoch;
  report.best_epoch = job.state.best_epoch;
  report.steps = job.state.step;
  report.seconds = result.seconds;
  report.samples_per_second = result.seconds > 0 ? static_cast<double>(result.samples) / result.seconds : 0;
  report.interrupted = result.ending == Ending::interrupted;
  report.imbalance = result.imbalance.ratio;
  report.parameters = count_parameters(job.learner->params());
  if (!job.config.train.frozen.empty()) {
    const std::size_t trained = count_numbers(trained_params(job.learner->params(), job.config.train.frozen));
    report.frozen = report.parameters.backbone + report.parameters.head - trained;
    if (!job.config.model.generations.empty()) report.added = trained;
  }
  if (report.interrupted) {
    // Little time may be left before the launcher kills: what is known must do.
    comm.together([&] {
      if (folder) report.checkpoint = folder->file("checkpoints/last.h5");
    });
    const auto undefined = std::numeric_limits<double>::quiet_NaN();
    report.scores.tasks.assign(job.config.model.tasks.size(), undefined);
    report.scores.mean = undefined;
    if (report.best_epoch > 0) {
      const EpochRecord& record = job.state.history.at(static_cast<std::size_t>(report.best_epoch) - 1);
      report.scores.tasks = record.validation;
      report.scores.mean = record.validation_mean;
    }
    return report;
  }
  TrainState best = job.state;
  comm.together([&] {
    if (!folder) return;
    report.checkpoint = checkpoint_file(folder->path());
    if (job.state.best_epoch > 0) best = read_checkpoint(report.checkpoint).state;
  });
  best = state_from_bytes(comm.broadcast(comm.root() ? to_bytes(best) : std::string()));
  job.learner->bind(best.params);
  report.scores = score_rows(comm, *job.learner, job.data, job.data.rows(Split::validation));
  return report;
}

}  // namespace

int train_command(const Comm& comm, const Arguments& args) {
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
  const auto options = parse_options(comm, usage, own, {"config"}, {"config"}, args);
  if (!options) return 0;
  catch_stop_signals();
  crash_point("start");
  const Cores cores = find_cores(comm);
  for (const std::string& warning : core_warnings(cores, options->common.threads))
    spdlog::warn("{}", warning);
  const ThreadLimit threads(cores, options->common.threads);

  Job job;
  job.config = load_config(comm, *options);
  const Watchdog watchdog(comm, job.config.watchdog);
  const auto resuming = options->has("resume");
  comm.together([&] { check_options(*options); });
  job.data = load_dataset(comm, job.config.data_file);
  std::optional<Checkpoint> trained;
  if (options->has("from")) trained = load_checkpoint(comm, options->text("from"));
  comm.together([&] { complete_config(*options, trained, job); });
  comm.together([&] {
    if (trained)
      job.standardisation = carried_standardisation(model_of(*trained), job.config, job.data);
    else if (!resuming)
      job.standardisation = standardise(job.data, job.config.model, job.config.standardise);
  });
  if (!resuming) make_job_learner(comm, *options, job);
  if (options->has("dry-run")) {
    dry_run(comm, *options, job.config, job.data, *job.learner, cores);
    return 0;
  }
  const auto folder = open_folder(comm, *options, job.config);
  if (job.config.rank_logs) open_rank_log(comm, job.config.run_folder, threads.count(), resuming);
  if (resuming) {
    resume(comm, folder.get(), job);
    make_job_learner(comm, *options, job);
  } else {
    comm.together([&] { start(*options, trained, job); });
  }
  crash_point("open");
  comm.together([&] {
    if (!folder) return;
    if (resuming) folder->keep_metrics_until(job.state.epoch, job.state.step);
    folder->write_config(job.config);
    warn_of_circuit(job.config.model, *job.learner);
  });
  spdlog::info("training {} on {} rank{} with {} thread{} each, {}", job.config.file, comm.size(),
               comm.size() == 1 ? "" : "s", threads.count(), threads.count() == 1 ? "" : "s",
               name(job.learner->target()));

  ProgressPrinter printer(comm.root()
                              ? ProgressPrinter::choose(options->common.progress, options->common.quiet)
                              : ProgressPrinter::Mode::off,
                          options->values["progress-every"].as<double>());
  RunRecorder recorder(comm, job.config, job.state, folder.get(),
                       {.resuming = resuming,
                        .threads = threads.count(),
                        .simd = std::string(name(job.learner->target())),
                        .trace_steps = options->has("trace") ? trace_steps(*options) : 0,
                        .issues = core_warnings(cores, options->common.threads)});
  const TrainResult result = train_recorded(comm, job, folder.get(), printer, recorder);
  printer.finish();
  const Report report = make_report(comm, job, folder.get(), result);
  if (comm.root()) {
    if (options->common.json)
      std::cout << report_json(report, job.config.model).dump(2) << std::endl;
    else
      std::cout << report_text(report, job.config.model) << std::flush;
    if (report.interrupted)
      spdlog::warn("stopped after step {}; go on with: qmtl train {} --resume", job.state.step,
                   trained ? folder->file("config.toml") : job.config.file);
  }
  return static_cast<int>(report.interrupted ? Exit::interrupted : Exit::ok);
}

}  // namespace qmtl
