// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/drawn_properties.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/noise/random.h"

namespace qmtl {
namespace {

/// Which number of a place: part of where its z lies in the stream.
enum class Listed : std::uint32_t { t1, t2, p1_given_0, p0_given_1, gates };
constexpr std::uint32_t kinds = 8;

}  // namespace

BackendProperties drawn_properties(BackendProperties listed, double uncertainty, std::uint64_t seed,
                                   std::uint32_t draw) {
  if (!(uncertainty >= 0 && uncertainty <= 2))
    throw usage_error("uncertainty of a calibration: expected 0 to 2, found " + significant(uncertainty, 6));
  const NoiseRandom random(seed);
  const auto move = [&](std::optional<double>& number, Listed kind, int q0, int q1, double most) {
    if (!number || !(*number < most)) return;
    const std::uint32_t place = static_cast<std::uint32_t>(kind) + kinds * static_cast<std::uint32_t>(q1 + 1);
    const double z =
        random.normal(NoiseRandom::Purpose::device, {static_cast<std::uint32_t>(q0), place, draw});
    *number = std::min(*number * std::exp(uncertainty * z), most);
  };
  for (std::size_t q = 0; q < listed.qubits.size(); ++q) {
    ListedQubit& qubit = listed.qubits[q];
    const int number = static_cast<int>(q);
    move(qubit.t1, Listed::t1, number, -1, INFINITY);
    move(qubit.t2, Listed::t2, number, -1, INFINITY);
    move(qubit.p1_given_0, Listed::p1_given_0, number, -1, 0.5);
    move(qubit.p0_given_1, Listed::p0_given_1, number, -1, 0.5);
  }
  for (ListedGate& gate : listed.gates) {
    if (gate.qubits.empty() || gate.qubits.size() > 2) continue;
    const auto [low, high] = std::minmax(gate.qubits.front(), gate.qubits.back());
    move(gate.error, Listed::gates, low, gate.qubits.size() == 1 ? -1 : high, 1.0);
  }
  return listed;
}

}  // namespace qmtl
