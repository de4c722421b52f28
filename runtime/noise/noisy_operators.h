// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "runtime/engine/sample_device.h"
#include "runtime/noise/noise_model.h"

namespace qmtl {

/// Qubits of a register, at most, whose blocks are operators: 4^k numbers for each output.
inline constexpr int noisy_operator_qubits = 6;

/// Whether blocks can be operators on the register that they share: none carries a sample's angle, and in the
/// order that noise acts in (schedule.h) each comes behind the whole shared stage on its qubits.
bool can_be_operators(const Circuit& circuit);

/// A device with noise for training, exact, for a circuit whose blocks share a register: the shared stage is
/// simulated once as a density matrix, of which the register's 4^k Pauli coefficients are left. Every output
/// is a linear function of these, its observable pushed back through the block's gates and channels (a
/// superoperator) once for all samples. A task more costs 4^k multiply-adds a sample; the gradients of the
/// blocks' parameters follow from the coefficients' sums, weighted with cotangents, by one pass each.
std::unique_ptr<SampleDevice> make_operator_device(const Circuit& circuit, const NoiseModel& model,
                                                   bool second_moments);

}  // namespace qmtl
