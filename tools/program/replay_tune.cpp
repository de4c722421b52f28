// SPDX-License-Identifier: Apache-2.0
#include "tools/program/replay_tune.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "hardware/mitigation/probe.h"
#include "io/files/json_fields.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/philox.h"
#include "runtime/train/sampler.h"
#include "runtime/train/transfer.h"
#include "distributed/launch/cores.h"
#include "tools/workflows/replay/endpoint_file.h"
#include "tools/workflows/training/load.h"
#include "tools/program/options.h"
#include "tools/program/signals.h"
#include "tools/workflows/replay/tune_model.h"
#include "tools/workflows/replay/tune_rounds.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl replay tune CHECKPOINT --endpoint ENDPOINT --out FOLDER [options]",
    "Tunes the angles of the task blocks on a device: gradients of the training loss from executions alone,\n"
    "so that what the device does wrong is learned too. Everything else of the model stays as it is. The\n"
    "result is the checkpoint FOLDER/tuned.h5, with the scores before and after on validation samples.\n"
    "Results of every step are kept in FOLDER: ended at any point, the same command goes on without paying\n"
    "anything twice, and ends with the same bits.",
    "  qmtl replay tune runs/digits --endpoint noisy.toml --out runs/digits/tuned\n"
    "  qmtl replay tune runs/digits --endpoint ionq.toml --out tuned --rule spsa --steps 20 --max-cost 50"};

struct TuneRequest {
  TuneOptions model;
  int steps = 10, validation = 100;
  std::optional<double> ceiling;
  bool retry = false;
};

void add_tune_options(po::options_description& own) {
  const TuneOptions defaults;
  own.add_options()("endpoint", po::value<std::string>()->value_name("FILE"),
                    "the device: a TOML file, or the name of a kind of endpoint")(
      "out", po::value<std::string>()->value_name("FOLDER"), "journals, results and the tuned checkpoint")(
      "rule", po::value<std::string>()->value_name("NAME"),
      "shift (default): exact derivatives, 1 + 2 k executions a sample for k angles of a block; spsa: "
      "simultaneous perturbation, 2 executions a sample, noisier")(
      "steps", po::value<int>()->default_value(10),
      "optimiser steps; a larger number goes on from a smaller")(
      "batch", po::value<int>()->default_value(defaults.batch), "training samples of a step")(
      "shots", po::value<std::int64_t>()->default_value(defaults.shots), "of each execution")(
      "rate", po::value<double>()->default_value(defaults.rate, "0.05"), "learning rate")(
      "optimiser", po::value<std::string>()->default_value("adam"), "adam or sgd")(
      "perturbation", po::value<double>()->default_value(defaults.perturbation, "0.1"),
      "spsa: how far angles move, radians")("seed", po::value<std::uint64_t>()->default_value(1),
                                            "of batches and perturbations")(
      "validation", po::value<int>()->default_value(100),
      "validation samples that are executed before and after")(
      "head-split", po::value<std::string>()->default_value("wide"),
      "wide: blocks side by side in one program; cones, packed: smaller programs")(
      "max-qubits", po::value<int>()->default_value(0), "of a program; 0: the device's number")(
      "max-cost", po::value<double>(), "most that may be spent, in the endpoint's unit")(
      "data", po::value<std::string>()->value_name("FILE"), "another data set than the one of training")(
      "retry", po::bool_switch(), "send failed jobs again")("dry-run", po::bool_switch(),
                                                            "say what would be executed and what it costs");
}

template <class Number>
Number at_least(const Options& options, const std::string& key, Number least) {
  const Number found = options.values.at(key).as<Number>();
  if (!(found >= least))
    throw usage_error("--" + key + ": expected at least " + std::to_string(least) + ", found " +
                      std::to_string(found));
  return found;
}

double positive(const Options& options, const std::string& key) {
  const double found = options.values.at(key).as<double>();
  if (!(found > 0) || found > 1e6)
    throw usage_error("--" + key + ": expected a positive number, found " + std::to_string(found));
  return found;
}

