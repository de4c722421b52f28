// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <iostream>

#include "distributed/launch/cores.h"
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
    "With --noise, --shots or another option of a noisy device also the metrics there, beside the exact "
    "ones.",
    "  qmtl eval runs/digits --split test\n"
    "  qmtl eval runs/digits --noise noise.toml --shots 1024\n"
    "  mpirun -n 4 --bind-to none qmtl eval runs/digits/checkpoints/last.h5 --json"};

nlohmann::ordered_json noisy_json(const NoisyScores& noisy, const ModelSpec& spec) {
  nlohmann::ordered_json json = noisy.about;
  auto& tasks = json["tasks"] = nlohmann::ordered_json::object();
  for (std::size_t t = 0; t < spec.tasks.size(); ++t)
    tasks[spec.tasks[t].name] = {{"metric", spec.tasks[t].metric}, {"value", noisy.scores.tasks[t]}};
  json["mean"] = noisy.scores.mean;
  if (noisy.scores.argmax_accuracy) json["argmax_accuracy"] = *noisy.scores.argmax_accuracy;
  return json;
}

/// Exact and noisy scores side by side.
std::string noisy_text(const NoisyScores& noisy, const Scores& exact, const ModelSpec& spec) {
  std::size_t width = 13;
  for (const TaskSpec& task : spec.tasks) width = std::max(width, task.name.size());
  std::string text;
  const auto add = [&](std::string first, double before, double now) {
    first.resize(std::max(first.size(), width + 2), ' ');
    text += first + fmt::format("{:10.4f}{:10.4f}{:+10.4f}\n", before, now, now - before);
  };
  std::string head = "noisy device";
  head.resize(width + 2, ' ');
  text += "\n" + head + "     exact     noisy    change\n";
  for (std::size_t t = 0; t < spec.tasks.size(); ++t)
    add(spec.tasks[t].name, exact.tasks[t], noisy.scores.tasks[t]);
  add("mean", exact.mean, noisy.scores.mean);
  if (exact.argmax_accuracy && noisy.scores.argmax_accuracy)
    add("largest logit", *exact.argmax_accuracy, *noisy.scores.argmax_accuracy);
  const auto shots = noisy.about["shots"].get<std::int64_t>();
  return text + fmt::format("{}, {}, cones of {} qubits ({} at once), {:.1f} s\n",
                            noisy.about["method"].get<std::string>(),
                            shots ? std::to_string(shots) + " shots a circuit" : "exact expectations",
                            noisy.about["cone"].get<int>(), noisy.about["qubits_alive"].get<int>(),
                            noisy.about["seconds"].get<double>());
}

}  // namespace

int eval_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of eval");
  own.add_options()("split", po::value<std::string>()->value_name("NAME"),
                    "train, validation or test (default)")(
      "data", po::value<std::string>()->value_name("FILE"), "another data set than the one of training");
  add_noise_options(own);
  const auto options = parse_options(ranks, usage, own, {"checkpoint"}, {"checkpoint"}, args);
  if (!options) return 0;
  ranks.together([&] { refuse_set(*options, "eval", "the checkpoint"); });
  const ThreadLimit threads(find_cores(ranks), options->common.threads);
  EvalRequest request{.checkpoint = options->text("checkpoint"),
                      .split = options->text_or("split", "test"),
                      .data = options->text_or("data", ""),
                      .simd = options->common.simd};
  ranks.together([&] {
    parse_split(request.split);  // a wrong word is told before a wrong file
    request.noise = read_noise_request(*options);
  });
  const EvalOutcome outcome = score_checkpoint(ranks, request);
  if (!ranks.root()) return 0;
  const ModelSpec& spec = outcome.model;
  if (const std::string warning = baseline_warning(outcome.report, spec); !warning.empty())
    spdlog::warn("{}", warning);
  if (options->common.json) {
    auto json = report_json(outcome.report, spec);
    if (outcome.noisy) json["noise"] = noisy_json(*outcome.noisy, spec);
    std::cout << json.dump(2) << std::endl;
  } else {
    std::cout << report_text(outcome.report, spec)
              << (outcome.noisy ? noisy_text(*outcome.noisy, outcome.report.scores, spec) : "") << std::flush;
  }
  return 0;
}

}  // namespace qmtl
