// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/export/export.h"

#include <algorithm>
#include <iostream>

#include "distributed/launch/cores.h"
#include "runtime/base/error.h"
#include "tools/program/options.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

Usage usage() {
  std::string description =
      "Writes the trained model of a checkpoint or run folder in another form, and checks it.\nForms:\n";
  for (const ExportFormat* format : export_formats()) {
    std::string name(format->name);
    name.resize(std::max<std::size_t>(name.size() + 1, 12), ' ');
    description.append("  " + name).append(format->summary).append("\n");
  }
  return {"qmtl export CHECKPOINT --to FORM --out PATH [options]", description,
          "  qmtl export runs/digits --to qasm3 --out digits.qasm"};
}

void add_options(po::options_description& own) {
  own.add_options()("to", po::value<std::string>()->value_name("FORM"), "form of the result, see above")(
      "out,o", po::value<std::string>()->value_name("PATH"), "file (or folder) to write")(
      "data", po::value<std::string>()->value_name("FILE"), "another data set than the one of training")(
      "samples", po::value<std::int64_t>()->value_name("N"),
      "samples of the test split that bound programs are made for and checks use (default 16)")(
      "overwrite", "replace what is there");
  for (const ExportOption& option : export_options()) {
    const std::string name(option.name), help(option.help);
    if (option.argument.empty())
      own.add_options()(name.c_str(), help.c_str());
    else
      own.add_options()(name.c_str(), po::value<std::string>()->value_name(std::string(option.argument)),
                        help.c_str());
  }
}

std::map<std::string, std::string> own_options(const Options& options) {
  std::map<std::string, std::string> given;
  for (const ExportOption& option : export_options())
    if (const std::string name(option.name); options.has(name))
      given[name] = option.argument.empty() ? "" : options.text(name);
  return given;
}

ExportRequest read_request(const Options& options) {
  ExportRequest request;
  request.checkpoint = options.text("checkpoint");
  request.data = options.text_or("data", "");
  request.format = options.text("to");
  request.out = options.text("out");
  request.overwrite = options.has("overwrite");
  request.simd = options.common.simd;
  if (options.has("samples")) {
    const std::int64_t samples = options.values["samples"].as<std::int64_t>();
    if (samples < 1) throw usage_error("--samples: expected at least 1, found " + std::to_string(samples));
    request.samples = static_cast<std::size_t>(samples);
  }
  request.options = read_export_options(export_format(request.format), own_options(options));
  return request;
}

/// Lines "key: value"; lists and objects on one line.
void print_lines(const nlohmann::ordered_json& json) {
  for (const auto& [key, value] : json.items())
    std::cout << key << ": " << (value.is_string() ? value.get<std::string>() : value.dump()) << "\n";
  std::cout << std::flush;
}

}  // namespace

int export_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of export");
  add_options(own);
  const auto options = parse_options(ranks, usage(), own, {"checkpoint"}, {"checkpoint", "to", "out"}, args);
  if (!options) return 0;
  const ThreadLimit threads(find_cores(ranks), options->common.threads);
  const auto told = export_model(ranks, read_request(*options));
  if (options->common.json)
    std::cout << told.dump(2) << std::endl;
  else if (!options->common.quiet)
    print_lines(told);
  return 0;
}

}  // namespace qmtl
