// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "hardware/endpoint.h"
#include "hardware/mitigation/readout.h"

namespace qmtl {

/// Classical bit c of a bitstring, 0 or 1.
inline unsigned bit_of(const std::string& read, int c) {
  return read[read.size() - 1 - static_cast<std::size_t>(c)] == '1' ? 1u : 0u;
}

inline std::uint64_t total_shots(const Counts& counts) {
  std::uint64_t shots = 0;
  for (const auto& [read, count] : counts) shots += count;
  return shots;
}

/// Throws EndpointError (malformed) unless there are shots and every bitstring has at least so many bits.
inline void require_bits(const Counts& counts, std::size_t bits, const std::string& what) {
  for (const auto& [read, count] : counts)
    if (read.size() < bits)
      throw EndpointError(EndpointFault::malformed, what + ": expected counts of at least " +
                                                        std::to_string(bits) + " bits, found '" + read + "'");
  if (total_shots(counts) == 0)
    throw EndpointError(EndpointFault::malformed, what + ": expected counts, found none");
}

/// Mean of `value(bitstring)` over the shots, and the variance of that mean.
template <class Value>
Estimate mean_over_shots(const Counts& counts, const Value& value) {
  const double shots = static_cast<double>(total_shots(counts));
  double sum = 0.0, squares = 0.0;
  for (const auto& [read, count] : counts) sum += static_cast<double>(count) * value(read);
  const double mean = sum / shots;
  for (const auto& [read, count] : counts) {
    const double difference = value(read) - mean;
    squares += static_cast<double>(count) * difference * difference;
  }
  return {mean, squares / (shots * std::max(shots - 1.0, 1.0))};
}

}  // namespace qmtl
