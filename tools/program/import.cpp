// SPDX-License-Identifier: Apache-2.0
#include "io/import/import.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <iostream>

#include "io/data/dataset.h"
#include "io/draft/draft.h"
#include "io/files/atomic_file.h"
#include "tools/program/options.h"
#include "tools/program/progress.h"
#include "tools/program/text/describe.h"
#include "tools/program/text/import.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl import DESCRIPTION [--out FILE] [options]\n       qmtl import --draft TABLE [--label NAME]... "
    "[--out FILE]",
    "Makes a data set (HDF5) from tables (CSV, ARFF), arrays (NPY, NPZ, IDX, HDF5) and folders of pictures, "
    "as a\n"
    "TOML description says; io/FORMATS.md has every key. The default output is the description's name with "
    ".h5.\n"
    "Says what it found: rows, missing cells, classes with their names and counts, and what it had to "
    "guess.\n"
    "--draft writes a description to edit: what every column of a table (array of an archive, class of a "
    "folder "
    "of\n"
    "pictures) holds, and a proposal of inputs, tasks and split. It imports as it is where the label is "
    "told.",
    "  qmtl import --draft pets.csv --label species        # writes pets-import.toml\n"
    "  qmtl import benchmarks/digits/import.toml --out benchmarks/digits/digits.h5"};

/// Every guess on a line of its own.
[[noreturn]] void refuse_guesses(const std::string& description, const ImportReport& report) {
  std::string text = description + ": --strict: expected a description that leaves nothing to guess, found " +
                     std::to_string(report.guesses.size()) +
                     (report.guesses.size() == 1 ? " guess:" : " guesses:");
  for (const Guess& guess : report.guesses) text += "\n  " + guess_text(guess);
  throw data_error(text);
}

/// Writes a description instead of a data set.
int draft(const Options& options, WorkPrinter& printer) {
  if (options.has("description"))
    throw usage_error("--draft: expected no description beside it, found '" + options.text("description") +
                      "'");
  DraftRequest request;
  request.source = options.text("draft");
  std::filesystem::path table(request.source);
  if (!table.has_filename()) table = table.parent_path();
  request.description = options.text_or("out", table.stem().string() + "-import.toml");
  if (options.has("label")) request.labels = options.values["label"].as<std::vector<std::string>>();
  if (std::filesystem::exists(request.description) && !options.has("overwrite"))
    throw usage_error(request.description +
                      ": expected no such file, found one; use --overwrite or another --out");
  const std::string text = draft_description(
      request,
      [&](const std::string& what, std::uint64_t done, std::uint64_t all) { printer.step(what, done, all); });
  printer.finish();
  write_file(request.description, text);
  if (options.common.json)
    std::cout << nlohmann::ordered_json{{"description", request.description}}.dump(2) << std::endl;
  else
    spdlog::info("{} is written; read it, edit it, then: qmtl import {}", request.description,
                 request.description);
  return 0;
}

}  // namespace

int import_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of import");
  own.add_options()("out,o", po::value<std::string>()->value_name("FILE"), "the data set to write")(
      "overwrite", "replace an existing file")("strict", "refuse what has to be guessed")(
      "draft", po::value<std::string>()->value_name("TABLE"),
      "write a description of this table, archive of arrays or folder of pictures instead")(
      "label", po::value<std::vector<std::string>>()->value_name("NAME"),
      "with --draft: a column that is a label; may be given several times")(
      "progress-every", po::value<double>()->value_name("SECONDS")->default_value(10, "10"),
      "with plain progress: a line so often");
  const auto options = parse_options(ranks, usage, own, {"description"}, {}, args);
  if (!options) return 0;
  WorkPrinter printer(ProgressPrinter::choose(options->common.progress, options->common.quiet),
                      options->values["progress-every"].as<double>());
  if (options->has("draft")) return draft(*options, printer);
  if (options->has("label"))
    throw usage_error("--label: expected --draft beside it; a description names its labels itself");
  if (!options->has("description"))
    throw usage_error("expected a description, found none; `qmtl import --draft TABLE` writes one to edit");
  const std::string& description = options->text("description");
  const std::string out =
      options->text_or("out", std::filesystem::path(description).replace_extension(".h5").string());
  if (std::filesystem::exists(out) && !options->has("overwrite"))
    throw usage_error(out + ": expected no such file, found one; use --overwrite or another --out");
  const Imported imported = import_with_report(
      description,
      [&](const std::string& what, std::uint64_t done, std::uint64_t all) { printer.step(what, done, all); });
  const ImportReport& report = imported.report;
  if (options->has("strict") && !report.guesses.empty()) refuse_guesses(description, report);
  printer.step("writing " + out, 0, 0);
  write_dataset(out, imported.data);
  printer.finish();
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
