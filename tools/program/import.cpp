// SPDX-License-Identifier: Apache-2.0
#include "io/data/import.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <iostream>

#include "io/data/dataset.h"
#include "tools/program/describe.h"
#include "tools/program/options.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl import DESCRIPTION [--out FILE] [options]",
    "Makes a data set (HDF5) from tables (CSV), arrays (NPY, IDX, HDF5) and folders of pictures, as a TOML\n"
    "description says; io/FORMATS.md has every key. The default output is the description's name with .h5.",
    "  qmtl import benchmarks/digits/import.toml --out benchmarks/digits/digits.h5"};

}  // namespace

int import_command(const Comm& comm, const Arguments& args) {
  po::options_description own("Options of import");
  own.add_options()("out,o", po::value<std::string>()->value_name("FILE"), "the data set to write")(
      "overwrite", "replace an existing file");
  const auto options = parse_options(comm, usage, own, {"description"}, {"description"}, args);
  if (!options) return 0;
  const std::string& description = options->text("description");
  const std::string out =
      options->text_or("out", std::filesystem::path(description).replace_extension(".h5").string());
  if (std::filesystem::exists(out) && !options->has("overwrite"))
    throw usage_error(out + ": expected no such file, found one; use --overwrite or another --out");
  write_dataset(out, import_description(description));
  // What is reported is what the file holds.
  const Dataset data = read_dataset(out);
  if (options->common.json)
    std::cout << dataset_json(data, out).dump(2) << std::endl;
  else if (!options->common.quiet)
    std::cout << dataset_text(data, out) << std::flush;
  return 0;
}

}  // namespace qmtl