TuneRequest read_request(const Options& options) {
  TuneRequest request;
  request.model.rule = parse_tune_rule(options.text_or("rule", "shift"));
  request.model.optimiser = parse_optimiser(options.text("optimiser"));
  if (request.model.optimiser == OptimiserKind::adamw)
    throw usage_error("--optimiser: expected adam or sgd, found 'adamw': there is no decay of angles");
  request.model.split = parse_head_split(options.text("head-split"));
  request.model.max_qubits = at_least(options, "max-qubits", 0);
  request.model.batch = at_least(options, "batch", 1);
  request.model.shots = at_least<std::int64_t>(options, "shots", 1);
  request.model.rate = positive(options, "rate");
  request.model.perturbation = positive(options, "perturbation");
  request.model.seed = options.values.at("seed").as<std::uint64_t>();
  request.steps = at_least(options, "steps", 0);
  request.validation = at_least(options, "validation", 1);
  request.retry = options.values.at("retry").as<bool>();
  if (options.has("max-cost")) request.ceiling = options.values.at("max-cost").as<double>();
  if (request.ceiling && !(*request.ceiling >= 0))
    throw usage_error("--max-cost: expected 0 or more, found " + std::to_string(*request.ceiling));
  return request;
}

/// Of everything that decides what is executed, but for the number of steps.
std::string identity_of(const Checkpoint& checkpoint, const Dataset& data, const EndpointInfo& info,
                        const std::string& endpoint_file, const TuneRequest& request) {
  Sha256 hash;
  // The settings of an endpoint that costs nothing decide what it measures: its seed and noise.
  if (!info.paid) hash.update_text(read_if_there(endpoint_file).value_or(""));
  for (const std::string& text :
       {std::string("tune"), portable_hash(checkpoint), data.hash, info.kind, info.backend, info.place,
        std::string(name(request.model.optimiser)), std::string(name(request.model.split))})
    hash.update_text(text);
  const TuneOptions& model = request.model;
  for (double number : {model.rate, model.perturbation})
    hash.update_number(std::bit_cast<std::uint64_t>(number));
  for (auto number :
       {static_cast<std::int64_t>(model.rule), static_cast<std::int64_t>(model.batch), model.shots,
        static_cast<std::int64_t>(model.seed), static_cast<std::int64_t>(model.max_qubits),
        static_cast<std::int64_t>(request.validation)})
    hash.update_number(static_cast<std::uint64_t>(number));
  return hash.hex();
}

/// Validation samples, the same for every step.
std::vector<std::size_t> chosen_rows(const Dataset& data, int count, std::uint64_t seed) {
  const std::vector<std::size_t> all = data.rows(Split::validation);
  if (all.empty()) throw data_error("expected validation samples in the data set, found none");
  std::vector<std::size_t> rows;
  for (std::size_t i : RandomStream(seed, Purpose::permutation).permutation(all.size(), 0xffffffff))
    if (rows.size() < static_cast<std::size_t>(count)) rows.push_back(all[i]);
  std::sort(rows.begin(), rows.end());
  return rows;
}

/// The probe on the first qubits that the first program reads, in front of work.
std::vector<ReplayProgram> with_probe(std::vector<ReplayProgram> work, const DeviceProgram& first,
                                      const EndpointInfo& info, std::int64_t shots) {
  const std::span<const int> measured(first.measured);
  const std::span<const int> qubits = measured.first(std::min<std::size_t>(measured.size(), 5));
  ReplayProgram probe{ReplayPhase::probe, 0, 1.0, std::max<std::int64_t>(shots, 200), {}};
  if (info.limits.shots > 0) probe.shots = std::min(probe.shots, info.limits.shots);
  probe.sweep = {probe_program(qubits, info.target), 1, {}};
  work.insert(work.begin(), std::move(probe));
  return work;
}

