// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "runtime/model/layers/shape.h"

namespace qmtl {

/// The windows of a convolution over images: how samples turn into columns of a matrix and back.
///
/// A tile is `rows` consecutive output rows from number `first`, where output rows are counted through all
/// samples (sample * out.height + row). Its matrix has a row for every number of a window, (channel, down,
/// right), and a column for every output of the tile, (row, right), then zeros up to `columns`.
class Windows {
 public:
  struct Tile {
    std::size_t first, rows, columns;
  };

  /// The padded images must not be smaller than a window.
  Windows(const Shape& images, std::size_t window, std::size_t step, std::size_t zeros)
      : in(images),
        out(1, (images.height + 2 * zeros - window) / step + 1,
            (images.width + 2 * zeros - window) / step + 1),
        kernel(window),
        stride(step),
        padding(zeros) {
    for (std::size_t right = 0; right < kernel; ++right) spans_.push_back(inside(right));
  }

  const Shape in, out;  ///< out has one channel
  const std::size_t kernel, stride, padding;

  /// Numbers of a window.
  std::size_t size() const { return in.channels * kernel * kernel; }

  /// Fills matrix[size(), tile.columns] from samples x, all but the columns of zeros.
  template <class Real>
  void gather(const Tile& tile, const Real* x, Real* matrix) const {
    for_each_row(tile, [&](std::size_t sample, std::size_t channel, std::size_t row, std::size_t number,
                           std::size_t r, const Span& span) {
      Real* to = matrix + number * tile.columns + r * out.width;
      if (row == in.height) {
        for (std::size_t i = 0; i < out.width; ++i) to[i] = Real(0);
        return;
      }
      const Real* from = x + sample * in.size() + (channel * in.height + row) * in.width + span.source;
      for (std::size_t i = 0; i < span.begin; ++i) to[i] = Real(0);
      if (stride == 1)
        for (std::size_t i = span.begin; i < span.end; ++i) to[i] = from[i - span.begin];
      else
        for (std::size_t i = span.begin; i < span.end; ++i) to[i] = from[(i - span.begin) * stride];
      for (std::size_t i = span.end; i < out.width; ++i) to[i] = Real(0);
    });
  }

  /// The transpose of gather: adds matrix[size(), tile.columns] to dx. Every number of dx is summed over
  /// output rows, then window rows, so that its order does not depend on how samples fall into tiles.
  template <class Real>
  void scatter(const Tile& tile, const Real* matrix, Real* dx) const {
    for_each_row(tile, [&](std::size_t sample, std::size_t channel, std::size_t row, std::size_t number,
                           std::size_t r, const Span& span) {
      if (row == in.height) return;
      const Real* from = matrix + number * tile.columns + r * out.width + span.begin;
      Real* to = dx + sample * in.size() + (channel * in.height + row) * in.width + span.source;
      const std::size_t count = span.end - span.begin;
      if (stride == 1)
        for (std::size_t i = 0; i < count; ++i) to[i] += from[i];
      else
        for (std::size_t i = 0; i < count; ++i) to[i * stride] += from[i];
    });
  }

 private:
  /// Outputs begin .. end-1 of a row have a window's column inside the image; `source` is where the first
  /// one's is, the others follow in steps of the stride.
  struct Span {
    std::size_t begin, end, source;
  };
  Span inside(std::size_t right) const {
    const std::size_t begin = right >= padding ? 0 : (padding - right + stride - 1) / stride;
    const std::size_t reach = in.width + padding;  // right + output * stride must stay below
    const std::size_t end = right < reach ? std::min(out.width, (reach - right + stride - 1) / stride) : 0;
    if (begin >= end) return {0, 0, 0};
    return {begin, end, begin * stride + right - padding};
  }

  /// For every output row of the tile and every row of its windows: visit(sample, channel, row of the image
  /// or in.height if outside, row of the matrix, output row within the tile, span). Output rows outermost.
  template <class Visit>
  void for_each_row(const Tile& tile, Visit visit) const {
    for (std::size_t r = 0; r < tile.rows; ++r) {
      const std::size_t sample = (tile.first + r) / out.height, row = (tile.first + r) % out.height;
      for (std::size_t channel = 0; channel < in.channels; ++channel)
        for (std::size_t down = 0; down < kernel; ++down) {
          const std::size_t at = row * stride + down;
          const bool outside = at < padding || at - padding >= in.height;
          const std::size_t source = outside ? in.height : at - padding;
          for (std::size_t right = 0; right < kernel; ++right)
            visit(sample, channel, source, (channel * kernel + down) * kernel + right, r, spans_[right]);
        }
    }
  }

  std::vector<Span> spans_;
};

}  // namespace qmtl
