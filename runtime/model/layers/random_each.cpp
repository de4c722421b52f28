// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/layers/random_each.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "runtime/base/math.h"
#include "runtime/model/instruction_sets.h"
#include "runtime/model/layers/pack.h"

namespace qmtl {
namespace {

constexpr std::size_t together = 64;

struct Words {
  alignas(64) std::uint32_t word[4][together];
};

/// philox() of `together` counters at once; CMakeLists.txt lets this file's comparisons and square roots run
/// in lanes.
[[gnu::always_inline]] inline void philox_each(const Position& first, std::uint32_t key0, std::uint32_t key1,
                                               Words& words) {
  auto& [a, b, c, d] = words.word;
  for (std::size_t i = 0; i < together; ++i) {
    a[i] = first.step;
    b[i] = first.task;
    c[i] = first.sample;
    d[i] = first.index + static_cast<std::uint32_t>(i);
  }
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < together; ++i) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * a[i], p1 = std::uint64_t{0xCD9E8D57u} * c[i];
      a[i] = static_cast<std::uint32_t>(p1 >> 32) ^ b[i] ^ key0;
      b[i] = static_cast<std::uint32_t>(p1);
      c[i] = static_cast<std::uint32_t>(p0 >> 32) ^ d[i] ^ key1;
      d[i] = static_cast<std::uint32_t>(p0);
    }
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

/// The upper 53 bits of (high, low) as a number in [0, 1). Each half becomes the low bits of 2^52, which is
/// exact and has instructions for lanes everywhere; so is their sum.
[[gnu::always_inline]] inline void units(const std::uint32_t* high, const std::uint32_t* low, double* unit) {
  constexpr std::uint64_t bits = 0x4330000000000000;
  for (std::size_t i = 0; i < together; ++i) {
    const double upper = math::detail::double_of(bits | high[i]) - 0x1p52;
    const double lower = math::detail::double_of(bits | low[i] >> 11) - 0x1p52;
    unit[i] = (upper * 0x1p21 + lower) * 0x1p-53;
  }
}

struct Uniform {
  template <std::size_t>
  [[gnu::always_inline]] static void run(const Position* first, const std::uint32_t* key, double* numbers) {
    Words words;
    philox_each(*first, key[0], key[1], words);
    units(words.word[0], words.word[1], numbers);
  }
};

struct Normal {
  template <std::size_t Bytes>
  [[gnu::always_inline]] static void run(const Position* first, const std::uint32_t* key, double* numbers) {
    using P = Pack<Bytes, 2>;
    Words words;
    alignas(64) double radius[together], angle[together];
    philox_each(*first, key[0], key[1], words);
    units(words.word[0], words.word[1], radius);
    units(words.word[2], words.word[3], angle);
    for (std::size_t i = 0; i < together; i += P::size) {
      (-2.0 * math::detail::log_normal(1.0 - P::load(radius + i))).store(radius + i);
      math::detail::sin_from(2.0 * math::pi * P::load(angle + i), 1).store(angle + i);
    }
    for (std::size_t i = 0; i < together; ++i) numbers[i] = std::sqrt(radius[i]) * angle[i];
  }
};

template <class Kind>
void each(const RandomStream& stream, Position first, std::span<double> numbers) {
  const Position* at = &first;
  const std::uint32_t* key = stream.key().data();
  std::size_t i = 0;
  for (; i + together <= numbers.size(); i += together, first.index += together)
    run_widest<Kind>(at, key, numbers.data() + i);
  if (i == numbers.size()) return;
  double rest[together];
  run_widest<Kind>(at, key, static_cast<double*>(rest));
  std::copy_n(rest, numbers.size() - i, numbers.data() + i);
}

}  // namespace

void uniform_each(const RandomStream& stream, Position first, std::span<double> numbers) {
  each<Uniform>(stream, first, numbers);
}

void normal_each(const RandomStream& stream, Position first, std::span<double> numbers) {
  each<Normal>(stream, first, numbers);
}

}  // namespace qmtl
