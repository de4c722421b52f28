// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/ibm_results.h"

#include <algorithm>

#include "hardware/formats/packed_array.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

/// Shots of one row, one register: the bits of each, bit 0 rightmost.
std::vector<std::string> shots_of(const Counts& counts, std::size_t first, std::size_t bits) {
  std::vector<std::string> shots;
  for (const auto& [text, count] : counts)
    shots.insert(shots.end(), count, text.substr(text.size() - first - bits, bits));
  return shots;
}

std::string hex_of(const std::string& bits) {
  std::string digits;
  for (std::size_t end = bits.size(); end > 0; end -= std::min<std::size_t>(end, 4)) {
    const std::size_t begin = end - std::min<std::size_t>(end, 4);
    digits += "0123456789abcdef"[std::stoul(bits.substr(begin, end - begin), nullptr, 2)];
  }
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  return "0x" + std::string(digits.rbegin(), digits.rend());
}

/// A list of rows as lists within lists of the shape.
Json nested(const std::vector<Json>& rows, const std::vector<std::size_t>& shape, std::size_t depth,
            std::size_t& next) {
  if (depth == shape.size()) return rows[next++];
  Json list = Json::array();
  for (std::size_t i = 0; i < shape[depth]; ++i) list.push_back(nested(rows, shape, depth + 1, next));
  return list;
}

Json plain_pub(const EmulatedRun& run, const std::vector<Counts>& counts) {
  Json data = Json::object();
  std::size_t first = 0;
  for (const QasmRegister& row : run.registers) {
    const auto bits = static_cast<std::size_t>(row.bits);
    std::vector<Json> rows;
    for (const Counts& entry : counts) {
      Json samples = Json::array();
      for (const std::string& shot : shots_of(entry, first, bits)) samples.push_back(hex_of(shot));
      rows.push_back(std::move(samples));
    }
    std::size_t next = 0;
    data[row.name] = {{"samples", nested(rows, run.shape, 0, next)}, {"num_bits", row.bits}};
    first += bits;
  }
  return {{"data", data}, {"metadata", {{"circuit_metadata", Json::object()}}}};
}

/// Bytes of a shot, the last holding bits 0 to 7.
void append_packed(const std::string& bits, std::string& bytes) {
  const std::size_t count = (bits.size() + 7) / 8;
  for (std::size_t byte = count; byte-- > 0;) {
    unsigned value = 0;
    for (std::size_t bit = 8 * byte; bit < std::min(bits.size(), 8 * byte + 8); ++bit)
      value |= static_cast<unsigned>(bits[bits.size() - 1 - bit] == '1') << (bit - 8 * byte);
    bytes += static_cast<char>(value);
  }
}

Json packed_array(const EmulatedRun& run, const std::vector<Counts>& counts, std::size_t first,
                  std::size_t bits, bool bad_zlib) {
  NpyArray array{"|u1", run.shape, {}};
  std::size_t shots = static_cast<std::size_t>(run.shots);
  for (const Counts& row : counts) {
    const auto texts = shots_of(row, first, bits);
    shots = texts.size();
    for (const std::string& text : texts) append_packed(text, array.bytes);
  }
  array.shape.push_back(shots);
  array.shape.push_back((bits + 7) / 8);
  std::string text = pack_array(array);
  if (bad_zlib) damage_zlib(text);
  return typed("ndarray", text);
}

Json tagged_pub(const EmulatedRun& run, const std::vector<Counts>& counts, bool bad_zlib) {
  Json names = Json::array(), types = Json::array(), fields = Json::object();
  std::size_t first = 0;
  for (const QasmRegister& row : run.registers) {
    const auto bits = static_cast<std::size_t>(row.bits);
    names.push_back(row.name);
    types.push_back("BitArray");
    fields[row.name] = typed(
        "BitArray", {{"array", packed_array(run, counts, first, bits, bad_zlib)}, {"num_bits", row.bits}});
    first += bits;
  }
  return typed(
      "SamplerPubResult",
      {{"data",
        typed("DataBin",
              {{"field_names", names}, {"field_types", types}, {"shape", run.shape}, {"fields", fields}})},
       {"metadata", {{"circuit_metadata", Json::object()}}}});
}

Json execution_spans(const EmulatedJob& job) {
  const auto time = [](double seconds) { return typed("datetime", iso_time(seconds)); };
  Json slices = Json::object();
  for (std::size_t r = 0; r < job.runs.size(); ++r) {
    Json shape = job.runs[r].shape;
    shape.push_back(job.runs[r].shots);
    slices[std::to_string(r)] = {shape, 0, job.runs[r].sweep.rows, 0, job.runs[r].shots};
  }
  const Json span = typed("DoubleSliceSpan", {{"start", time(job.created)},
                                              {"stop", time(job.created + device_seconds(job))},
                                              {"data_slices", slices}});
  return typed("ExecutionSpans", {{"spans", Json::array({span})}});
}

}  // namespace

Json typed(const char* type, Json value) { return {{"__type__", type}, {"__value__", std::move(value)}}; }

void damage_zlib(std::string& packed) {
  std::fill_n(packed.begin() + 4, std::min<std::size_t>(16, packed.size() - 8), '/');
}

Json ibm_results(const EmulatedJob& job, const std::vector<std::vector<Counts>>& counts, bool tagged,
                 bool bad_zlib) {
  Json pubs = Json::array();
  for (std::size_t r = 0; r < counts.size(); ++r)
    pubs.push_back(tagged ? tagged_pub(job.runs[r], counts[r], bad_zlib) : plain_pub(job.runs[r], counts[r]));
  if (!tagged) return {{"results", pubs}, {"metadata", {{"version", 2}}}};
  return typed("PrimitiveResult",
               {{"pub_results", pubs},
                {"metadata", {{"execution", {{"execution_spans", execution_spans(job)}}}, {"version", 2}}}});
}

}  // namespace qmtl
