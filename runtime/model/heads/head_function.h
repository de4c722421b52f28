// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/circuit/circuit.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/training_device.h"
#include "runtime/model/heads/circuit_readout.h"
#include "runtime/model/spec.h"
#include "runtime/train/state.h"

namespace qmtl {

/// A call of a training, and which random numbers its shot noise takes: equal draws have equal noise in every
/// row.
struct ShotDraw {
  std::uint64_t seed = 0;
  std::int64_t step = 0;
};

/// A head alone, between a representation and a loss that are the caller's: logits and their vector-Jacobian
/// product. Rows are computed in parallel, in units of tile_samples whose gradients are added in order, so
/// that no bit depends on threads. After bind() the const calls may run concurrently.
class HeadFunction {
 public:
  virtual ~HeadFunction() = default;
  virtual const ModelSpec& spec() const = 0;
  virtual std::size_t width() const = 0;    ///< numbers of a sample's representation z
  virtual std::size_t outputs() const = 0;  ///< logit columns of all tasks together
  /// Tensors "head.*", in order of offset, without gaps.
  virtual const std::vector<ParamInfo>& params() const = 0;
  virtual std::vector<double> initial(std::uint64_t seed) const = 0;
  /// The circuit, and what stands behind it as bound; null, both, for heads without one.
  virtual const Circuit* circuit() const = 0;
  virtual const CircuitReadout* readout() const = 0;
  /// What z is multiplied with in front of the angle map, as bound; 1 without a circuit.
  virtual double gain() const = 0;
  /// Fixes the parameters for the calls that follow. Throws Error (usage) unless all are there.
  virtual void bind(std::span<const double> params) = 0;

  /// logits[rows, outputs] of z[rows, width], exact.
  virtual void forward(std::span<const float> z, std::span<float> logits) const = 0;
  virtual void forward(std::span<const double> z, std::span<double> logits) const = 0;
  /// The same in training, on the device and with the shot noise, as Head::gradient has them; costs as much
  /// as vjp. Throws Error (usage) where vjp does.
  virtual void forward(std::span<const float> z, std::span<float> logits, const ShotDraw& draw) const = 0;
  virtual void forward(std::span<const double> z, std::span<double> logits, const ShotDraw& draw) const = 0;
  /// For cotangents[rows, outputs] = d loss / d logits: writes dz[rows, width] = d loss / d z and dparams = d
  /// loss / d parameters. With a draw the logits were those of forward with an equal one. Throws Error
  /// (usage) for a model that took on tasks later: only the newest have gradients.
  virtual void vjp(std::span<const float> z, std::span<const float> cotangents, std::span<float> dz,
                   std::span<double> dparams, const ShotDraw* draw = nullptr) const = 0;
  virtual void vjp(std::span<const double> z, std::span<const double> cotangents, std::span<double> dz,
                   std::span<double> dparams, const ShotDraw* draw = nullptr) const = 0;
};

/// The head of a model whose head and tasks are complete, in the model's precision. `shots`, `device`: of
/// training; without both a draw changes nothing. Throws Error (usage), so for a device and a head without a
/// circuit.
std::unique_ptr<HeadFunction> make_head_function(const ModelSpec& spec, int shots = 0,
                                                 SimdTarget target = SimdTarget::best,
                                                 const TrainingDevice& device = {});

}  // namespace qmtl
