// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hardware/mitigation/influence.h"
#include "hardware/mitigation/variants.h"

namespace qmtl {

/// The errors that a noise model puts behind a program's gates, as Pauli errors: what random Paulis around
/// the gates (twirling) make of them. Rates follow from the channel's Pauli fidelities f_b by
/// rate_k = sum_b (-1)^<k, b> log f_b / 4^n (van den Berg, Minev, Kandala and Temme 2023, "Probabilistic
/// error cancellation with sparse Pauli-Lindblad models"); rates below zero, which other channels have, are
/// kept. Throws Error (usage) for a gate whose noise leaves nothing of a Pauli.
std::vector<ErrorGenerator> error_generators(const DeviceProgram& program, const NoiseModel& noise);

/// What of a program's errors is cancelled for one output.
struct OutputCancellation {
  std::vector<bool> cancelled;  ///< of each generator
  double gamma = 1.0;           ///< the quasi-probabilities' absolute sum: the factor of an estimate's error
  double same = 0.0;  ///< share of the insertions that count with a minus sign and change nothing of it
  double bias = 0.0;  ///< bound of what the errors that are not cancelled change
};

/// Probabilistic error cancellation of one program: the inverse of each generator's error inserts its Pauli
/// with probability (1 - exp(-2 |rate|)) / 2, with a minus sign where the rate is positive, and the sum of
/// all is stretched by exp(2 rate) (Temme, Bravyi and Gambetta 2017, "Error mitigation for short-depth
/// quantum circuits"). One random program serves all outputs: each counts the signs of its own generators.
struct CancellationPlan {
  std::vector<ErrorGenerator> generators;
  std::vector<double> probability;  ///< of each to be inserted: 0 where no output cancels it
  std::vector<OutputCancellation> outputs;
  double untouched = 1.0;  ///< probability that nothing is inserted
  int circuits = 0;        ///< random programs with insertions
};

/// Cancels all errors for every output; or, with `shaded`, those alone that an output's light cone holds, but
/// for the ones that matter least, as long as what they change stays below `bias` (Eddins, Tran and Rall
/// 2024, "Lightcone shading for classically accelerated quantum error mitigation").
CancellationPlan plan_cancellation(const DeviceProgram& program, const NoiseModel& noise,
                                   const VariantRequest& request, bool shaded, double bias);

/// The generators that random program number `circuit` inserts: at least one, with the probabilities that the
/// plan says, given that.
std::vector<std::size_t> drawn_insertions(const CancellationPlan& plan, std::uint64_t seed,
                                          std::uint32_t part, std::uint32_t circuit);

/// -1 or 1: how a random program with these insertions counts in an output.
double insertion_sign(const CancellationPlan& plan, std::size_t output,
                      std::span<const std::size_t> inserted);

}  // namespace qmtl
