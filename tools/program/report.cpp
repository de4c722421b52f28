// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/report/report.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "runtime/base/json_field.h"
#include "tools/program/options.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl report PATH... [--out FILE] [options]",
    "Writes one self-contained HTML page about run folders, comparisons (compare.json), scaling studies\n"
    "(scale.json), noise sweeps (noise.json), replays (replay.json) and evaluations (eval --out), or "
    "folders\n"
    "that hold such files. A run folder's own replays and evaluations (evaluation-*.json) are shown with it. "
    "It\n"
    "opens without a network. The default output is report.html in the folder of the first PATH.",
    "  qmtl report runs/digits\n  qmtl report runs/quantum runs/linear compare.json --out report.html"};

}  // namespace

int report_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of report");
  own.add_options()("out,o", po::value<std::string>()->value_name("FILE"), "the page to write")(
      "title", po::value<std::string>()->value_name("TEXT"),
      "its heading (default: the section's, or \"qmtl report\")");
  const auto options = parse_options(ranks, usage, own, {"path..."}, {"path"}, args);
  if (!options) return 0;
  const ReportResult written =
      write_report_page({options->values.at("path").as<std::vector<std::string>>(),
                         options->text_or("out", ""), options->text_or("title", "")});

  if (options->common.json) {
    auto list = nlohmann::ordered_json::array();
    for (const ReportResult::Part& section : written.sections)
      list.push_back({{"kind", section.kind}, {"title", section.title}});
    const nlohmann::ordered_json result{{"out", written.out}, {"bytes", written.bytes}, {"sections", list}};
    std::cout << json_text(result, 2) << std::endl;
  } else if (!options->common.quiet) {
    std::cout << "report       " << written.out << " (" << written.bytes << " bytes)\n";
    for (const ReportResult::Part& section : written.sections)
      std::cout << "section      " << section.title << "\n";
    std::cout << std::flush;
  }
  return 0;
}

}  // namespace qmtl
