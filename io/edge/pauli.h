// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "io/edge/angles.h"
#include "io/edge/readout.h"
#include "runtime/circuit/pauli/pauli.h"

namespace qmtl {

/// Outputs as sums of products of cosines and sines, for the kernel that walks the tree of the products.
class EdgePauli {
 public:
  EdgePauli(const PauliExpansion& expansion, const std::vector<double>& params);

  double work() const { return static_cast<double>(nodes_.size() + leaves_); }
  double bytes() const {
    return 4.0 * static_cast<double>(nodes_.size()) + 6.0 * static_cast<double>(leaves_);
  }
  /// The kernel's fields hold them.
  bool fits() const;
  std::size_t products() const { return nodes_.size(); }

  void collect(EdgeAngles& angles);
  /// target[v] = readout v.start + readout v.factor * value v.
  void lower(EdgeBuilder& builder, EdgeValue pairs, EdgeValue target,
             const std::vector<EdgeReadout>& readouts, std::size_t pair_count) const;

 private:
  struct Leaf {
    std::uint32_t value;
    double coefficient;
  };
  struct TreeNode {
    std::uint32_t sum;  ///< number of its factor's angle
    bool sine;
    std::uint32_t depth;
    std::vector<Leaf> leaves;
  };

  std::vector<StringAngle> sums_;
  std::vector<std::uint32_t> pair_;  ///< of each sum
  std::vector<TreeNode> nodes_;      ///< parents first, each followed by all that is below it
  std::vector<double> constants_;    ///< per value
  std::size_t leaves_ = 0;
};

}  // namespace qmtl
