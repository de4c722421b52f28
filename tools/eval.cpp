#include <chrono>
#include <iostream>

#include "runtime/train/state.h"
#include "tools/cores.h"
#include "tools/load.h"
#include "tools/options.h"
#include "tools/results.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl eval CHECKPOINT [options]",
    "Metrics of a checkpoint, or of a run folder's best one, on a split of its data set or of another one.",
    "  qmtl eval runs/digits --split test\n"
    "  mpirun -n 4 --bind-to none qmtl eval runs/digits/checkpoints/last.h5 --json"};

Split parse_split(const std::string& text) {
  if (text == "train") return Split::train;
  if (text == "validation") return Split::validation;
  if (text == "test") return Split::test;
  throw usage_error("--split: expected train, validation or test, found '" + text + "'");
}

}  // namespace

int eval_command(const Comm& comm, const Arguments& args) {
  po::options_description own("Options of eval");
  own.add_options()("split", po::value<std::string>()->value_name("NAME"),
                    "train, validation or test (default)")(
      "data", po::value<std::string>()->value_name("FILE"), "another data set than the one of training");
  const auto options = parse_options(comm, usage, own, {"checkpoint"}, {"checkpoint"}, args);
  if (!options) return 0;
  const ThreadLimit threads(find_cores(comm), options->common.threads);
  const std::string split = options->text_or("split", "test");
  Split which = Split::test;
  comm.together([&] { which = parse_split(split); });

  const Checkpoint checkpoint = load_checkpoint(comm, options->text("checkpoint"));
  const std::string file = options->text_or("data", checkpoint.config.data_file);
  const Dataset data = load_dataset(comm, file);
  const auto rows = data.rows(which);
  comm.together([&] {
    if (rows.empty())
      throw data_error(file + ": expected samples of the split " + split +
                       ", found none; choose another --split");
  });
  const auto learner = restore(comm, checkpoint, data, options->common.simd);

  const auto start = std::chrono::steady_clock::now();
  Report report;
  report.scores = score_rows(comm, *learner, data, rows);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.samples_per_second = report.seconds > 0 ? static_cast<double>(rows.size()) / report.seconds : 0;
  report.run_hash = checkpoint.run_hash;
  report.checkpoint = checkpoint_file(options->text("checkpoint"));
  report.split = split;
  report.epochs = checkpoint.state.epoch;
  report.best_epoch = checkpoint.state.best_epoch;
  report.steps = checkpoint.state.step;
  report.parameters = count_parameters(learner->params());
  if (comm.root()) {
    if (options->common.json)
      std::cout << report_json(report, learner->spec()).dump(2) << std::endl;
    else
      std::cout << report_text(report, learner->spec()) << std::flush;
  }
  return 0;
}

}  // namespace qmtl
