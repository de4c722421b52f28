// SPDX-License-Identifier: Apache-2.0
#include "hardware/mitigation/row_reading.h"

#include <string>
#include <unordered_map>
#include <utility>

namespace qmtl {
namespace {

/// A reader in which a bitstring means the same in every row: each is worked out once.
template <class Meaning>
RowReader by_bitstring(std::vector<ReadOutput> outputs, Meaning meaning) {
  return [outputs = std::move(outputs), meaning = std::move(meaning),
          known = std::unordered_map<std::string, std::vector<double>>()](const Counts& row) mutable {
    RowReading reading;
    for (const auto& [bits, count] : row) {
      auto [at, fresh] = known.try_emplace(bits);
      if (fresh)
        for (const ReadOutput& output : outputs)
          at->second.push_back(meaning(Counts{{bits, 1}}, output.terms).value);
      reading.of_outcome.insert(reading.of_outcome.end(), at->second.begin(), at->second.end());
    }
    return reading;
  };
}

}  // namespace

RowReader plain_reader(std::span<const ReadOutput> outputs) {
  return by_bitstring(
      {outputs.begin(), outputs.end()},
      [](const Counts& one, const std::vector<BitTerm>& terms) { return expectation(one, terms); });
}

RowReader inverse_reader(std::span<const ReadOutput> outputs, ReadoutInverse inverse) {
  const std::vector<ReadOutput> own(outputs.begin(), outputs.end());
  RowReader values = by_bitstring(own, [inverse](const Counts& one, const std::vector<BitTerm>& terms) {
    return inverse.expectation(one, terms);
  });
  return [own, inverse = std::move(inverse), values = std::move(values)](const Counts& row) mutable {
    RowReading reading = values(row);
    for (const ReadOutput& output : own)
      reading.variance.push_back(inverse.calibration_variance(row, output.terms));
    return reading;
  };
}

RowReader make_reader(std::span<const ReadOutput> outputs,
                      const std::optional<ReadoutCalibration>& calibration, bool m3,
                      std::span<const int> measured) {
  if (!calibration) return plain_reader(outputs);
  return m3 ? m3_reader(outputs, *calibration, measured)
            : inverse_reader(outputs, ReadoutInverse(*calibration, measured));
}

std::vector<ReadOutput> with_flips_undone(std::vector<ReadOutput> outputs, const std::vector<bool>& flipped) {
  for (ReadOutput& output : outputs)
    for (BitTerm& term : output.terms)
      for (int bit : term.bits)
        if (static_cast<std::size_t>(bit) < flipped.size() && flipped[static_cast<std::size_t>(bit)])
          term.weight = -term.weight;
  return outputs;
}

}  // namespace qmtl
