// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "runtime/engine/sample_device.h"
#include "runtime/noise/noise_model.h"

namespace qmtl {

/// Qubits alive at once, at most, of a circuit whose gradients go through density matrices: the states of a
/// whole forward pass are kept, 8 * 4^qubits bytes each.
inline constexpr int noisy_gradient_qubits = 8;

/// A device with noise for training: exact expectations and exact gradients by density matrices in the Pauli
/// basis, with what noisy.h says noise is. The gradient is the reverse of the forward pass: channels are
/// linear, so it goes through them as through gates. Throws Error (usage) naming the block for a circuit that
/// is too wide, and as NoisySimulator does.
std::unique_ptr<SampleDevice> make_density_device(const Circuit& circuit, const NoiseModel& model,
                                                  bool second_moments);

}  // namespace qmtl
