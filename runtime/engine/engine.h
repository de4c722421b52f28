// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/circuit/plan/plan.h"
#include "runtime/engine/angle_columns.h"
#include "runtime/engine/draw_keys.h"
#include "runtime/engine/lane_use.h"
#include "runtime/engine/simd_target.h"

namespace qmtl {

/// Samples per tile on every instruction set, so that sums have one order.
inline constexpr std::size_t tile_samples = 16;

/// Evaluates a circuit's outputs and their exact vector-Jacobian product for batches of samples.
/// Real is float or double. All arrays are row-major with one row per sample.
/// After bind(), const calls may run concurrently from several threads; results do not depend on that.
template <class Real>
class Engine {
 public:
  /// Throws Error (usage) if `target` is not available on this machine.
  explicit Engine(Plan plan, SimdTarget target = SimdTarget::best);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  int angles() const;   ///< columns of the angle array
  int params() const;   ///< length of the parameter vector
  int outputs() const;  ///< readouts of the circuit
  /// The instruction set whose kernels run: the kernels' own word, not the request.
  SimdTarget target() const;
  const Plan& plan() const;

  /// From now on states begin with numbers of the sample where the plan has it, instead of with an encoding's
  /// rotations: the columns of angles and angle gradients are then those of columns(). The numbers' gradients
  /// are what add_amplitude_gradient adds. bind() must follow.
  void take_numbers();
  const AngleColumns& columns() const;

  /// Fixes the trainable parameters (length params()) for the calls that follow.
  void bind(std::span<const double> params);

  /// Columns of the value and cotangent arrays: outputs(), or twice that with second moments: column
  /// outputs() + o is then the expectation of the squared observable o (its readout's second moment, for shot
  /// noise).
  void set_second_moments(bool on);
  int values() const;

  /// To compare them; amplitudes are taken where they can be.
  void set_lanes(LaneUse use);
  /// Whether the states of a batch of so many samples have amplitudes as lanes, in every part of the plan.
  bool amplitude_lanes(std::size_t samples) const;

  /// values[samples, values()] of angles[samples, angles()]. `keys` are for parts that a device computes,
  /// here and in all that follows.
  void forward(std::size_t samples, const Real* angles, Real* values, const DrawKeys& keys = {}) const;

  /// Given values[count, values()] of `count` consecutive samples starting at `first`, writes their
  /// cotangents (same shape). Called once per tile, in order, from the calling thread.
  using Cotangents =
      std::function<void(std::size_t first, std::size_t count, const Real* values, Real* cotangents)>;

  /// Outputs and gradients: writes values[samples, values()], angle_gradients[samples, angles()] and ADDS the
  /// parameters' gradients, summed over the samples in tile order, to param_gradients (length params()).
  void vjp(std::size_t samples, const Real* angles, const Cotangents& cotangents, Real* values,
           Real* angle_gradients, double* param_gradients, const DrawKeys& keys = {}) const;
  /// The same for cotangents[samples, values()] that are known beforehand: saves a forward pass.
  void vjp(std::size_t samples, const Real* angles, const Real* cotangents, Real* values,
           Real* angle_gradients, double* param_gradients, const DrawKeys& keys = {}) const;

  /// The same in two steps, for batches cut into units: each unit adds what the parameters' gradients need to
  /// sums[sums_size()]; gradients() is linear in the sums, so that it runs once for the sum over all units.
  /// Operator blocks save their backward pass per unit this way.
  std::size_t sums_size() const;
  void vjp_sums(std::size_t samples, const Real* angles, const Real* cotangents, Real* values,
                Real* angle_gradients, double* sums, const DrawKeys& keys = {}) const;
  void vjp_sums(std::size_t samples, const Real* angles, const Cotangents& cotangents, Real* values,
                Real* angle_gradients, double* sums, const DrawKeys& keys = {}) const;
  /// ADDS the parameters' gradients to param_gradients (length params()).
  void gradients(std::span<const double> sums, double* param_gradients) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

extern template class Engine<float>;
extern template class Engine<double>;

}  // namespace qmtl
