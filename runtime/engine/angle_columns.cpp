// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/angle_columns.h"

#include <map>
#include <numeric>

namespace qmtl {

AngleColumns::AngleColumns(int angles) : count_(angles), angles_(static_cast<std::size_t>(angles)) {
  std::iota(angles_.begin(), angles_.end(), 0);
  column_of_ = angles_;
}

AngleColumns::AngleColumns(const Plan& plan, bool numbers)
    : column_of_(static_cast<std::size_t>(plan.angles)) {
  std::map<int, int> numbers_of;  // by encoding
  for (const Part& part : plan.parts) {
    if (!numbers || !part.start) continue;
    numbers_of[part.start->encoding] = part.start->numbers;
    for (int angle : part.start->angles)
      column_of_[static_cast<std::size_t>(part.cone.angles[static_cast<std::size_t>(angle)])] = -1;
  }
  for (std::size_t a = 0; a < column_of_.size(); ++a) {
    if (column_of_[a] < 0) continue;
    column_of_[a] = count_++;
    angles_.push_back(static_cast<int>(a));
  }
  for (const auto& [encoding, count] : numbers_of) {
    encoded_.push_back({encoding, static_cast<std::size_t>(count_)});
    count_ += count;
  }
}

Part AngleColumns::placed(Part part) const {
  for (int& angle : part.cone.angles) angle = column_of_[static_cast<std::size_t>(angle)];
  if (part.start)
    for (const EncodedColumns& columns : encoded_)
      if (columns.encoding == part.start->encoding) part.start->column = static_cast<int>(columns.first);
  return part;
}

}  // namespace qmtl
