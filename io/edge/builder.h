// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "io/edge/model.h"

namespace qmtl {

/// Numbers from `offset` of a tensor: one in the arena, or x or y.
struct EdgeValue {
  static constexpr int x = -1, y = -2, none = -3;
  int tensor = none;
  std::uint32_t offset = 0;

  EdgeValue at(std::size_t further) const { return {tensor, offset + static_cast<std::uint32_t>(further)}; }
};

/// Collects operations on tensors, and at the end gives every tensor its place in the arena.
class EdgeBuilder {
 public:
  EdgeValue tensor(std::size_t numbers);
  /// The reference is valid until the next call.
  EdgeOp& add(std::uint32_t kind, EdgeValue source, EdgeValue target, EdgeValue second = {});
  /// Operations so far.
  std::size_t size() const { return ops_.size(); }

  /// Operations with their places, and the arena's size. Tensors share memory where no operation needs both;
  /// the largest are placed first, each as low as it fits.
  EdgeModel finish() const;

 private:
  struct Operands {
    EdgeValue source, target, second;
  };

  std::vector<EdgeOp> ops_;
  std::vector<Operands> operands_;
  std::vector<std::size_t> sizes_;  ///< per tensor
};

}  // namespace qmtl
