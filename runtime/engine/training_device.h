// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// What computes a circuit's outputs and their gradients in training where the engine does not: a device with
/// noise. After bind() the const calls may run concurrently.
class TrainingDevice {
 public:
  virtual ~TrainingDevice() = default;
  /// Fixes the trainable parameters (length circuit.params).
  virtual void bind(std::span<const double> params) = 0;

  /// Given a sample's values, the expectations of all outputs and behind them, where they were asked for, the
  /// second moments, writes d loss / d expectations, one for each output.
  using Cotangents = std::function<void(const double* values, double* cotangents)>;
  /// One sample: writes d loss / d angles (length circuit.angles) and ADDS d loss / d parameters.
  virtual void vjp(std::span<const double> angles, const Cotangents& cotangents,
                   std::span<double> angle_gradients, std::span<double> param_gradients) const = 0;
};

/// Makes the device for a circuit. `second_moments`: <O^2> is asked for too. Throws Error (usage) where the
/// device cannot run that circuit.
using TrainingDeviceFactory =
    std::function<std::unique_ptr<TrainingDevice>(const Circuit& circuit, bool second_moments)>;

}  // namespace qmtl