std::string step_name(std::int64_t step) {
  char text[32];
  std::snprintf(text, sizeof text, "step-%04lld", static_cast<long long>(step));
  return text;
}

std::int64_t executions_of(std::span<const ReplayProgram> programs) {
  std::int64_t sum = 0;
  for (const ReplayProgram& program : programs)
    sum += static_cast<std::int64_t>(program.sweep.rows) * program.shots;
  return sum;
}

nlohmann::ordered_json evaluation_json(const TuneModel::Evaluation& evaluation, const ModelSpec& spec) {
  nlohmann::ordered_json json{{"loss", json_number(evaluation.loss)}};
  auto& tasks = json["tasks"] = nlohmann::ordered_json::object();
  for (std::size_t t = 0; t < spec.tasks.size(); ++t)
    tasks[spec.tasks[t].name] = {{"metric", spec.tasks[t].metric},
                                 {"value", json_number(evaluation.scores.tasks[t])}};
  json["mean"] = json_number(evaluation.scores.mean);
  if (evaluation.scores.argmax_accuracy) json["argmax_accuracy"] = *evaluation.scores.argmax_accuracy;
  return json;
}

/// What a tuning ended with.
struct Outcome {
  std::int64_t steps = 0;
  std::string stopped;  ///< why before the last step; empty: it was not
  TuneModel::Evaluation before;
  std::optional<TuneModel::Evaluation> after;
};

/// Costs and executions that are ahead.
nlohmann::ordered_json forecast(TuneModel& model, TuneRounds& rounds, const EndpointInfo& info,
                                const TuneRequest& request, const std::vector<std::size_t>& rows) {
  const auto evaluation = model.evaluation_programs(rows), step = model.step_programs();
  const auto first = with_probe(evaluation, model.device_programs()[0], info, request.model.shots);
  const double step_cost = rounds.cost(step);
  const double total = rounds.cost(first) + request.steps * step_cost + rounds.cost(evaluation);
  return {{"angles", model.tuned()},
          {"programs", model.programs().size()},
          {"executions", {{"evaluation", executions_of(evaluation)}, {"step", executions_of(step)}}},
          {"estimate", {{"total", total}, {"step", step_cost}, {"unit", rounds.unit()}}}};
}

Outcome tune(TuneModel& model, TuneRounds& rounds, const EndpointInfo& info, const TuneRequest& request,
             const std::vector<std::size_t>& rows) {
  const double evaluation_cost = rounds.cost(model.evaluation_programs(rows));
  const auto before = rounds.execute(
      "before",
      with_probe(model.evaluation_programs(rows), model.device_programs()[0], info, request.model.shots),
      evaluation_cost);
  if (!before)
    throw usage_error("--max-cost: expected enough for the samples before and after the steps (" +
                      std::to_string(2 * evaluation_cost) + " " + rounds.unit() + "), found " +
                      std::to_string(*request.ceiling) + "; nothing was sent");
  Outcome outcome;
  outcome.before = model.evaluate(rows, {before->begin() + 1, before->end()});
  while (model.steps() < request.steps) {
    const auto counts = rounds.execute(step_name(model.steps() + 1), model.step_programs(), evaluation_cost);
    if (!counts) {
      outcome.stopped = "the next step and the evaluation after it do not fit under --max-cost";
      break;
    }
    model.take_step(*counts);
    spdlog::info("step {} of {}: loss {:.4f} on its batch, {:.6g} {} spent", model.steps(), request.steps,
                 model.last_loss(), rounds.spent(), rounds.unit());
  }
  outcome.steps = model.steps();
  const auto after =
      rounds.execute("after-" + step_name(model.steps()), model.evaluation_programs(rows), 0.0);
  if (after) outcome.after = model.evaluate(rows, *after);
  return outcome;
}

