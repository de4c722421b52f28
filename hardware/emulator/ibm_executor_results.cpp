// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "hardware/emulator/ibm_executor.h"
#include "hardware/emulator/ibm_results.h"
#include "hardware/formats/wire_tensor.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

/// The bits of one register in every shot of every row.
WireTensor register_bits(const EmulatedRun& run, const std::vector<Counts>& counts, std::size_t first,
                         std::size_t bits) {
  std::size_t shots = static_cast<std::size_t>(run.shots);
  for (const Counts& row : counts) {
    shots = 0;
    for (const auto& [text, count] : row) shots += count;
  }
  std::vector<std::size_t> shape = run.shape;
  shape.push_back(shots);
  shape.push_back(bits);
  WireTensor tensor = tensor_of_bits(shape);
  std::size_t at = 0;
  for (const Counts& row : counts)
    for (const auto& [text, count] : row)
      for (std::uint64_t shot = 0; shot < count; ++shot)
        for (std::size_t bit = 0; bit < bits && at < tensor.size(); ++bit, ++at)
          if (text[text.size() - 1 - first - bit] == '1') set_bit(tensor, at);
  return tensor;
}

Json chunk_timing(const EmulatedJob& job) {
  Json parts = Json::array();
  for (std::size_t r = 0; r < job.runs.size(); ++r) {
    Json permutation = Json::array();
    for (std::size_t axis = 0; axis < job.runs[r].shape.size(); ++axis) permutation.push_back(axis);
    parts.push_back({{"idx_item", r},
                     {"size", job.runs[r].sweep.rows},
                     {"permutation", permutation},
                     {"element_range", {0, job.runs[r].sweep.rows, 1}}});
  }
  return Json::array({{{"start", iso_time(job.created)},
                       {"stop", iso_time(job.created + device_seconds(job))},
                       {"parts", parts}}});
}

}  // namespace

Json ibm_executor_results(const EmulatedJob& job, const std::vector<std::vector<Counts>>& counts,
                          bool bad_zlib) {
  Json data = Json::array();
  for (std::size_t r = 0; r < counts.size(); ++r) {
    Json results = Json::object();
    std::size_t first = 0;
    for (const QasmRegister& row : job.runs[r].registers) {
      const auto bits = static_cast<std::size_t>(row.bits);
      Json tensor = tensor_json<Json>(register_bits(job.runs[r], counts[r], first, bits));
      if (bad_zlib) damage_zlib(tensor["data"].get_ref<std::string&>());
      results[row.name] = std::move(tensor);
      first += bits;
    }
    for (const auto& [name, flips] : job.runs[r].flips) results[name] = tensor_json<Json>(flips);
    data.push_back({{"results", std::move(results)},
                    {"metadata", {{"scheduler_timing", nullptr}, {"stretch_values", nullptr}}}});
  }
  const Json& program = job.request["params"]["quantum_program"];
  return {{"schema_version", "v2.0"},
          {"data", std::move(data)},
          {"metadata", {{"chunk_timing", chunk_timing(job)}}},
          {"passthrough_data", program.value("passthrough_data", Json())},
          {"semantic_role", program.value("semantic_role", Json())}};
}

}  // namespace qmtl
