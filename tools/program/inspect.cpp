// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "tools/program/options.h"
#include "tools/program/text/describe.h"
#include "tools/program/text/describe_edge.h"
#include "tools/program/text/inspect_classical.h"
#include "tools/program/text/inspect_gradients.h"
#include "tools/workflows/inspect/known_file.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl inspect FILE [options]",
    "Shows what is in a data set, a checkpoint, the best checkpoint of a run folder or a head "
    "file (.qmh): sizes, "
    "parameters per\n"
    "part, tasks, hashes. The file is verified as a whole. With --gradients FILE is a training "
    "configuration:\n"
    "how its circuit's gradients spread over random parameters at several widths and depths. With\n"
    "--classical the terms of a trained head's expansion, and the fewest of them that reproduce its "
    "logits.",
    "  qmtl inspect runs/digits\n  qmtl inspect benchmarks/digits/digits.h5 --json\n"
    "  qmtl inspect benchmarks/digits/digits.toml --gradients --depths 1,2,4 --widths 4,8,12\n"
    "  qmtl inspect runs/digits --classical --epsilon 0.02",
    true};

/// Shows one kind of file; the result is the exit code.
struct Show {
  const std::string& file;
  bool json;

  int operator()(const Dataset& data) const {
    std::cout << (json ? json_text(dataset_json(data, file), 2) + "\n" : dataset_text(data, file))
              << std::flush;
    return 0;
  }
  int operator()(const Checkpoint& checkpoint) const {
    std::cout << (json ? json_text(checkpoint_json(checkpoint, file), 2) + "\n"
                       : checkpoint_text(checkpoint, file))
              << std::flush;
    return 0;
  }
  int operator()(const EdgeSummary& summary) const {
    const auto about = edge_json(summary, file);
    std::cout << (json ? json_text(about, 2) + "\n" : edge_text(about)) << std::flush;
    return static_cast<int>(summary.selftest == 0 ? Exit::ok : Exit::data);
  }
};

}  // namespace

int inspect_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of inspect");
  add_gradient_options(own);
  add_classical_options(own);
  const auto options = parse_options(ranks, usage, own, {"file"}, {"file"}, args);
  if (!options) return 0;
  if (options->has("gradients")) return inspect_gradients(ranks, *options);
  refuse_set(*options, "inspect without --gradients");
  if (options->has("classical")) return inspect_classical(ranks, *options);
  const KnownFile known = read_known_file(options->text("file"));
  return std::visit(Show{known.path, options->common.json}, known.content);
}

}  // namespace qmtl
