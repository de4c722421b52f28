// SPDX-License-Identifier: Apache-2.0
// Between a batch's rows and the tiles that the kernels run on, compiled once per instruction set.
#if defined(QMTL_ENGINE_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_ROWS_INL_H_
#undef QMTL_ENGINE_ROWS_INL_H_
#else
#define QMTL_ENGINE_ROWS_INL_H_
#endif

#include <algorithm>

#include "runtime/engine/kernels.h"
#include "runtime/engine/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// Reals of a 128-bit register: the side of the squares that are transposed there.
template <class Real>
constexpr std::size_t square = HWY_TARGET == HWY_SCALAR ? 1 : 16 / sizeof(Real);

/// to[j * to_stride + i] = from[i * from_stride + j] for i, j < square.
template <class Real>
HWY_INLINE void TransposeSmall(const Real* from, std::size_t from_stride, Real* to, std::size_t to_stride) {
#if HWY_TARGET == HWY_SCALAR
  (void)from_stride;
  (void)to_stride;
  *to = *from;
#else
  const hn::CappedTag<Real, square<Real> > d;
  if constexpr (square<Real> == 4) {
    const hn::RepartitionToWide<decltype(d)> wide;
    const auto r0 = hn::LoadU(d, from), r1 = hn::LoadU(d, from + from_stride),
               r2 = hn::LoadU(d, from + 2 * from_stride), r3 = hn::LoadU(d, from + 3 * from_stride);
    const auto a = hn::BitCast(wide, hn::InterleaveLower(d, r0, r1)),
               b = hn::BitCast(wide, hn::InterleaveLower(d, r2, r3)),
               c = hn::BitCast(wide, hn::InterleaveUpper(d, r0, r1)),
               e = hn::BitCast(wide, hn::InterleaveUpper(d, r2, r3));
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, a, b)), d, to);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, a, b)), d, to + to_stride);
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, c, e)), d, to + 2 * to_stride);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, c, e)), d, to + 3 * to_stride);
  } else {
    const auto r0 = hn::LoadU(d, from), r1 = hn::LoadU(d, from + from_stride);
    hn::StoreU(hn::InterleaveLower(d, r0, r1), d, to);
    hn::StoreU(hn::InterleaveUpper(d, r0, r1), d, to + to_stride);
  }
#endif
}

/// rows[count][columns] -> tile[columns][16]; samples from `count` on are zero. 16 columns at a time: a line
/// of the rows is used up before the next row's, which may fall on the same cache set.
template <class Real>
void RowsToTile(const Real* rows, std::size_t columns, std::size_t count, Real* out) {
  constexpr std::size_t s = square<Real>;
  for (std::size_t first = 0; first < columns; first += tile) {
    const std::size_t last = std::min<std::size_t>(columns, first + tile),
                      whole = first + (last - first) / s * s;
    const std::size_t whole_rows = count / s * s;
    for (std::size_t b = 0; b < whole_rows; b += s)
      for (std::size_t c = first; c < whole; c += s)
        TransposeSmall(rows + b * columns + c, columns, out + c * tile + b, tile);
    for (std::size_t b = 0; b < count; ++b)
      for (std::size_t c = b < whole_rows ? whole : first; c < last; ++c)
        out[c * tile + b] = rows[b * columns + c];
    for (std::size_t c = first; c < last; ++c)
      for (std::size_t b = count; b < tile; ++b) out[c * tile + b] = Real(0);
  }
}

/// tile[columns][16] -> rows[count][columns].
template <class Real>
void TileToRows(const Real* in, std::size_t columns, std::size_t count, Real* rows) {
  constexpr std::size_t s = square<Real>;
  for (std::size_t first = 0; first < columns; first += tile) {
    const std::size_t last = std::min<std::size_t>(columns, first + tile),
                      whole = first + (last - first) / s * s;
    const std::size_t whole_rows = count / s * s;
    for (std::size_t b = 0; b < whole_rows; b += s)
      for (std::size_t c = first; c < whole; c += s)
        TransposeSmall(in + c * tile + b, tile, rows + b * columns + c, columns);
    for (std::size_t b = 0; b < count; ++b)
      for (std::size_t c = b < whole_rows ? whole : first; c < last; ++c)
        rows[b * columns + c] = in[c * tile + b];
  }
}

/// KernelTable::all_below.
template <class Real>
bool AllBelow(const Real* x, std::size_t columns, Real limit) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const Vec<Real> most = hn::Set(d, limit);
  auto below = hn::FirstN(d, n);
  for (const Real* end = x + columns * tile; x != end; x += n)
    below = hn::And(below, hn::Lt(hn::Abs(hn::LoadU(d, x)), most));
  return hn::AllTrue(d, below);
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
