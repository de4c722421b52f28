// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "runtime/engine/training_device.h"
#include "runtime/model/heads/circuit_readout.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/model/layers/layer.h"
#include "runtime/model/matrix.h"
#include "runtime/model/params.h"

namespace qmtl {

template <class Real>
class CircuitStage;

/// From the representation z to the logits of all tasks. One object per model; after bind() the const calls
/// may run concurrently. Logits and their cotangents are double whatever Real is: losses are computed in
/// double.
template <class Real>
class Head {
 public:
  virtual ~Head() = default;
  virtual std::size_t width() const = 0;  ///< columns of z
  /// Tensors "head.*" with offsets from 0.
  virtual const std::vector<ParamInfo>& params() const = 0;
  /// `tensor` is the number of the head's first tensor in the model's list.
  virtual void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const = 0;
  virtual void bind(std::span<const double> params) = 0;

  /// A head with a circuit is three stages, and forward() is one after the other: the stage's angles(z), the
  /// circuit's values (of the stage's engine, or from elsewhere: a noisy simulator, a device) and the readout
  /// as bound. Null, both, for heads without a circuit.
  virtual const CircuitStage<Real>* circuit_stage() const { return nullptr; }
  virtual const CircuitReadout* readout() const { return nullptr; }

  /// Lets a training's passes compute the circuit on a device with `strength` of its noise, and
  /// forward_on_device with all of it. Parameters are then to be bound. False for heads without a circuit.
  virtual bool train_on(const TrainingDevice& /*device*/, double /*strength*/) { return false; }

  /// logits[rows of z, outputs of all tasks], exact.
  virtual void forward(const Matrix<Real>& z, std::span<double> logits) const = 0;
  /// The same on the device that is trained for; `pass` says whose random numbers the rows take.
  virtual void forward_on_device(const Pass& /*pass*/, const Matrix<Real>& z,
                                 std::span<double> logits) const {
    forward(z, logits);
  }

  /// Given logits[count, outputs of the group] of `count` consecutive rows from `first`, writes d loss / d
  /// logits (same shape). Called in order of rows, from the calling thread.
  using Cotangents = std::function<void(std::size_t first, std::size_t count, std::span<const double> logits,
                                        std::span<double> cotangents)>;
  /// Gradient pass of one task group, with shot noise where it is a training's: writes d loss / d z and ADDS
  /// the parameters' gradients, summed over rows in order, to `gradient` (all of the head's parameters). The
  /// three stages fused: the adjoint pass needs the cotangents while a tile's states are still in cache.
  virtual void gradient(const Pass& pass, std::size_t group, const Matrix<Real>& z,
                        const Cotangents& cotangents, Matrix<Real>& dz, std::span<double> gradient) const = 0;
  /// Relative cost of one row's gradient in a group.
  virtual double group_cost(std::size_t group) const = 0;
};

template <class Real>
std::unique_ptr<Head<Real>> make_head(const HeadSetup& setup);

}  // namespace qmtl
