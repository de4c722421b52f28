// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

/// SHA-256 of a byte stream given in pieces (NIST FIPS 180-4, sections 5 and 6.2).
class Sha256 {
 public:
  void update(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    length_ += size;
    while (size > 0) {
      // Whole blocks are compressed where they lie; only the ends pass through the buffer.
      if (filled_ == 0 && size >= block_size) {
        compress(bytes);
        bytes += block_size;
        size -= block_size;
        continue;
      }
      const std::size_t taken = std::min(size, block_size - filled_);
      std::memcpy(buffer_.data() + filled_, bytes, taken);
      filled_ += taken;
      bytes += taken;
      size -= taken;
      if (filled_ == block_size) {
        compress(buffer_.data());
        filled_ = 0;
      }
    }
  }
  void update(std::string_view text) { update(text.data(), text.size()); }

  /// A number as eight little-endian bytes: the same digest on every machine.
  void update_number(std::uint64_t value) {
    std::array<unsigned char, 8> bytes;
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<unsigned char>(value >> (8 * i));
    update(bytes.data(), bytes.size());
  }
  /// The bits of a double; -0 and 0 differ, as do NaNs of different payload.
  void update_number(double value) { update_number(std::bit_cast<std::uint64_t>(value)); }
  /// Numbers with their count before them.
  template <class Number>
  void update_array(const std::vector<Number>& values) {
    static_assert(std::endian::native == std::endian::little,
                  "arrays go to the hash as they lie in memory, which must be little-endian");
    update_number(static_cast<std::uint64_t>(values.size()));
    update(values.data(), values.size() * sizeof(Number));
  }
  /// A text with its length before it, so that neighbouring texts cannot be confused.
  void update_text(std::string_view text) {
    update_number(static_cast<std::uint64_t>(text.size()));
    update(text);
  }

  /// Digest of everything so far; the stream may go on afterwards.
  std::array<unsigned char, 32> digest() const {
    Sha256 end = *this;
    const std::uint64_t bits = length_ * 8;
    static constexpr unsigned char padding[block_size] = {0x80};
    end.update(padding, filled_ < 56 ? 56 - filled_ : 120 - filled_);
    std::array<unsigned char, 8> size;
    for (std::size_t i = 0; i < 8; ++i) size[i] = static_cast<unsigned char>(bits >> (56 - 8 * i));
    end.update(size.data(), size.size());
    std::array<unsigned char, 32> result;
    for (std::size_t i = 0; i < 32; ++i)
      result[i] = static_cast<unsigned char>(end.state_[i / 4] >> (24 - 8 * (i % 4)));
    return result;
  }

  /// The digest as 64 lower-case hexadecimal digits.
  std::string hex() const {
    std::string text;
    for (unsigned char byte : digest()) {
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    }
    return text;
  }

 private:
  static constexpr std::size_t block_size = 64;

  static constexpr std::array<std::uint32_t, 64> round_constants{
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

  void compress(const unsigned char* block) {
    std::array<std::uint32_t, 64> w;
    for (std::size_t t = 0; t < 16; ++t)
      w[t] = std::uint32_t{block[4 * t]} << 24 | std::uint32_t{block[4 * t + 1]} << 16 |
             std::uint32_t{block[4 * t + 2]} << 8 | std::uint32_t{block[4 * t + 3]};
    for (std::size_t t = 16; t < 64; ++t) {
      const std::uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
      const std::uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
      w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t t = 0; t < 64; ++t) {
      const std::uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const std::uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + round_constants[t] + w[t];
      const std::uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const std::uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::array<std::uint32_t, 8> added{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state_[i] += added[i];
  }

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, block_size> buffer_{};
  std::size_t filled_ = 0;
  std::uint64_t length_ = 0;
};

}  // namespace qmtl
