// SPDX-License-Identifier: Apache-2.0
#include "io/edge/angles.h"

namespace qmtl {

std::uint32_t EdgeAngles::pair(const StringAngle& sum) {
  const auto [at, fresh] = known_.try_emplace(sum, static_cast<std::uint32_t>(sums_.size()));
  if (fresh) sums_.push_back(sum);
  return at->second;
}

EdgeValue EdgeAngles::lower(EdgeBuilder& builder, EdgeValue angles, std::size_t count, double radians) const {
  if (sums_.empty()) return {};
  // Pair i of angle i alone needs no sums.
  bool plain = true;
  for (std::size_t i = 0; i < sums_.size(); ++i)
    plain = plain && sums_[i] == StringAngle{{{static_cast<int>(i), 1.0}}, 0.0};
  const auto pairs = static_cast<std::uint32_t>(sums_.size());
  EdgeValue source = angles;
  double factor = share_ * radians;
  if (!plain) {
    source = builder.tensor(pairs);
    EdgeOp& op = builder.add(QE_SPARSE, angles, source);
    op.a = pairs;
    op.b = static_cast<std::uint32_t>(count);
    std::vector<float> coefficients;
    std::vector<std::uint32_t> index;
    for (const StringAngle& sum : sums_) {
      op.floats.push_back(static_cast<float>(share_ * sum.constant));
      op.words.push_back(static_cast<std::uint32_t>(sum.angles.size()));
      for (const auto& [angle, coefficient] : sum.angles) {
        coefficients.push_back(static_cast<float>(factor * coefficient));
        index.push_back(static_cast<std::uint32_t>(angle));
      }
    }
    op.c = static_cast<std::uint32_t>(index.size());
    op.floats.insert(op.floats.end(), coefficients.begin(), coefficients.end());
    op.words.insert(op.words.end(), index.begin(), index.end());
    factor = 1.0;
  }
  const EdgeValue result = builder.tensor(2 * std::size_t{pairs});
  EdgeOp& op = builder.add(QE_TRIG, source, result);
  op.a = pairs;
  op.floats = {static_cast<float>(factor)};
  return result;
}

}  // namespace qmtl
