// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

/// Elementary functions of a double from IEEE 754 operations alone. The C library's versions differ in the
/// last bit between processors and releases; whatever reaches a gradient or a checkpoint uses these. Relative
/// errors stay below 1e-15 (erf, sin, cos: absolute where the value is near a zero) and are tested against
/// the C library. NaN gives NaN. Only the library's exact functions (sqrt, abs, copysign, fmod) are used.
namespace qmtl::math {

inline constexpr double pi = 3.14159265358979323846;

namespace detail {

// exp, tanh, softplus and sigmoid are written for a number D: a double, or several that go through the same
// steps side by side (model/layers/pack.h), which has these functions too.
inline std::uint64_t bits_of(double x) { return std::bit_cast<std::uint64_t>(x); }
inline double double_of(std::uint64_t bits) { return std::bit_cast<double>(bits); }
inline std::uint64_t half_of(std::uint64_t k) {  // of a signed number
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(k) >> 1);
}
inline bool is_odd(std::uint64_t number) { return number & 1; }
inline double choose(bool condition, double yes, double no) { return condition ? yes : no; }
inline double absolute(double x) { return std::abs(x); }
inline double with_sign(double x, double sign) { return std::copysign(x, sign); }

/// Adding and subtracting 1.5 * 2^52 rounds to the nearest integer; the sum's low bits are that integer.
inline constexpr double round_shift = 0x1.8p52;

template <class D, std::size_t N>
[[gnu::always_inline]] constexpr D polynomial(const double (&coefficients)[N], const D& x) {
  D value = coefficients[N - 1] * x + coefficients[N - 2];
#pragma GCC unroll 32
  for (std::size_t i = 3; i <= N; ++i) value = value * x + coefficients[N - i];
  return value;
}

/// (e^r - 1) / r, from the Taylor series; remainder below 1e-17 for |r| <= ln 2 / 2.
template <class D>
[[gnu::always_inline]] inline D expm1_over(const D& r) {
  constexpr double c[] = {
      1.0,         1.0 / 2,      1.0 / 6,       1.0 / 24,       1.0 / 120,       1.0 / 720,       1.0 / 5040,
      1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
  return polynomial(c, r);
}

/// 2^k for an integer k in [-1022, 1023], as two's complement; of a longer number its lowest 12 bits count.
template <class Bits>
[[gnu::always_inline]] inline auto power_of_two(const Bits& k) {
  return double_of((k + std::uint64_t{1023}) << 52);
}

// x = k ln 2 + r with an integer k and |r| <= ln 2 / 2, for |x| < 800 or NaN (k is then meaningless but in
// range): round_shift + k, then the two from that.
template <class D>
[[gnu::always_inline]] inline D shifted_power(const D& x) {
  return x * 1.44269504088896340736 + round_shift;
}
template <class D>
[[gnu::always_inline]] inline D rest(const D& x, const D& shifted) {
  const D k = shifted - round_shift;
  // ln 2 in two parts; the first has 21 trailing zero bits, so k times it is exact.
  return (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;
}
template <class D>
[[gnu::always_inline]] inline auto power(const D& shifted) {
  // Keeps the low 12 bits with their sign: garbage from a NaN cannot leave the range of a shift.
  return ((bits_of(shifted) & std::uint64_t{0xfff}) ^ std::uint64_t{0x800}) - std::uint64_t{0x800};
}

template <class D>
[[gnu::always_inline]] inline D clamp(const D& x, double low, double high) {  // NaN passes
  const D y = choose(x < low, low, x);
  return choose(y > high, high, y);
}

template <class D>
[[gnu::always_inline]] inline D exp(const D& x) {
  const D in_range = clamp(x, -746.0, 710.0), shifted = shifted_power(in_range);
  const D r = rest(in_range, shifted);
  const auto k = power(shifted);
  const auto half = half_of(k);  // two factors, as 2^1024 and 2^-1075 are no doubles
  return (1.0 + r * expm1_over(r)) * power_of_two(half) * power_of_two(k - half);
}

/// log(x 2^scale) for finite x >= 2^-1022, without a branch.
template <class D>
[[gnu::always_inline]] inline D log_normal(const D& x, double scale = 0.0) {
  // Mantissa m in [sqrt(1/2), sqrt(2)): the offset carries into the exponent from sqrt(1/2) on.
  constexpr std::uint64_t root = 0x3fe6a09e667f3bcd;
  const auto bits = bits_of(x) + (std::uint64_t{0x3ff0000000000000} - root);
  const D m = double_of((bits & std::uint64_t{0x000fffffffffffff}) + root);
  // The exponent as low bits of 2^52, which is exact and has an instruction for lanes everywhere.
  const D exponent = double_of((bits >> 52) | std::uint64_t{0x4330000000000000}) - (0x1p52 + 1023.0) + scale;
  // log m = 2 artanh s with s = (m - 1) / (m + 1), |s| <= 0.1716.
  const D f = m - 1.0, s = f / (2.0 + f), s2 = s * s;
  constexpr double c[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11,
                          2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21};
  const D tail = s2 * polynomial(c, s2);
  // 2 s = f - s f: f is exact, so the division's rounding enters only with the small factor f.
  const D value = f - s * (f - tail);
  return exponent * 0x1.62e42feep-1 + (value + exponent * 0x1.a39ef35793c76p-33);
}

/// log(1 + x) for finite x >= 0.
template <class D>
[[gnu::always_inline]] inline D log1p_finite(const D& x) {
  const D w = 1.0 + x;
  // The rounding of 1 + x is known exactly (w >= 1) and enters to first order.
  const D lost = choose(x < 1.0, x - (w - 1.0), 1.0 - (w - x));
  return log_normal(w) + lost / w;
}

}  // namespace detail

/// e^x; infinity above 709.78, gradual underflow to 0 below -745.13.
inline double exp(double x) { return detail::exp(x); }

/// Natural logarithm; -infinity at 0, NaN below.
inline double log(double x) {
  if (!(x > 0.0))
    return x == 0.0 ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  if (x == std::numeric_limits<double>::infinity()) return x;
  return x < 0x1p-1022 ? detail::log_normal(x * 0x1p54, -54.0) : detail::log_normal(x);
}

/// log(1 + x) for x >= 0.
inline double log1p(double x) {
  if (!(x < std::numeric_limits<double>::infinity())) return x;
  return detail::log1p_finite(x);
}

namespace detail {

// With z = e^-|x|.
template <class D>
[[gnu::always_inline]] inline D softplus(const D& x, const D& z) {
  return choose(x > 0.0, x, 0.0) + choose(x != x, x, log1p_finite(z));
}
template <class D>
[[gnu::always_inline]] inline D sigmoid(const D& x, const D& z) {
  return choose(x >= 0.0, 1.0, z) / (1.0 + z);
}

template <class D>
[[gnu::always_inline]] inline D tanh(const D& x) {
  const D size = absolute(x), a = choose(size > 22.0, 22.0, size);  // tanh 22 rounds to 1
  const D shifted = shifted_power(2.0 * a), r = rest(2.0 * a, shifted);
  const D scale = power_of_two(bits_of(shifted));
  const D e = scale * (r * expm1_over(r)) + (scale - 1.0);  // e^(2a) - 1
  return with_sign(e / (e + 2.0), x);
}

}  // namespace detail

/// log(1 + e^x), without overflow and without loss for very negative x.
inline double softplus(double x) { return detail::softplus(x, exp(-std::abs(x))); }

/// 1 / (1 + e^-x).
inline double sigmoid(double x) { return detail::sigmoid(x, exp(-std::abs(x))); }

/// Both, from one exponential.
struct SoftplusAndSigmoid {
  double softplus, sigmoid;
};
inline SoftplusAndSigmoid softplus_and_sigmoid(double x) {
  const double z = exp(-std::abs(x));
  return {detail::softplus(x, z), detail::sigmoid(x, z)};
}

inline double tanh(double x) { return detail::tanh(x); }

/// Error function (2 / sqrt pi) integral_0^x e^(-t^2) dt.
inline double erf(double x) {
  const double a = std::abs(x);
  if (a <= 1.0) {
    // Chebyshev interpolant of erf(x) / x in x^2 on [0, 1].
    constexpr double c[] = {1.1283791670955126,      -0.3761263890318375,     0.11283791670954879,
                            -0.026866170645076792,   0.0052239776248180145,   -0.000854832698083379,
                            0.0001205533111164271,   -1.4925595266831182e-05, 1.6461000484121368e-06,
                            -1.6350312701054695e-07, 1.4659775274047436e-08,  -1.1372848856791674e-09,
                            5.957176147748911e-11};
    return x * detail::polynomial(c, x * x);
  }
  if (a >= 6.0) return std::copysign(1.0, x);
  if (x != x) return x;
  // Chebyshev interpolant of erfc(a) e^(a^2) in (a - 2) / (a + 2) for a in [1, 6].
  constexpr double c[] = {0.25539567631050575,     -0.4271858474139585,    0.24165819424246585,
                          -0.07897858101570611,    0.0037328924043978336,  0.006997461736971578,
                          -0.00084714325299195,    -0.0009819769411038642, 4.355558686575482e-05,
                          0.00017435947400205157,  2.7527175557227246e-05, -2.7562209161129353e-05,
                          -1.3998283772784976e-05, 1.3058577122278017e-06, 4.011749647325067e-06,
                          1.272567661840228e-06,   -1.1352571477273627e-06};
  return std::copysign(1.0 - exp(-a * a) * detail::polynomial(c, (a - 2.0) / (a + 2.0)), x);
}

namespace detail {

template <class D>
[[gnu::always_inline]] inline D sin_kernel(const D& r) {
  constexpr double c[] = {-1.0 / 6,        1.0 / 120,        -1.0 / 5040,          1.0 / 362880,
                          -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000, 1.0 / 355687428096000};
  const D r2 = r * r;
  return r + r * (r2 * polynomial(c, r2));
}

template <class D>
[[gnu::always_inline]] inline D cos_kernel(const D& r) {
  constexpr double c[] = {1.0 / 24,        -1.0 / 720,         1.0 / 40320,         -1.0 / 3628800,
                          1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000};
  const D r2 = r * r;
  return 1.0 - (0.5 * r2 - r2 * r2 * polynomial(c, r2));
}

/// sin(x + further pi / 2) for |x| < 1.6e6.
template <class D>
[[gnu::always_inline]] inline D sin_from(const D& x, std::uint64_t further) {
  // x = k pi / 2 + r with |r| <= pi / 4 up to rounding.
  const D shifted = x * 0.63661977236758134308 + round_shift;
  const D k = shifted - round_shift;
  // pi/2 in three parts of at most 33 bits: products with k < 2^20 are exact.
  const D r = ((x - k * 0x1.921fb544p0) - k * 0x1.0b4611a6p-34) - k * 0x1.3198a2e037073p-69;
  const auto quadrant = bits_of(shifted) + further;
  const D value = choose(is_odd(quadrant), cos_kernel(r), sin_kernel(r));
  return double_of(bits_of(value) ^ ((quadrant & std::uint64_t{2}) << 62));
}

/// Beyond 2^20 pi / 2 the argument is first reduced by the double nearest 2 pi; the error that brings,
/// |x| * 4e-17, is below half of x's own spacing.
inline double sin_anywhere(double x, std::uint64_t further) {
  if (!(std::abs(x) < 1.6e6)) x = std::fmod(x, 2.0 * pi);
  return sin_from(x, further);
}

}  // namespace detail

/// Sine and cosine of radians; NaN for infinities.
inline double sin(double x) { return detail::sin_anywhere(x, 0); }
inline double cos(double x) { return detail::sin_anywhere(x, 1); }

/// Arc tangent in [-pi/2, pi/2].
inline double atan(double x) {
  constexpr double tan_pi_8 = 0.41421356237309503, tan_3pi_8 = 2.414213562373095;
  const double a = std::abs(x);
  // |x| = tan(offset + angle of t) with |t| <= tan(pi/8).
  const double t = a > tan_3pi_8 ? -1.0 / a : a > tan_pi_8 ? (a - 1.0) / (a + 1.0) : a;
  const double offset = a > tan_3pi_8 ? pi / 2 : a > tan_pi_8 ? pi / 4 : 0.0;
  // Chebyshev interpolant of atan(t) / t in t^2.
  constexpr double c[] = {1.0,
                          -0.33333333333333326,
                          0.19999999999997012,
                          -0.1428571428532936,
                          0.11111111085301238,
                          -0.0909090805829841,
                          0.07692281083678901,
                          -0.06666205023178091,
                          0.058768317098427496,
                          -0.05217297919655059,
                          0.044994415067496046,
                          -0.03338645225903317,
                          0.01511237643149517};
  return std::copysign(offset + t * detail::polynomial(c, t * t), x);
}

/// x^n for n >= 0 by repeated squaring.
inline double power(double x, std::int64_t n) {
  double result = 1.0;
  for (; n > 0; n >>= 1, x *= x)
    if (n & 1) result *= x;
  return result;
}

}  // namespace qmtl::math
