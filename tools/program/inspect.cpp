// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "io/data/dataset.h"
#include "io/edge/file.h"
#include "io/hdf5/hdf5.h"
#include "tools/program/describe.h"
#include "tools/program/describe_edge.h"
#include "tools/workflows/studies/gradients.h"
#include "tools/workflows/training/load.h"
#include "tools/program/options.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{"qmtl inspect FILE [options]",
                  "Shows what is in a data set, a checkpoint, the best checkpoint of a run folder or a head "
                  "file (.qmh): sizes, "
                  "parameters per\n"
                  "part, tasks, hashes. The file is verified as a whole. With --gradients FILE is a training "
                  "configuration:\n"
                  "how its circuit's gradients spread over random parameters at several widths and depths.",
                  "  qmtl inspect runs/digits\n  qmtl inspect benchmarks/digits/digits.h5 --json\n"
                  "  qmtl inspect benchmarks/digits/digits.toml --gradients --depths 1,2,4 --widths 4,8,12"};

/// The root attribute that tells the project's files apart.
std::string format_of(const std::string& file) {
  return hdf5::File::open(file).string_attribute("/", "format").value_or("");
}

}  // namespace

int inspect_command(const Comm& comm, const Arguments& args) {
  po::options_description own("Options of inspect");
  add_gradient_options(own);
  const auto options = parse_options(comm, usage, own, {"file"}, {"file"}, args);
  if (!options) return 0;
  if (options->has("gradients")) return inspect_gradients(comm, *options);
  if (is_edge_file(options->text("file"))) {
    const auto about = edge_json(read_edge(options->text("file")), options->text("file"));
    std::cout << (options->common.json ? about.dump(2) + "\n" : edge_text(about)) << std::flush;
    return about["selftest"] == "equal" ? 0 : static_cast<int>(Exit::data);
  }
  const std::string file = checkpoint_file(options->text("file"));
  const std::string format = format_of(file);
  const bool json = options->common.json;
  if (format == "qmtl-dataset") {
    const Dataset data = read_dataset(file);
    std::cout << (json ? dataset_json(data, file).dump(2) + "\n" : dataset_text(data, file));
  } else if (format == "qmtl-checkpoint") {
    const Checkpoint checkpoint = read_checkpoint(file);
    std::cout << (json ? checkpoint_json(checkpoint, file).dump(2) + "\n"
                       : checkpoint_text(checkpoint, file));
  } else {
    throw data_error(
        file + ": expected the root attribute format = \"qmtl-dataset\" or \"qmtl-checkpoint\", found " +
        (format.empty() ? "none" : "\"" + format + "\"") + "; `qmtl import` makes data sets");
  }
  std::cout << std::flush;
  return 0;
}

}  // namespace qmtl
