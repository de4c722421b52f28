// SPDX-License-Identifier: Apache-2.0
#include "io/data/import.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <iostream>

#include "io/data/dataset.h"
#include "tools/program/options.h"
#include "tools/program/text/describe.h"
#include "tools/program/text/import.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl import DESCRIPTION [--out FILE] [options]",
    "Makes a data set (HDF5) from tables (CSV, ARFF), arrays (NPY, NPZ, IDX, HDF5) and folders of pictures, "
    "as a\n"
    "TOML description says; io/FORMATS.md has every key. The default output is the description's name with "
    ".h5.\n"
    "Says what it found: rows, missing cells, classes with their names and counts, and what it had to guess.",
    "  qmtl import benchmarks/digits/import.toml --out benchmarks/digits/digits.h5"};

/// Every guess on a line of its own.
[[noreturn]] void refuse_guesses(const std::string& description, const ImportReport& report) {
  std::string text = description + ": --strict: expected a description that leaves nothing to guess, found " +
                     std::to_string(report.guesses.size()) +
                     (report.guesses.size() == 1 ? " guess:" : " guesses:");
  for (const Guess& guess : report.guesses) text += "\n  " + guess_text(guess);
  throw data_error(text);
}

}  // namespace

int import_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of import");
  own.add_options()("out,o", po::value<std::string>()->value_name("FILE"), "the data set to write")(
      "overwrite", "replace an existing file")("strict", "refuse what has to be guessed");
  const auto options = parse_options(ranks, usage, own, {"description"}, {"description"}, args);
  if (!options) return 0;
  refuse_set(*options, "import", "the description");
  const std::string& description = options->text("description");
  const std::string out =
      options->text_or("out", std::filesystem::path(description).replace_extension(".h5").string());
  if (std::filesystem::exists(out) && !options->has("overwrite"))
    throw usage_error(out + ": expected no such file, found one; use --overwrite or another --out");
  const Imported imported = import_with_report(description);
  const ImportReport& report = imported.report;
  if (options->has("strict") && !report.guesses.empty()) refuse_guesses(description, report);
  write_dataset(out, imported.data);
  for (const Guess& guess : report.guesses) spdlog::warn("{}", guess_text(guess));
  const Dataset& data = imported.data;
  if (options->common.json) {
    nlohmann::ordered_json json = dataset_json(data, out);
    json["import"] = import_json(report);
    std::cout << json.dump(2) << std::endl;
  } else if (!options->common.quiet) {
    std::cout << dataset_text(data, out) << import_text(report) << std::flush;
  }
  return 0;
}

}  // namespace qmtl
