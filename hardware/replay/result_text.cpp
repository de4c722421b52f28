// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/result_text.h"

#include "runtime/base/hash.h"
#include "runtime/base/json_field.h"

namespace qmtl {

using Json = nlohmann::ordered_json;

std::string result_text(const std::string& tag, const JobResult& result) {
  Json json{{"format", "qmtl-replay-result"}, {"version", 1}, {"tag", tag}, {"dropped", result.dropped}};
  if (result.cost) json["cost"] = *result.cost;
  json["missing"] = result.missing;
  json["counts"] = result.counts;
  // A service's words may hold anything; they must not make the counts unreadable.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string result_digest(const std::string& text) {
  Sha256 hash;
  hash.update(text);
  return hash.hex();
}

JobResult parse_result(const std::string& text, const std::string& file) {
  // Sorted: the counts of a row may have very many keys.
  const auto json = SortedJsonField::parse(text, json_file(file));
  if (json.at("format").text() != "qmtl-replay-result") json.at("format").wrong("\"qmtl-replay-result\"");
  json.at("version").integer(1, 1);
  JobResult result;
  result.dropped = json.at("dropped").count();
  if (const auto cost = json.find("cost")) result.cost = cost->number();
  for (const SortedJsonField& words : json.at("missing").list()) result.missing.push_back(words.text());
  for (const SortedJsonField& sweep : json.at("counts").list()) {
    std::vector<Counts>& rows = result.counts.emplace_back();
    for (const SortedJsonField& row : sweep.list()) {
      Counts& counts = rows.emplace_back();
      for (const auto& [bits, count] : row.members())
        counts[bits] = static_cast<Counts::mapped_type>(count.count());
    }
  }
  return result;
}

namespace {

[[noreturn]] void malformed(const std::string& where, const std::string& expected, const std::string& found) {
  throw EndpointError(EndpointFault::malformed, where + ": expected " + expected + ", found " + found +
                                                    "; the service's answer makes no sense, ask it");
}

void check_counts(const std::string& where, const Counts& counts, const DeviceJob& job, const Sweep& sweep,
                  bool may_miss) {
  std::uint64_t shots = 0;
  for (const auto& [bits, count] : counts) {
    if (bits.size() != sweep.program.measured.size() || bits.find_first_not_of("01") != std::string::npos)
      malformed(where, std::to_string(sweep.program.measured.size()) + " bits",
                "'" + bits.substr(0, 80) + "'");
    shots += count;
  }
  if (shots > static_cast<std::uint64_t>(job.shots) || (shots == 0 && !may_miss))
    malformed(where, std::to_string(job.shots) + " shots", std::to_string(shots));
}

}  // namespace

void check_result(const DeviceJob& job, const JobResult& result) {
  const std::string where = "results of job " + job.tag;
  if (result.counts.size() != job.sweeps.size())
    malformed(where, std::to_string(job.sweeps.size()) + " sweeps", std::to_string(result.counts.size()));
  for (std::size_t s = 0; s < job.sweeps.size(); ++s) {
    const std::string sweep = where + ", sweep " + std::to_string(s);
    if (result.counts[s].size() != job.sweeps[s].rows)
      malformed(sweep, std::to_string(job.sweeps[s].rows) + " rows", std::to_string(result.counts[s].size()));
    for (std::size_t r = 0; r < job.sweeps[s].rows; ++r)
      check_counts(sweep + ", row " + std::to_string(r), result.counts[s][r], job, job.sweeps[s],
                   !result.missing.empty() || result.dropped > 0);
  }
}

}  // namespace qmtl
