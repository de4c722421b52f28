// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/program/doctor_checks.h"
#include "tools/program/options.h"

namespace qmtl {
namespace {

const Usage usage{
    "qmtl doctor [options]",
    "Looks at what training needs (MPI, ranks, threads and binding, SIMD, memory, HDF5, disk) and says how "
    "to\n"
    "fix each problem. Under mpirun it shows what every rank sees. Ends with 0, or 3 if something is wrong.",
    "  qmtl doctor\n  mpirun -n 4 --bind-to none qmtl doctor"};

nlohmann::ordered_json findings_json(const std::vector<Finding>& findings) {
  auto list = nlohmann::ordered_json::array();
  for (const Finding& finding : findings)
    list.push_back({{"topic", finding.topic}, {"found", finding.value}, {"cure", finding.cure}});
  return list;
}

}  // namespace

int doctor_command(const Ranks& ranks, const Arguments& args) {
  const auto options = parse_options(ranks, usage, {}, {}, {}, args);
  if (!options) return 0;
  const Cores cores = find_cores(ranks);
  const auto findings = find_problems(ranks, cores, options->common.threads);
  // Ranks other than 0 report only what differs between ranks: their binding.
  std::string binding;
  for (const Finding& finding : findings)
    if (finding.topic == "threads") binding = finding.value;
  const auto bindings = ranks.gather(binding);
  std::int64_t problems = 0;
  for (const Finding& finding : findings) problems += !finding.cure.empty();
  ranks.max({&problems, 1});
  if (ranks.root() && options->common.json) {
    nlohmann::ordered_json json;
    json["problems"] = problems;
    json["findings"] = findings_json(findings);
    json["ranks"] = bindings;
    std::cout << json.dump(2) << std::endl;
  } else if (ranks.root()) {
    for (const Finding& finding : findings) {
      std::printf("%-6s %-8s %s\n", finding.cure.empty() ? "ok" : "FIX", finding.topic.c_str(),
                  finding.value.c_str());
      if (!finding.cure.empty()) std::printf("                 -> %s\n", finding.cure.c_str());
    }
    for (std::size_t rank = 1; rank < bindings.size(); ++rank)
      std::printf("       rank %-3zu %s\n", rank, bindings[rank].c_str());
    std::fflush(stdout);
  }
  return problems == 0 ? 0 : static_cast<int>(Exit::data);
}

}  // namespace qmtl
