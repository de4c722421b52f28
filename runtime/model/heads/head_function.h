// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/engine/engine.h"
#include "runtime/model/spec.h"
#include "runtime/train/state.h"

namespace qmtl {

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
  /// Fixes the parameters for the calls that follow. Throws Error (usage) unless all are there.
  virtual void bind(std::span<const double> params) = 0;

  /// logits[rows, outputs] of z[rows, width], exact.
  virtual void forward(std::span<const float> z, std::span<float> logits) const = 0;
  virtual void forward(std::span<const double> z, std::span<double> logits) const = 0;
  /// For cotangents[rows, outputs] = d loss / d logits: writes dz[rows, width] = d loss / d z and dparams = d
  /// loss / d parameters. Throws Error (usage) for a model that took on tasks later: only the newest have
  /// gradients.
  virtual void vjp(std::span<const float> z, std::span<const float> cotangents, std::span<float> dz,
                   std::span<double> dparams) const = 0;
  virtual void vjp(std::span<const double> z, std::span<const double> cotangents, std::span<double> dz,
                   std::span<double> dparams) const = 0;
};

/// The head of a model whose head and tasks are complete, in the model's precision. Throws Error (usage).
std::unique_ptr<HeadFunction> make_head_function(const ModelSpec& spec, SimdTarget target = SimdTarget::best);

}  // namespace qmtl
