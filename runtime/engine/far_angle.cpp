// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/far_angle.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace qmtl::engine {
namespace {

// 1 / (2 pi) in binary, as much as the largest double needs: 1,024 bits in front of those that count.
constexpr std::uint64_t inverse[] = {
    0x28be60db9391054a, 0x7f09d5f47d4d3770, 0x36d8a5664f10e410, 0x7f9458eaf7aef158, 0x6dc91b8e909374b8,
    0x01924bba82746487, 0x3f877ac72c4a69cf, 0xba208d7d4baed121, 0x3a671c09ad17df90, 0x4e64758e60d4ce7d,
    0x272117e2ef7e4a0e, 0xc7fe25fff7816603, 0xfbcbc462d6829b47, 0xdb4d9fb3c9f2c26d, 0xd3d18fd9a797fa8b,
    0x5d49eeb1faf97c5e, 0xcf41ce7de294a4ba, 0x9afed7ec47e35742, 0x1580cc11bf1edaea, 0xfc33ef0826bd0d87,
};

/// 64 bits of it from bit `first` on (0: the first behind the point; before it there are zeros).
std::uint64_t bits_from(int first) {
  if (first <= -64) return 0;
  if (first < 0) return inverse[0] >> -first;
  const int word = first / 64, rest = first % 64;
  return rest == 0 ? inverse[word] : inverse[word] << rest | inverse[word + 1] >> (64 - rest);
}

}  // namespace

double near_angle(double x) {
  if (!std::isfinite(x)) return x - x;
  int exponent = 0;
  const double fraction = std::frexp(std::abs(x), &exponent);
  const auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
  // |x| / (2 pi) = mantissa 2^(exponent - 53) / (2 pi): bits of 1 / (2 pi) that make whole turns whatever the
  // mantissa are left out. 128 bits behind the point, of which the product leaves 75 or more exact.
  const int first = exponent - 53;
  __extension__ typedef unsigned __int128 Wide;
  const Wide low = static_cast<Wide>(mantissa) * bits_from(first + 64);
  const Wide turns = (static_cast<Wide>(mantissa) * bits_from(first) << 64) + low;
  const bool negative = turns >> 127 & 1;  // the next whole turn is nearer
  const Wide part = negative ? -turns : turns;
  const double turn = std::ldexp(static_cast<double>(static_cast<std::uint64_t>(part >> 64)), -64) +
                      std::ldexp(static_cast<double>(static_cast<std::uint64_t>(part)), -128);
  constexpr double two_pi = 6.283185307179586;
  const double angle = turn * two_pi;
  return negative != std::signbit(x) ? -angle : angle;
}

}  // namespace qmtl::engine
