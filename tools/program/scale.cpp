// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/scale.h"

#include <iostream>

#include "distributed/launch/cores.h"
#include "tools/program/commands.h"
#include "tools/program/options.h"
#include "tools/program/signals.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl scale FILE [options]",
    "Head parameters against the number of tasks T when the representation grows with T: counted from "
    "constructed\n"
    "models, with log-log slopes, and trained on class-subset tasks (is the class in the subset S_t?).\n"
    "Writes scale.json and table.md. io/FORMATS.md describes FILE.",
    "  qmtl scale benchmarks/scaling/scale.toml\n"
    "  mpirun -n 2 --bind-to none qmtl scale benchmarks/scaling/scale.toml --quick",
    true};

}  // namespace

int scale_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of scale");
  own.add_options()("folder", po::value<std::string>()->value_name("DIR"), "where results are written")(
      "quick", "at most 64 tasks counted and 8 trained, two epochs: does everything work?")("count-only",
                                                                                            "train nothing");
  const auto options = parse_options(ranks, usage, own, {"file"}, {"file"}, args);
  if (!options) return 0;
  const ThreadLimit threads(find_cores(ranks), options->common.threads);
  const ScaleRequest request{.file = options->text("file"),
                             .overrides = options->common.set,
                             .folder = options->text_or("folder", ""),
                             .quick = options->has("quick"),
                             .count_only = options->has("count-only"),
                             .simd = options->common.simd};
  const ScaleOutcome outcome = study_scale(ranks, request, stop_requested);
  if (outcome.stopped) return static_cast<int>(Exit::interrupted);
  if (ranks.root())
    (options->common.json ? std::cout << outcome.json.dump(2) << '\n' : std::cout << outcome.table)
        << std::flush;
  return 0;
}

}  // namespace qmtl
