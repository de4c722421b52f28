// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/circuit/plan/plan.h"

namespace qmtl {

/// Where an engine's array of angles has the numbers of an encoding, unmapped and in their order.
struct EncodedColumns {
  int encoding = 0;  ///< number among the whole circuit's
  std::size_t first = 0;
};

/// The columns of an engine's array of angles: the circuit's angles, then the numbers that states begin with
/// instead of with angles of theirs.
class AngleColumns {
 public:
  AngleColumns() = default;
  /// Those of all of so many angles.
  explicit AngleColumns(int angles);
  /// numbers: whether states begin with them where the plan has it (Part::start).
  AngleColumns(const Plan& plan, bool numbers);

  int count() const { return count_; }
  /// The circuit's angles that have a column, in order: the first columns.
  const std::vector<int>& angles() const { return angles_; }
  const std::vector<EncodedColumns>& encoded() const { return encoded_; }
  /// The part with columns instead of the circuit's angles, -1 for those that have none.
  qmtl::Part placed(qmtl::Part part) const;

 private:
  int count_ = 0;
  std::vector<int> angles_, column_of_;
  std::vector<EncodedColumns> encoded_;
};

}  // namespace qmtl
