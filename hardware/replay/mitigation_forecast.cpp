// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/mitigation_forecast.h"

#include <algorithm>
#include <cmath>

namespace qmtl {
namespace {

/// What readout errors do to an output: its expectation shrinks by `kept`, which undoing them stretches
/// again.
double kept_of(const ReadOutput& output, std::span<const int> measured,
               const ReadoutCalibration& calibration) {
  double sum = 0, weights = 0;
  for (const BitTerm& term : output.terms) {
    double kept = 1;
    for (int bit : term.bits) {
      const auto known = calibration.qubits.find(measured[static_cast<std::size_t>(bit)]);
      if (known != calibration.qubits.end())
        kept *= 1 - known->second.error.p1_given_0 - known->second.error.p0_given_1;
    }
    sum += std::abs(term.weight) * kept;
    weights += std::abs(term.weight);
  }
  return weights > 0 ? sum / weights : 1.0;
}

/// By how much an extrapolation's variance exceeds that of one factor, with equal shots at each: of the line
/// through the points, or of the polynomial through all.
double extrapolation_variance(const MitigationSettings& settings) {
  const std::vector<double>& factors = settings.factors;
  const auto n = static_cast<double>(factors.size());
  double mean = 0, spread = 0, sum = 0;
  for (double factor : factors) mean += factor / n;
  for (double factor : factors) spread += (factor - mean) * (factor - mean);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    double weight = 1 / n - (factors[i] - mean) * mean / spread;
    if (settings.extrapolation == ExtrapolationKind::richardson) {
      weight = 1;
      for (std::size_t j = 0; j < factors.size(); ++j)
        if (j != i) weight *= factors[j] / (factors[j] - factors[i]);
    }
    sum += weight * weight;
  }
  return sum;
}

/// Variance of a cancelled output, in units of V / shots (V of one shot): of the programs without and with
/// insertions, and of which of the latter were drawn: they read the output or its negative.
double cancellation_variance(const ForecastPart& part, std::size_t o, double variance) {
  const CancellationPlan& plan = *part.cancellation;
  const OutputCancellation& output = plan.outputs[o];
  const double touched = 1 - plan.untouched, shots = static_cast<double>(part.shots);
  double sum = plan.untouched + touched;  // shares of shots in proportion to the weights
  if (plan.circuits > 0 && variance > 0)
    sum += touched * touched * part.squares[o] * 4 * output.same * (1 - output.same) * shots /
           (variance * plan.circuits);
  return output.gamma * output.gamma * sum;
}

}  // namespace

MitigationForecast forecast_mitigation(const MitigationSettings& settings,
                                       std::span<const ForecastPart> parts,
                                       const std::optional<ReadoutCalibration>& calibration) {
  double outputs = 0, measured = 0, read = 0, cancelled = 0, bias = 0, programs = 0;
  const double stretched = settings.extrapolates() ? extrapolation_variance(settings) : 1.0;
  for (const ForecastPart& part : parts) {
    if (part.cancellation)
      programs += (1.0 + part.cancellation->circuits) / static_cast<double>(parts.size());
    for (std::size_t o = 0; o < part.outputs.size(); ++o, ++outputs) {
      const double kept = calibration ? kept_of(part.outputs[o], part.measured, *calibration) : 1.0;
      // The square of the mean shrinks, and what it leaves of the mean square is variance.
      const double one_shot = part.variances[o] + part.squares[o] * (1 - kept * kept);
      const double plain = one_shot / static_cast<double>(part.shots);
      const double undone = settings.readout ? plain / (kept * kept) : plain;
      measured += plain;
      read += undone;
      cancelled += part.cancellation ? undone * cancellation_variance(part, o, one_shot) : undone;
      if (part.cancellation) bias = std::max(bias, part.cancellation->outputs[o].bias);
    }
  }
  MitigationForecast forecast;
  const auto ratio = [](double a, double b) { return b > 0 ? a / b : 1.0; };
  for (const MitigationKind& kind : mitigation_kinds()) {
    if (!kind.on(settings)) continue;
    MitigationCost cost{std::string(kind.name), 1, 1, std::nullopt};
    if (kind.name == "readout" || kind.name == "m3") cost.overhead = ratio(read, measured);
    if (kind.apply == fold_variants) {
      cost.programs = static_cast<double>(settings.factors.size());
      cost.overhead = stretched * cost.programs;
    }
    if (kind.apply == cancel_variants) {
      cost.programs = programs;
      cost.overhead = ratio(cancelled, read);
      cost.bias = bias;
    }
    if (kind.apply == twirl_gates || kind.apply == twirl_readings) cost.programs = settings.randomisations;
    forecast.kinds.push_back(std::move(cost));
  }
  forecast.measured_error = outputs > 0 ? std::sqrt(measured / outputs) : 0;
  forecast.mitigated_error = outputs > 0 ? std::sqrt(cancelled * stretched / outputs) : 0;
  return forecast;
}

}  // namespace qmtl
