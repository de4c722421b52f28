// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/compare.h"

#include <cstdio>
#include <iostream>

#include "distributed/launch/cores.h"
#include "runtime/base/text.h"
#include "tools/program/options.h"
#include "tools/program/progress.h"
#include "tools/program/signals.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl compare FILE [options]",
    "Trains several heads (or variants of one) on the same splits and seeds, each tuned over the same grid "
    "on the\n"
    "validation rows, and compares them on the test rows: means, paired differences with intervals, "
    "parameters, time.\n"
    "Trials are spread over ranks and threads; what is done stays in the folder, and the same command goes "
    "on from "
    "there.\nWrites compare.json and table.md. io/FORMATS.md describes FILE.",
    "  qmtl compare benchmarks/digits/compare.toml\n"
    "  mpirun -n 4 --bind-to none qmtl compare benchmarks/ctg2/compare.toml --quick --folder /tmp/try",
    true};

std::size_t least_one(const Options& options, const char* key) {
  const int count = options.values[key].as<int>();
  if (count < 0)
    throw usage_error("--" + std::string(key) + ": expected a number of at least 1, found " +
                      std::to_string(count));
  return static_cast<std::size_t>(count);
}

CompareRequest request_of(const Options& options) {
  CompareRequest request{.file = options.text("file"), .overrides = options.common.set};
  request.folder = options.text_or("folder", "");
  request.seeds = least_one(options, "seeds");
  request.splits = least_one(options, "splits");
  request.quick = options.has("quick");
  request.design = options.has("design");
  request.confirm = options.has("confirm");
  request.simd = options.common.simd;
  if (options.has("variants")) request.variants = split(options.text("variants"), ',');
  return request;
}

void print(const TrialProgress& at) {
  std::fprintf(stderr, "%zu/%zu  %s %s seed %llu  validation %.4f  test %.4f  %.1f s  ETA %s\n", at.done,
               at.trials, visible(at.variant).c_str(), visible(at.split).c_str(),
               static_cast<unsigned long long>(at.seed), at.result.validation, at.result.mean,
               at.result.seconds, duration(at.seconds_left).c_str());
}

}  // namespace

int compare_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of compare");
  own.add_options()("folder", po::value<std::string>()->value_name("DIR"), "where results are kept")(
      "splits", po::value<int>()->default_value(0), "only the first N splits")(
      "seeds", po::value<int>()->default_value(0), "only the first N seeds")(
      "variants", po::value<std::string>()->value_name("A,B"), "only these variants")(
      "quick", "two splits, one seed, no tuning: does everything work?")(
      "design", "train nothing: print the design's hash, which a text of designs fixed beforehand can hold")(
      "confirm", "refuse to begin unless the design is registered in the text that FILE names");
  const auto options = parse_options(ranks, usage, own, {"file"}, {"file"}, args);
  if (!options) return 0;
  const ThreadLimit threads(find_cores(ranks), options->common.threads);
  CompareRequest request;
  ranks.together([&] { request = request_of(*options); });
  TrialFollower follower{stop_requested, {}};
  if (ranks.root() && !options->common.quiet) follower.done = print;
  const CompareOutcome outcome = compare_variants(ranks, request, follower);
  if (outcome.stopped) {
    if (ranks.root())
      std::cerr << "qmtl: stopped; finished trials are in " << visible(outcome.folder)
                << ", the same command goes on\n";
    return static_cast<int>(Exit::interrupted);
  }
  if (ranks.root())
    (options->common.json ? std::cout << outcome.json.dump(2) << '\n' : std::cout << outcome.table)
        << std::flush;
  return 0;
}

}  // namespace qmtl
