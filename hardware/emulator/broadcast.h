// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace qmtl {

/// numpy's rule: shapes are aligned at their last axes, an axis of one is repeated. Nothing if they do not
/// fit.
inline std::optional<std::vector<std::size_t>> broadcast(const std::vector<std::size_t>& a,
                                                         const std::vector<std::size_t>& b) {
  std::vector<std::size_t> shape(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 1; i <= shape.size(); ++i) {
    const std::size_t left = i <= a.size() ? a[a.size() - i] : 1, right = i <= b.size() ? b[b.size() - i] : 1;
    if (left != right && left != 1 && right != 1) return std::nullopt;
    shape[shape.size() - i] = left == 1 ? right : left;
  }
  return shape;
}

/// Which element of an array of the shape `from` stands at element `number` of one of the shape `to`, to
/// which it broadcasts; no axis is empty.
inline std::size_t broadcast_element(std::size_t number, const std::vector<std::size_t>& to,
                                     const std::vector<std::size_t>& from) {
  std::size_t element = 0, stride = 1;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    const std::size_t axis = to[to.size() - i], own = from[from.size() - i];
    if (own != 1) element += stride * (number % axis);
    number /= axis;
    stride *= own;
  }
  return element;
}

}  // namespace qmtl
