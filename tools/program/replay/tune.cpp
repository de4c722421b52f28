// SPDX-License-Identifier: Apache-2.0
#include "tools/program/replay/tune.h"

#include <iostream>

#include "distributed/launch/cores.h"
#include "runtime/base/error.h"
#include "runtime/train/optimiser.h"
#include "tools/program/options.h"
#include "tools/program/replay/options.h"
#include "tools/program/replay/tune_text.h"
#include "tools/program/signals.h"
#include "tools/program/work_clock.h"

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
      "qubits", po::value<std::string>()->value_name("LIST"),
      "use these qubits of the device alone, e.g. 0-19,25")(
      "avoid", po::value<std::string>()->value_name("LIST"),
      "use none of these qubits and couplers, e.g. 3,12:13")(
      "max-cost", po::value<double>(), "most that may be spent, in the endpoint's unit")(
      "in-flight", po::value<int>()->default_value(1),
      "paid jobs that may be under way at once: the ceiling may be passed by so many")(
      "data", po::value<std::string>()->value_name("FILE"), "another data set than the one of training")(
      "retry", po::bool_switch(), "send failed jobs again")("dry-run", po::bool_switch(),
                                                            "say what would be executed and what it costs");
  add_mitigation_options(own, "none");
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
  request.checkpoint = options.text("checkpoint");
  request.data = options.text_or("data", "");
  request.endpoint = options.text("endpoint");
  request.folder = options.text("out");
  request.simd = options.common.simd;
  request.model.rule = parse_tune_rule(options.text_or("rule", "shift"));
  request.model.optimiser = parse_optimiser(options.text("optimiser"));
  if (optimiser_info(request.model.optimiser).decoupled_decay)
    throw usage_error("--optimiser: expected adam or sgd, found '" + options.text("optimiser") +
                      "': there is no decay of angles");
  request.model.split = parse_head_split(options.text("head-split"));
  request.model.max_qubits = at_least(options, "max-qubits", 0);
  request.model.batch = at_least(options, "batch", 1);
  request.model.shots = at_least<std::int64_t>(options, "shots", 1);
  request.model.rate = positive(options, "rate");
  request.model.perturbation = positive(options, "perturbation");
  request.model.seed = options.values.at("seed").as<std::uint64_t>();
  request.qubits = options.text_or("qubits", "");
  request.avoid = options.text_or("avoid", "");
  request.steps = at_least(options, "steps", 0);
  request.validation = at_least(options, "validation", 1);
  read_mitigation_options(options, request.model.mitigation, request.noise);
  request.retry = options.values.at("retry").as<bool>();
  request.in_flight = at_least(options, "in-flight", 1);
  if (options.has("max-cost")) request.ceiling = options.values.at("max-cost").as<double>();
  if (request.ceiling && !(*request.ceiling >= 0))
    throw usage_error("--max-cost: expected 0 or more, found " + std::to_string(*request.ceiling));
  return request;
}

}  // namespace

int replay_tune(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of replay tune");
  add_tune_options(own);
  const auto options =
      parse_options(ranks, usage, own, {"checkpoint"}, {"checkpoint", "endpoint", "out"}, args);
  if (!options) return 0;
  const ThreadLimit threads(find_cores(ranks), options->common.threads);
  TuneRequest request = read_request(*options);
  request.stop = stop_requested;
  WorkClock clock(ProgressPrinter::choose(options->common.progress, options->common.quiet));
  request.working = clock.follower();
  if (options->values.at("dry-run").as<bool>()) {
    std::cout << tune_json(forecast_tuning(ranks, request)).dump(2) << std::endl;
    return 0;
  }
  const TuneOutcome outcome = tune(ranks, request);
  std::cout << (options->common.json ? tune_json(outcome).dump(2) + "\n" : tune_text(outcome)) << std::flush;
  return 0;
}

}  // namespace qmtl
