// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace qmtl {

/// Shape of one sample: flat [width], or an image [channels, height, width], stored channel by channel and
/// row by row. A width alone is a flat shape.
struct Shape {
  std::size_t channels = 1, height = 1, width = 0;
  bool image = false;

  Shape(std::size_t flat_width = 0) : width(flat_width) {}
  Shape(std::size_t c, std::size_t h, std::size_t w) : channels(c), height(h), width(w), image(true) {}

  std::size_t size() const { return channels * height * width; }
  /// "[64]" or "[3, 8, 8]".
  std::string text() const {
    const std::string last = std::to_string(width) + "]";
    return image ? "[" + std::to_string(channels) + ", " + std::to_string(height) + ", " + last : "[" + last;
  }
  bool operator==(const Shape&) const = default;
};

}  // namespace qmtl
