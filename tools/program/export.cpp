// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <array>
#include <filesystem>
#include <iostream>

#include "runtime/base/error.h"
#include "runtime/train/transfer.h"
#include "distributed/launch/cores.h"
#include "tools/workflows/export/format.h"
#include "tools/workflows/training/load.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const std::vector<ExportFormat> formats{qasm3_format,  isa_format, qasm2_format, ionq_format,
                                        edge_format(), c_format(), onnx_format()};

Usage usage() {
  std::string description =
      "Writes the trained model of a checkpoint or run folder in another form, and checks it.\nForms:\n";
  for (const ExportFormat& format : formats) {
    std::string name(format.name);
    name.resize(std::max<std::size_t>(name.size() + 1, 12), ' ');
    description += "  " + name + format.summary + "\n";
  }
  return {"qmtl export CHECKPOINT --to FORM --out PATH [options]", description,
          "  qmtl export runs/digits --to qasm3 --out digits.qasm"};
}

std::string known_names() {
  std::string text;
  for (const ExportFormat& format : formats) text += std::string(text.empty() ? "" : ", ") + format.name;
  return text;
}

/// Lines "key: value"; lists and objects on one line.
void print_lines(const nlohmann::ordered_json& json) {
  for (const auto& [key, value] : json.items())
    std::cout << key << ": " << (value.is_string() ? value.get<std::string>() : value.dump()) << "\n";
  std::cout << std::flush;
}

}  // namespace

std::span<const ExportFormat> export_formats() { return formats; }

int export_command(const Comm& comm, const Arguments& args) {
  po::options_description own("Options of export");
  own.add_options()("to", po::value<std::string>()->value_name("FORM"), "form of the result, see above")(
      "out,o", po::value<std::string>()->value_name("PATH"), "file (or folder) to write")(
      "data", po::value<std::string>()->value_name("FILE"), "another data set than the one of training")(
      "samples", po::value<std::int64_t>()->value_name("N"),
      "samples of the test split that bound programs are made for and checks use (default 16)")(
      "overwrite", "replace what is there");
  for (const ExportFormat& format : formats)
    if (format.add_options) format.add_options(own);
  const auto options = parse_options(comm, usage(), own, {"checkpoint"}, {"checkpoint", "to", "out"}, args);
  if (!options) return 0;
  const ThreadLimit threads(find_cores(comm), options->common.threads);
  const std::string& to = options->text("to");
  const ExportFormat* format = nullptr;
  for (const ExportFormat& row : formats)
    if (to == row.name) format = &row;
  if (!format) throw usage_error("--to: expected one of " + known_names() + ", found '" + to + "'");
  const std::string& out = options->text("out");
  if (std::filesystem::exists(out) && !options->has("overwrite"))
    throw usage_error(out + ": expected nothing of that name; use --overwrite or another --out");
  const std::int64_t samples = options->has("samples") ? options->values["samples"].as<std::int64_t>() : 16;
  if (samples < 1) throw usage_error("--samples: expected at least 1, found " + std::to_string(samples));

  const Checkpoint checkpoint = load_checkpoint(comm, options->text("checkpoint"));
  Dataset data = load_dataset(comm, options->text_or("data", checkpoint.config.data_file));
  complete_tasks(data, finished_tasks(checkpoint.config.model));
  const auto learner = restore(comm, checkpoint, data, options->common.simd);
  auto rows = data.rows(Split::test);
  if (rows.empty()) rows = data.rows(Split::train);
  rows.resize(std::min(rows.size(), static_cast<std::size_t>(samples)));
  const auto json = format->write({checkpoint, *learner, data, rows, *options, out});
  if (options->common.json)
    std::cout << json.dump(2) << std::endl;
  else if (!options->common.quiet)
    print_lines(json);
  return 0;
}

}  // namespace qmtl
