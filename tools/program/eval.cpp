// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "distributed/launch/cores.h"
#include "io/files/atomic_file.h"
#include "runtime/base/json_field.h"
#include "runtime/base/names.h"
#include "runtime/base/text.h"
#include "runtime/model/threshold.h"
#include "tools/program/noise_options.h"
#include "tools/program/options.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/score.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl eval CHECKPOINT [options]",
    "Metrics of a checkpoint, or of a run folder's best one, on a split of its data set or of another one.\n"
    "Beside each score stands that of the best constant answer, learnt from the training labels. With "
    "--noise,\n"
    "--shots or another option of a noisy device also the metrics there, beside the exact ones; without\n"
    "these options those on the device that a model was trained for (train.noise).",
    "  qmtl eval runs/digits --split test\n"
    "  qmtl eval runs/digits --threshold f1 --importance --out runs/digits/evaluation-test.json\n"
    "  qmtl eval runs/digits --noise noise.toml --shots 1024\n"
    "  mpirun -n 4 --bind-to none qmtl eval runs/digits/checkpoints/last.h5 --json"};

/// Exact and noisy scores side by side.
std::string noisy_text(const NoisyScores& noisy, const Scores& exact, const ModelSpec& spec) {
  std::vector<std::vector<std::string>> rows{{"noisy device", "exact", "noisy", "change"}};
  const auto add = [&](const std::string& first, double before, double now) {
    rows.push_back({first, fmt::format("{:.4f}", before), fmt::format("{:.4f}", now),
                    fmt::format("{:+.4f}", now - before)});
  };
  for (std::size_t t = 0; t < spec.tasks.size(); ++t)
    add(spec.tasks[t].name, exact.tasks[t], noisy.scores.tasks[t]);
  add("mean", exact.mean, noisy.scores.mean);
  if (exact.argmax_accuracy && noisy.scores.argmax_accuracy)
    add("largest logit", *exact.argmax_accuracy, *noisy.scores.argmax_accuracy);
  const auto shots = noisy.about["shots"].get<std::int64_t>();
  const int cone = noisy.about["cone"].get<int>();
  return "\n" + text_table(rows) +
         fmt::format("{}{}, {}{}, {:.1f} s\n",
                     noisy.about["file"] == "train.noise" ? "the device that was trained for: " : "",
                     noisy.about["method"].get<std::string>(),
                     shots ? std::to_string(shots) + " shots a circuit" : "exact expectations",
                     cone ? fmt::format(", cones of {} qubits ({} at once)", cone,
                                        noisy.about["qubits_alive"].get<int>())
                          : std::string(),
                     noisy.about["seconds"].get<double>());
}

constexpr std::size_t most_features = 20;

int read_repeats(int repeats) {
  if (repeats < 1 || repeats > 100000)
    throw usage_error("--importance: expected 1 to 100000 repeats, found " + std::to_string(repeats));
  return repeats;
}

void check_threshold(const std::string& metric) {
  std::vector<std::string> known = metrics_with_threshold();
  if (std::find(known.begin(), known.end(), metric) != known.end()) return;
  known.push_back("own");
  throw usage_error("--threshold: expected a metric that depends on a threshold, " + one_of(known, metric) +
                    ", found '" + metric + "'");
}

/// An earlier evaluation may be replaced, anything else not.
void check_out(const std::string& out) {
  if (std::filesystem::exists(out) && read_file(out).find("\"qmtl-eval\"") == std::string::npos)
    throw usage_error("--out: expected no such file or an earlier evaluation, found another file in " + out +
                      "; choose another name");
}

/// Few classes are shown without being asked for.
std::string classes_part(const Report& report, const ModelSpec& spec, bool asked) {
  constexpr std::size_t most_lines = 24;
  const std::size_t lines = classes_lines(report.classes);
  if (asked || lines <= most_lines) return classes_text(spec, report.classes, asked);
  return fmt::format(
      "\n--classes shows precision, recall, F1, confusions and calibration of every class ({} lines)\n",
      lines);
}

}  // namespace

int eval_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of eval");
  own.add_options()("split", po::value<std::string>()->value_name("NAME"),
                    "train, validation or test (default)")(
      "data", po::value<std::string>()->value_name("FILE"),
      "another data set than the one of training, or a table with labels, read as predict does")(
      "threshold", po::value<std::string>()->value_name("METRIC"),
      "decide at the thresholds that this metric (own: each task's own) likes best on validation, not at "
      "probabilities of one half")("importance", po::value<int>()->implicit_value(5)->value_name("REPEATS"),
                                   "how much scores drop when a feature's values are permuted")(
      "out,o", po::value<std::string>()->value_name("FILE"),
      "write the result as JSON, for qmtl report; in a run folder: evaluation-SPLIT.json")(
      "classes",
      "precision, recall, F1 and confusions of every class (by default where that is short), and calibration "
      "bin by bin");
  add_noise_options(own);
  const auto options = parse_options(ranks, usage, own, {"checkpoint"}, {"checkpoint"}, args);
  if (!options) return 0;
  const ThreadLimit threads(find_cores(ranks), options->common.threads);
  EvalRequest request{.checkpoint = options->text("checkpoint"),
                      .split = options->text_or("split", "test"),
                      .data = options->text_or("data", ""),
                      .simd = options->common.simd,
                      .threshold = options->text_or("threshold", "")};
  ranks.together([&] {
    parse_split(request.split);  // a wrong word is told before a wrong file
    request.noise = read_noise_request(*options);
    if (options->has("importance"))
      request.importance = read_repeats(options->values["importance"].as<int>());
    if (request.threshold != "own" && options->has("threshold")) check_threshold(request.threshold);
    if (ranks.root() && options->has("out")) check_out(options->text("out"));
  });
  const EvalOutcome outcome = score_checkpoint(ranks, request);
  const ModelSpec& spec = outcome.model;
  nlohmann::ordered_json json;
  ranks.together([&] {
    if (!ranks.root()) return;
    json = evaluation_json(outcome.report, spec);
    if (outcome.noisy) json["noise"] = noisy_json(*outcome.noisy, spec);
    if (options->has("out")) write_file(options->text("out"), json_text(json, 1) + "\n");
  });
  if (!ranks.root()) return 0;
  if (const std::string warning = baseline_warning(outcome.report, spec); !warning.empty())
    spdlog::warn("{}", warning);
  if (options->common.json)
    std::cout << json.dump(2) << std::endl;
  else
    std::cout << report_text(outcome.report, spec) << thresholds_text(outcome.report, spec)
              << classes_part(outcome.report, spec, options->has("classes"))
              << (outcome.report.importance ? importance_text(*outcome.report.importance, spec, most_features)
                                            : "")
              << (outcome.noisy ? noisy_text(*outcome.noisy, outcome.report.scores, spec) : "") << std::flush;
  return 0;
}

}  // namespace qmtl
