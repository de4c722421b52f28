// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/ibm_results.h"

#include <algorithm>

#include "hardware/formats/packed_array.h"
#include "hardware/formats/wire_tensor.h"

namespace qmtl {
namespace {

/// "0x1f" as a text of `width` bits.
std::string bits_of_hex(const SortedJsonField& sample, std::size_t width) {
  const std::string& text = sample.text();
  const auto refuse = [&] {
    sample.wrong("a sample of " + std::to_string(width) + " bits like 0x3", "'" + text.substr(0, 40) + "'");
  };
  if (text.size() < 3 || !(text.starts_with("0x") || text.starts_with("0X")) || text.size() > 2 + width + 8)
    refuse();
  std::string bits;
  for (char c : text.substr(2)) {
    int digit = 0;
    if (c >= '0' && c <= '9')
      digit = c - '0';
    else if (c >= 'a' && c <= 'f')
      digit = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
      digit = c - 'A' + 10;
    else
      refuse();
    for (int bit = 3; bit >= 0; --bit) bits += (digit >> bit & 1) != 0 ? '1' : '0';
  }
  if (bits.size() < width) bits.insert(0, width - bits.size(), '0');
  const std::size_t surplus = bits.size() - width;
  if (bits.find('1') < surplus) refuse();
  return bits.substr(surplus);
}

void expect_shots(const SortedJsonField& place, std::size_t found, std::int64_t shots) {
  if (static_cast<std::int64_t>(found) != shots)
    place.wrong(std::to_string(shots) + " shots", std::to_string(found));
}

Counts count_samples(const SortedJsonField& samples, std::size_t width, std::int64_t shots) {
  expect_shots(samples, samples.size(), shots);
  Counts counts;
  for (const SortedJsonField& sample : samples.list()) ++counts[bits_of_hex(sample, width)];
  return counts;
}

std::vector<Counts> read_samples(const SortedJsonField& data, const Sweep& sweep, std::int64_t shots) {
  const std::size_t width = sweep.program.measured.size();
  const SortedJsonField reg = data.at("c");
  reg.at("num_bits").integer(static_cast<std::int64_t>(width), static_cast<std::int64_t>(width));
  const SortedJsonField samples = reg.at("samples");
  std::vector<Counts> rows;
  if (sweep.rows == 1 && samples.size() > 0 && samples.at(std::size_t{0}).is_text()) {
    rows.push_back(count_samples(samples, width, shots));
    return rows;
  }
  if (samples.size() != sweep.rows)
    samples.wrong(std::to_string(sweep.rows) + " rows of samples", std::to_string(samples.size()));
  for (const SortedJsonField& row : samples.list()) rows.push_back(count_samples(row, width, shots));
  return rows;
}

/// The value of a tagged object: {"__type__": type, "__value__": ...}.
SortedJsonField tagged(const SortedJsonField& answer, const char* type) {
  if (answer.at("__type__").text() != type)
    answer.at("__type__").wrong(type, "'" + answer.at("__type__").text().substr(0, 40) + "'");
  return answer.at("__value__");
}

std::vector<Counts> read_bit_array(const SortedJsonField& array, const Sweep& sweep, std::int64_t shots) {
  const std::size_t width = sweep.program.measured.size(), bytes = (width + 7) / 8;
  array.at("num_bits").integer(static_cast<std::int64_t>(width), static_cast<std::int64_t>(width));
  const SortedJsonField packed = array.at("array");
  const SortedJsonField text = tagged(packed, "ndarray");
  const std::size_t expected = sweep.rows * static_cast<std::size_t>(shots) * bytes;
  NpyArray values;
  try {
    values = unpack_array(text.text(), expected + 4096, "array");
  } catch (const Error& error) {
    text.wrong("a packed array", error.what());
  }
  if (values.type != "|u1" || values.shape.size() < 2 || values.shape.back() != bytes ||
      values.size() != expected || static_cast<std::int64_t>(values.shape[values.shape.size() - 2]) != shots)
    packed.wrong(std::to_string(sweep.rows) + " rows of " + std::to_string(shots) + " shots of " +
                     std::to_string(bytes) + " bytes",
                 "another type or shape");
  std::vector<Counts> rows(sweep.rows);
  std::size_t at = 0;
  for (Counts& counts : rows)
    for (std::int64_t shot = 0; shot < shots; ++shot, at += bytes) {
      std::string bits(width, '0');
      for (std::size_t bit = 0; bit < width; ++bit)  // bytes are big-endian, bit 0 the last one's lowest
        if (static_cast<unsigned char>(values.bytes[at + bytes - 1 - bit / 8]) >> (bit % 8) & 1)
          bits[width - 1 - bit] = '1';
      ++counts[bits];
    }
  return rows;
}

std::vector<Counts> read_tensor_rows(const SortedJsonField& item, const Sweep& sweep, std::int64_t shots) {
  const std::size_t width = sweep.program.measured.size();
  const SortedJsonField field = item.at("results").at("c");
  const std::size_t most = sweep.rows * static_cast<std::size_t>(shots) * width / 8 + 1;
  const WireTensor bits = read_tensor(field, most);
  const auto axes = bits.shape.size();
  if (bits.dtype != "bool" || axes < 2 || bits.shape[axes - 1] != width ||
      static_cast<std::int64_t>(bits.shape[axes - 2]) != shots ||
      bits.size() != sweep.rows * static_cast<std::size_t>(shots) * width)
    field.wrong(std::to_string(sweep.rows) + " rows of " + std::to_string(shots) + " shots of " +
                    std::to_string(width) + " bits",
                "another type or shape");
  std::vector<Counts> rows(sweep.rows);
  std::size_t at = 0;
  for (Counts& counts : rows)
    for (std::int64_t shot = 0; shot < shots; ++shot) {
      std::string text(width, '0');
      for (std::size_t bit = 0; bit < width; ++bit, ++at)
        if (bits.bit(at)) text[width - 1 - bit] = '1';
      ++counts[text];
    }
  return rows;
}

/// What the executor was given comes back: results of another job are not taken for this one's.
void check_passthrough(const SortedJsonField& answer, const DeviceJob& job) {
  const auto given = answer.find("passthrough_data");
  const auto tag = given && given->is_object() ? given->find("tag") : std::nullopt;
  if (!tag) answer.wrong("the job's passthrough_data with its tag", "none");
  if (tag->text() != job.tag)
    tag->wrong("the tag of the job that was sent, '" + job.tag + "'", "'" + tag->text().substr(0, 100) + "'");
}

}  // namespace

JobResult read_ibm_results(const SortedJsonField& answer, const DeviceJob& job) {
  const bool tensors = answer.find("schema_version").has_value();
  const bool packed = answer.find("__type__").has_value();
  if (tensors) check_passthrough(answer, job);
  const SortedJsonField list = tensors  ? answer.at("data")
                               : packed ? tagged(answer, "PrimitiveResult").at("pub_results")
                                        : answer.at("results");
  if (list.size() > job.sweeps.size())
    list.wrong("results of " + std::to_string(job.sweeps.size()) + " programs", std::to_string(list.size()));
  JobResult result;
  for (std::size_t s = 0; s < job.sweeps.size(); ++s) {
    if (s >= list.size()) {
      result.missing.push_back("sweep " + std::to_string(s) + ": the service has no results of it");
      result.counts.emplace_back(job.sweeps[s].rows);
      continue;
    }
    const SortedJsonField entry = list.at(s);
    if (tensors) {
      result.counts.push_back(read_tensor_rows(entry, job.sweeps[s], job.shots));
      continue;
    }
    if (!packed) {
      result.counts.push_back(read_samples(entry.at("data"), job.sweeps[s], job.shots));
      continue;
    }
    const SortedJsonField fields =
        tagged(tagged(entry, "SamplerPubResult").at("data"), "DataBin").at("fields");
    result.counts.push_back(read_bit_array(tagged(fields.at("c"), "BitArray"), job.sweeps[s], job.shots));
  }
  return result;
}

}  // namespace qmtl
