// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace qmtl {

// Several numbers as one for the formulas of base/math.h: registers that go through every step side by side.
// A polynomial is a chain in which each step waits for the one before; the other registers' steps fill the
// wait.

/// `Count` registers of `Bytes` bytes with unsigned integers; as the answer to a question the highest bit is
/// yes.
template <std::size_t Bytes, std::size_t Count>
struct BitsPack {
  typedef std::uint64_t Register __attribute__((vector_size(Bytes)));
  typedef std::int64_t Signed __attribute__((vector_size(Bytes)));
  Register part[Count];

  BitsPack() = default;
  [[gnu::always_inline]] BitsPack(std::uint64_t all) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) part[i] = Register{} + all;
  }
  [[gnu::always_inline]] friend BitsPack operator+(const BitsPack& a, const BitsPack& b) {
    BitsPack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = a.part[i] + b.part[i];
    return c;
  }
  [[gnu::always_inline]] friend BitsPack operator-(const BitsPack& a, const BitsPack& b) {
    BitsPack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = a.part[i] - b.part[i];
    return c;
  }
  [[gnu::always_inline]] friend BitsPack operator&(const BitsPack& a, const BitsPack& b) {
    BitsPack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = a.part[i] & b.part[i];
    return c;
  }
  [[gnu::always_inline]] friend BitsPack operator|(const BitsPack& a, const BitsPack& b) {
    BitsPack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = a.part[i] | b.part[i];
    return c;
  }
  [[gnu::always_inline]] friend BitsPack operator^(const BitsPack& a, const BitsPack& b) {
    BitsPack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = a.part[i] ^ b.part[i];
    return c;
  }
  [[gnu::always_inline]] friend BitsPack operator<<(const BitsPack& a, int b) {
    BitsPack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = a.part[i] << b;
    return c;
  }
  [[gnu::always_inline]] friend BitsPack operator>>(const BitsPack& a, int b) {
    BitsPack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = a.part[i] >> b;
    return c;
  }
  [[gnu::always_inline]] friend BitsPack is_odd(const BitsPack& number) { return number << 63; }
  [[gnu::always_inline]] friend BitsPack half_of(const BitsPack& k) {
    BitsPack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = (Register)((Signed)k.part[i] >> 1);
    return c;
  }
};

/// The same with doubles.
template <std::size_t Bytes, std::size_t Count>
struct Pack {
  using Bits = BitsPack<Bytes, Count>;
  typedef double Register __attribute__((vector_size(Bytes)));
  typedef float Floats __attribute__((vector_size(Bytes / 2)));
  static constexpr std::size_t lanes = Bytes / sizeof(double), size = lanes * Count;
  Register part[Count];

  Pack() = default;
  [[gnu::always_inline]] Pack(double all) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) part[i] = Register{} + all;
  }
  [[gnu::always_inline]] friend Pack operator+(const Pack& a, const Pack& b) {
    Pack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = a.part[i] + b.part[i];
    return c;
  }
  [[gnu::always_inline]] friend Pack operator-(const Pack& a, const Pack& b) {
    Pack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = a.part[i] - b.part[i];
    return c;
  }
  [[gnu::always_inline]] friend Pack operator*(const Pack& a, const Pack& b) {
    Pack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = a.part[i] * b.part[i];
    return c;
  }
  [[gnu::always_inline]] friend Pack operator/(const Pack& a, const Pack& b) {
    Pack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = a.part[i] / b.part[i];
    return c;
  }
  [[gnu::always_inline]] friend Bits operator<(const Pack& a, const Pack& b) {
    Bits c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = (typename Bits::Register)(a.part[i] < b.part[i]);
    return c;
  }
  [[gnu::always_inline]] friend Bits operator>(const Pack& a, const Pack& b) {
    Bits c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = (typename Bits::Register)(a.part[i] > b.part[i]);
    return c;
  }
  [[gnu::always_inline]] friend Bits operator>=(const Pack& a, const Pack& b) {
    Bits c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = (typename Bits::Register)(a.part[i] >= b.part[i]);
    return c;
  }
  [[gnu::always_inline]] friend Bits operator!=(const Pack& a, const Pack& b) {
    Bits c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = (typename Bits::Register)(a.part[i] != b.part[i]);
    return c;
  }
  [[gnu::always_inline]] friend Pack operator-(const Pack& a) {
    Pack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = -a.part[i];
    return c;
  }
  [[gnu::always_inline]] friend Bits bits_of(const Pack& a) {
    Bits c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = (typename Bits::Register)a.part[i];
    return c;
  }
  [[gnu::always_inline]] friend Pack choose(const Bits& condition, const Pack& yes, const Pack& no) {
    Pack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i)
      c.part[i] = ((typename Bits::Signed)condition.part[i] < 0) ? yes.part[i] : no.part[i];
    return c;
  }
  [[gnu::always_inline]] friend Pack absolute(const Pack& a) { return double_of(bits_of(a) & ~sign_bit); }
  [[gnu::always_inline]] friend Pack with_sign(const Pack& a, const Pack& sign) {
    return double_of((bits_of(a) & ~sign_bit) | (bits_of(sign) & sign_bit));
  }

  template <class From, class To>
  [[gnu::always_inline]] static void convert(const From& from, To& to) {
    to = __builtin_convertvector(from, To);
  }
  static constexpr std::uint64_t sign_bit = 0x8000000000000000;

  [[gnu::always_inline]] static Pack load(const double* from) {
    typedef double Stored __attribute__((vector_size(Bytes), aligned(alignof(double)), may_alias));
    Pack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) c.part[i] = reinterpret_cast<const Stored*>(from)[i];
    return c;
  }
  [[gnu::always_inline]] void store(double* to) const {
    typedef double Stored __attribute__((vector_size(Bytes), aligned(alignof(double)), may_alias));
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) reinterpret_cast<Stored*>(to)[i] = part[i];
  }
  [[gnu::always_inline]] static Pack load(const float* from) {
    typedef float Stored __attribute__((vector_size(Bytes / 2), aligned(alignof(float)), may_alias));
    Pack c;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) {
      const Floats few = reinterpret_cast<const Stored*>(from)[i];
      convert(few, c.part[i]);
    }
    return c;
  }
  [[gnu::always_inline]] void store(float* to) const {
    typedef float Stored __attribute__((vector_size(Bytes / 2), aligned(alignof(float)), may_alias));
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Count; ++i) {
      Floats few;
      convert(part[i], few);
      reinterpret_cast<Stored*>(to)[i] = few;
    }
  }
};

template <std::size_t Bytes, std::size_t Count>
[[gnu::always_inline]] inline Pack<Bytes, Count> double_of(const BitsPack<Bytes, Count>& bits) {
  Pack<Bytes, Count> c;
#pragma GCC unroll 8
  for (std::size_t i = 0; i < Count; ++i) c.part[i] = (typename Pack<Bytes, Count>::Register)bits.part[i];
  return c;
}

}  // namespace qmtl
