// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace qmtl {

/// A named tensor inside a flat vector of parameters: values [offset, offset + size), row-major.
struct Tensor {
  std::string name;                ///< such as "trunk.0.weight", "head.shared", "head.scale"
  std::vector<std::size_t> shape;  ///< extents; none: a single number
  std::size_t offset = 0;          ///< of its first number in the flat vector
  std::size_t size = 0;            ///< numbers: the product of `shape`
};

}  // namespace qmtl
