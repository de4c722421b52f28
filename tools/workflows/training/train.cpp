// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/train.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

#include "io/config/config.h"
#include "io/data/match_data.h"
#include "io/files/atomic_file.h"
#include "runtime/base/crash_point.h"
#include "runtime/base/json_field.h"
#include "runtime/base/version.h"
#include "runtime/circuit/plan/analysis.h"
#include "runtime/model/metrics.h"
#include "runtime/train/frozen.h"
#include "runtime/train/loop/evaluate.h"
#include "runtime/train/loop/serialise.h"
#include "runtime/train/task_weighting.h"
#include "runtime/train/transfer.h"
#include "tools/workflows/training/fit.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/model_plan.h"
#include "tools/workflows/training/rank_log.h"
#include "tools/workflows/training/run_recorder.h"
#include "tools/workflows/training/saver.h"

namespace qmtl {
namespace {

/// The new task's data must mean what the model learned on, in its order: a resumed run reads the file as it
/// is.
void require_same_meaning(const Checkpoint& trained, TrainJob& job) {
  const MatchReport report =
      match_data(job.data, trained.config.model, trained.meaning, job.config.data_file);
  if (!report.notes.empty())
    throw data_error(report.notes.front() + "; --add-task takes them in that order only: import the data so");
  for (const std::string& doubt : report.doubts) spdlog::warn("{}", doubt);
}

/// The configuration completed from the data; of the model in `trained` with one more task, if there is one.
void complete_config(const TrainRequest& request, const std::optional<Checkpoint>& trained, TrainJob& job) {
  if (!trained) {
    if (!job.config.model.generations.empty() && request.mode != RunMode::resume)
      throw usage_error(job.config.file +
                        ": head.generations: this is the configuration of a model that took on a task; go on "
                        "with --resume, or make it again with --add-task and --from");
    complete_tasks(job.data, finished_tasks(job.config.model));
    job.circuit_chosen = job.config.model.head.ansatz != unset_ansatz();
    resolve(job.config, job.data);
    return;
  }
  complete_tasks(job.data, trained->config.model.tasks);
  require_same_meaning(*trained, job);
  for (const std::vector<int>& qubits : request.added->registers)
    for (int qubit : qubits)
      if (const int most = trained->config.model.head.ansatz.qubits - 1; qubit < 0 || qubit > most)
        throw usage_error("--register: expected qubits from 0 to " + std::to_string(most) + ", found " +
                          std::to_string(qubit));
  if (job.config.train.shots != trained->config.train.shots)
    spdlog::warn("train.shots = {}: the trained model's {} is used, as its plan depends on it",
                 job.config.train.shots, trained->config.train.shots);
  job.config =
      with_task(trained->config, job.config, request.added->name, request.added->registers, job.data);
}

/// Untrained parameters; what `trained` has learned is carried over and frozen.
void start(const TrainRequest& request, const std::optional<Checkpoint>& trained, TrainJob& job) {
  job.state = fresh_state(*job.learner, job.config.train.seed);
  if (!trained) return;
  const std::vector<ParamInfo>& params = job.learner->params();
  job.config.train.frozen = frozen_by(trained->params, params);
  const TrainedModel before = trained_model(*trained);
  carry(before, params, job.state.params);
  check_same_outputs(before,
                     {job.config.model, job.config.train.shots, params, job.state.params, job.statistics},
                     job.data, request.simd);
}

/// Rank 0 opens the run folder before any work is done: a refusal should cost nothing.
std::unique_ptr<RunFolder> open_folder(const Ranks& ranks, const TrainRequest& request,
                                       const Config& config) {
  std::unique_ptr<RunFolder> folder;
  ranks.together([&] {
    if (ranks.root()) folder = std::make_unique<RunFolder>(config.run_folder, request.mode);
  });
  return folder;
}

void make_job_learner(const Ranks& ranks, SimdTarget simd, TrainJob& job) {
  ranks.together([&] {
    job.learner = make_learner(job.config.model, job.config.train, job.data, job.statistics, simd,
                               training_device(job.config.train));
    const std::vector<ParamInfo>& params = job.learner->params();
    const auto trained = trained_params(params, job.config.train.frozen);  // refuses wrong patterns
    check_trained_part(trained_part(shared_params(job.config.train.task_weighting, params), trained),
                       job.config.train);
    job.config.train.shard = static_cast<int>(job.learner->shard());
  });
  require_equal_rounding(ranks, job.learner->target());
}

/// Rank 0 reads the newest checkpoint, checks that it belongs to this configuration and sends it to all.
void resume(const Ranks& ranks, RunFolder* folder, SimdTarget simd, TrainJob& job) {
  Checkpoint checkpoint;
  ranks.together([&] {
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
    if (job.config.train.shard == 0) job.config.train.shard = checkpoint.config.train.shard;
    if (const std::string changed = changed_keys(checkpoint.config, job.config); !changed.empty())
      throw usage_error(job.config.file + ": expected the settings that the run " + folder->path() +
                        " began with, found others: " + changed + "; restore them (" +
                        folder->file("config.toml") + " has the old ones), or --overwrite");
    if (!(checkpoint.config.model == job.config.model))
      throw usage_error(folder->path() + ": expected the model it was trained with, found another one in " +
                        job.config.file + "; restore the configuration (" + folder->file("config.toml") +
                        " has the old one), or --overwrite");
    adopt_meaning(job.data, checkpoint.meaning);  // of tasks that this data set does not have
    folder->mend(checkpoint, warnings);
    for (const std::string& warning : warnings) spdlog::warn("{}", warning);
  });
  job.state = state_from_bytes(ranks.broadcast(ranks.root() ? to_bytes(checkpoint.state) : std::string()));
  job.statistics =
      statistics_from_bytes(ranks.broadcast(ranks.root() ? to_bytes(checkpoint.statistics) : std::string()));
  make_job_learner(ranks, simd, job);
  ranks.together([&] {
    const std::string now(rounding_of(job.learner->target()));
    if (!folder || checkpoint.rounding.empty() || checkpoint.rounding == now) return;
    throw usage_error(folder->path() + ": expected multiply-adds rounded as when the run began (" +
                      checkpoint.rounding + "), found " + now + " with the instruction set " +
                      std::string(name(job.learner->target())) +
                      ": the run would end with other bits; choose --simd so, or --overwrite");
  });
}

void warn_of_circuit(const ModelSpec& spec, const Learner& learner) {
  if (!learner.plan()) return;
  const Assembly assembly = assemble(head_ansatz(spec));
  for (const std::string& warning : analyse(assembly.circuit, assembly.layout.names()).warnings)
    spdlog::warn("{}", warning);
}

void warn_of_scores(const TrainJob& job) {
  const auto warn_of_last = [](const char* what) {
    spdlog::warn(
        "the validation split has {}, so that no epoch is better than another: the last one is kept, and "
        "train.patience ends nothing",
        what);
  };
  const std::vector<std::size_t> rows = job.data.rows(Split::validation);
  if (rows.empty()) return warn_of_last("no samples");
  const std::vector<std::string> none = tasks_without_score(job.data, job.config.model, rows);
  bool any = false;
  for (const TaskSpec& task : job.config.model.tasks) {
    if (!task.in_mean) continue;
    if (std::find(none.begin(), none.end(), task.name) == none.end())
      any = true;
    else
      spdlog::warn(
          "task {}: the labels of the validation split have no {}, whatever is predicted; the task does not "
          "count in the mean that chooses the best epoch",
          task.name, task.metric);
  }
  if (!any) warn_of_last("no score");
}

void warn_of_imbalance(const Imbalance& found) {
  spdlog::warn(
      "rank {} computes {:.1f} times as long as the mean of all ranks, also after moving units; look at what "
      "else runs on its cores (qmtl doctor), or make units smaller: distributed.shard, "
      "distributed.task_groups",
      found.rank, found.ratio);
}

TrainHooks make_hooks(RunFolder* folder, const TrainFollower& follower, RunRecorder& recorder, Saver& saver) {
  TrainHooks hooks;
  hooks.stop_requested = follower.stop;
  hooks.on_step = [&recorder](const StepRecord& record) { recorder.step(record); };
  hooks.on_pause = [&recorder](Pause pause, double seconds) { recorder.pause(pause, seconds); };
  if (!folder) return hooks;
  hooks.on_imbalance = warn_of_imbalance;
  hooks.on_progress = [&](const Progress& progress) {
    if (follower.progress) follower.progress(progress);
    recorder.progress(progress);
  };
  hooks.on_epoch = [&](const EpochRecord& record, bool best) {
    if (follower.epoch) follower.epoch(record, best);
    recorder.epoch(record);
  };
  hooks.save = [&saver](const TrainState& state, SaveRequest request) { return saver.offer(state, request); };
  hooks.saved = [&saver](bool wait) { wait ? saver.finish() : saver.check(); };
  return hooks;
}

TrainResult train_recorded(const Ranks& ranks, TrainJob& job, RunFolder* folder,
                           const TrainFollower& follower, RunRecorder& recorder) {
  // HDF5 is called by nobody else while the saver runs.
  Saver saver([&job, folder](const TrainState& state, bool best) {
    folder->save(make_checkpoint(job.config, *job.learner, job.statistics, job.data, state), best);
  });
  try {
    const TrainResult result = train(ranks, *job.learner, job.config, job.data, job.statistics, job.state,
                                     make_hooks(folder, follower, recorder, saver));
    recorder.end(result.ending, job.state.step);
    return result;
  } catch (const std::exception& error) {
    recorder.fail(error.what());
    throw;
  }
}

/// For the report page. What was trained is safe already, so that a failure is only told.
void keep_evaluation(const RunFolder& folder, const Report& report, const ModelSpec& model,
                     const std::string& scored) {
  nlohmann::ordered_json json = evaluation_json(report, model);
  json["run_hash"] = scored;
  for (const char* timing : {"seconds", "samples_per_second", "imbalance"}) json.erase(timing);
  try {
    write_file(folder.file("evaluation-" + report.split + ".json"), json_text(json, 1) + "\n");
  } catch (const Error& error) {
    spdlog::warn("{}", error.what());
  }
}

/// Scores of the best epoch's parameters on the validation rows; of the current ones before there is a best.
Report make_report(const Ranks& ranks, TrainJob& job, const RunFolder* folder, const TrainResult& result) {
  Report report;
  report.run_hash = run_hash(job.state);
  report.split = "validation";
  report.meaning = meaning_of(job.data, job.config.model);
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
    ranks.together([&] {
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
  ranks.together([&] {
    if (!folder) return;
    report.checkpoint = checkpoint_file(folder->path());
    if (job.state.best_epoch > 0) best = read_checkpoint(report.checkpoint).state;
  });
  best = state_from_bytes(ranks.broadcast(ranks.root() ? to_bytes(best) : std::string()));
  job.learner->bind(best.params);
  const std::vector<std::size_t> rows = job.data.rows(Split::validation);
  const std::vector<float> logits = predict_rows_on_device(ranks, *job.learner, rows);
  report.scores = score_logits(ranks, job.config.model, job.data, rows, logits);
  ranks.together([&] {
    if (!folder) return;
    report.baseline = baseline_scores(job.config.model, job.data, job.data, rows);
    report.classes = class_results(job.config.model, report.meaning, job.data, rows, logits);
    keep_evaluation(*folder, report, job.config.model, run_hash(best));
  });
  return report;
}

/// A task is added to a model on data in memory, with which the two models' outputs are compared.
Dataset load_job_data(const Ranks& ranks, const TrainRequest& request, const Config& config) {
  if (request.added) return load_dataset(ranks, config.data_file);
  return load_training_data(ranks, config.data_file, config.data_memory);
}

/// The trained model of a request that adds a task.
std::optional<Checkpoint> load_trained(const Ranks& ranks, const TrainRequest& request) {
  if (!request.added) return std::nullopt;
  return load_checkpoint(ranks, request.added->from);
}

/// Configuration and data; with their learner where they alone decide on it, not a checkpoint to resume from.
void prepare(const Ranks& ranks, const TrainRequest& request, const std::optional<Checkpoint>& trained,
             TrainJob& job) {
  ranks.together([&] { complete_config(request, trained, job); });
  if (request.mode == RunMode::resume) return;
  ranks.together([&] {
    job.statistics = trained ? carried_statistics(trained_model(*trained), job.config, job.data)
                             : standardise(job.data, job.config.model, job.config.standardise);
  });
  make_job_learner(ranks, request.simd, job);
}

}  // namespace

Config load_config(const Ranks& ranks, const TrainRequest& request) {
  Config config;
  ranks.together([&] {
    config = read_config(request.config, request.overrides);
    if (config.data_file.empty())
      throw usage_error(config.file + ": expected the data set's file in data.file, found none");
    choose_run_folder(config);
  });
  ranks.require_equal("the program version", program_version);
  // Folders may differ between nodes, and the data set is compared by its content.
  Config compared = config;
  compared.data_file.clear();
  compared.run_folder.clear();
  ranks.require_equal("the configuration (" + config.file + " with its --set)", to_toml(compared));
  return config;
}

std::unique_ptr<const TrainJob> prepare_training(const Ranks& ranks, const TrainRequest& request) {
  auto made = std::make_unique<TrainJob>();
  TrainJob& job = *made;
  job.config = load_config(ranks, request);
  const auto watch = ranks.watch(job.config.watchdog);
  job.data = load_job_data(ranks, request, job.config);
  prepare(ranks, request, load_trained(ranks, request), job);
  return made;
}

TrainOutcome train_run(const Ranks& ranks, const TrainRequest& request, const TrainFollower& follower) {
  const bool resuming = request.mode == RunMode::resume;
  TrainJob job;
  job.config = load_config(ranks, request);
  const auto watch = ranks.watch(job.config.watchdog);
  job.data = load_job_data(ranks, request, job.config);
  const auto trained = load_trained(ranks, request);
  prepare(ranks, request, trained, job);
  const auto folder = open_folder(ranks, request, job.config);
  if (job.config.rank_logs) open_rank_log(ranks, job.config.run_folder, request.threads, resuming);
  if (resuming) {
    resume(ranks, folder.get(), request.simd, job);
  } else {
    ranks.together([&] { start(request, trained, job); });
  }
  crash_point("open");
  ranks.together([&] {
    if (!folder) return;
    if (resuming) folder->keep_metrics_until(job.state.epoch, job.state.step);
    folder->write_config(job.config);
    // Nobody's first model is to be warned of what nobody chose; `qmtl plan` says it all the same.
    if (job.circuit_chosen) warn_of_circuit(job.config.model, *job.learner);
    for (const std::string& warning : layer_warnings(job.learner->layer_circuits(), job.config.train))
      spdlog::warn("{}", warning);
    warn_of_scores(job);
  });
  spdlog::info("training {} on {} rank{} with {} thread{} each, {}", job.config.file, ranks.size(),
               ranks.size() == 1 ? "" : "s", request.threads, request.threads == 1 ? "" : "s",
               name(job.learner->target()));
  RunRecorder recorder(ranks, job.config, job.state, folder.get(),
                       {.resuming = resuming,
                        .threads = request.threads,
                        .simd = std::string(name(job.learner->target())),
                        .trace_steps = request.trace_steps,
                        .issues = request.issues});
  const TrainResult result = train_recorded(ranks, job, folder.get(), follower, recorder);
  TrainOutcome outcome;
  outcome.report = make_report(ranks, job, folder.get(), result);
  outcome.model = job.config.model;
  outcome.go_on_with = trained && folder ? folder->file("config.toml") : job.config.file;
  return outcome;
}

}  // namespace qmtl
