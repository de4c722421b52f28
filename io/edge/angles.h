// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "io/edge/builder.h"
#include "io/edge/strings.h"

namespace qmtl {

/// The cosines and sines that a circuit needs of sums of sample angles, each computed once.
class EdgeAngles {
 public:
  /// `share`: of the angle, 1, or 0.5 for rotations of statevectors.
  explicit EdgeAngles(double share) : share_(share) {}
  /// Number of the pair (cosine, sine) of share * sum.
  std::uint32_t pair(const StringAngle& sum);
  std::size_t pairs() const { return sums_.size(); }
  bool empty() const { return sums_.empty(); }

  /// Appends the operations; `radians` * angles are radians. The result has two numbers a pair.
  EdgeValue lower(EdgeBuilder& builder, EdgeValue angles, std::size_t count, double radians) const;

 private:
  double share_;
  std::map<StringAngle, std::uint32_t> known_;
  std::vector<StringAngle> sums_;
};

}  // namespace qmtl