std::string outcome_text(const Outcome& outcome, const ModelSpec& spec) {
  std::size_t width = 4;
  for (const TaskSpec& task : spec.tasks) width = std::max(width, task.name.size());
  std::string text(width + 2, ' ');
  text += "    before     after    change\n";
  const auto add = [&](std::string first, double before, double now) {
    char line[96];
    first.resize(width + 2, ' ');
    std::snprintf(line, sizeof line, "%10.4f%10.4f%+10.4f\n", before, now, now - before);
    text += first + line;
  };
  const TuneModel::Evaluation& after = outcome.after ? *outcome.after : outcome.before;
  for (std::size_t t = 0; t < spec.tasks.size(); ++t)
    add(spec.tasks[t].name, outcome.before.scores.tasks[t], after.scores.tasks[t]);
  add("mean", outcome.before.scores.mean, after.scores.mean);
  add("loss", outcome.before.loss, after.loss);
  return text;
}

}  // namespace

int replay_tune(const Comm& comm, const Arguments& args) {
  po::options_description own("Options of replay tune");
  add_tune_options(own);
  const auto options =
      parse_options(comm, usage, own, {"checkpoint"}, {"checkpoint", "endpoint", "out"}, args);
  if (!options) return 0;
  const ThreadLimit threads(find_cores(comm), options->common.threads);
  const TuneRequest request = read_request(*options);
  catch_stop_signals();

  Checkpoint checkpoint = load_checkpoint(comm, options->text("checkpoint"));
  Dataset data = load_dataset(comm, options->text_or("data", checkpoint.config.data_file));
  complete_tasks(data, finished_tasks(checkpoint.config.model));
  const auto learner = restore(comm, checkpoint, data, options->common.simd);
  const std::unique_ptr<Endpoint> endpoint = make_endpoint(read_endpoint(options->text("endpoint")));
  const EndpointInfo info = endpoint->info();
  TuneOptions model_options = request.model;
  if (model_options.max_qubits == 0) model_options.max_qubits = info.target.qubits;
  TuneModel model(checkpoint, data, *learner, info.target, model_options);
  const std::vector<std::size_t> rows = chosen_rows(data, request.validation, request.model.seed);
  TuneRounds rounds(*endpoint, {options->text("out"),
                                identity_of(checkpoint, data, info, options->text("endpoint"), request),
                                request.ceiling, request.retry});
  nlohmann::ordered_json json = forecast(model, rounds, info, request, rows);
  spdlog::info(
      "{} angles in {} programs, {} executions a step; estimated {:.6g} {} for {} steps and {} samples "
      "before and after",
      model.tuned(), model.programs().size(), json["executions"]["step"].get<std::int64_t>(),
      json["estimate"]["total"].get<double>(), rounds.unit(), request.steps, rows.size());
  if (options->values.at("dry-run").as<bool>()) {
    std::cout << json.dump(2) << std::endl;
    return 0;
  }

  const Outcome outcome = tune(model, rounds, info, request, rows);
  const std::string out = (std::filesystem::path(options->text("out")) / "tuned.h5").string();
  checkpoint.state.params = model.params();
  write_checkpoint(out, checkpoint);
  json["checkpoint"] = out;
  json["run_hash"] = run_hash(checkpoint.state);
  json["steps"] = outcome.steps;
  json["stopped"] = outcome.stopped;
  json["samples"] = rows.size();
  json["spent"] = {{"cost", rounds.spent()}, {"unit", rounds.unit()}, {"executions", rounds.executions()}};
  json["before"] = evaluation_json(outcome.before, learner->spec());
  json["after"] = outcome.after ? evaluation_json(*outcome.after, learner->spec()) : nullptr;
  if (options->common.json) {
    std::cout << json.dump(2) << std::endl;
    return 0;
  }
  std::cout << outcome_text(outcome, learner->spec()) << outcome.steps << " steps, " << rounds.executions()
            << " executions" << (outcome.stopped.empty() ? "" : "; stopped: " + outcome.stopped) << "\n"
            << out << std::endl;
  return 0;
}

}  // namespace qmtl
