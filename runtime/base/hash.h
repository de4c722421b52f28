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

/// Takes blocks of 64 bytes into a state of SHA-256, with the processor's instructions for it where it has
/// them.
void sha256_compress(std::array<std::uint32_t, 8>& state, const unsigned char* blocks, std::size_t count);
/// The same for processors without them.
void sha256_compress_portably(std::array<std::uint32_t, 8>& state, const unsigned char* blocks,
                              std::size_t count);

/// SHA-256 of a byte stream given in pieces (NIST FIPS 180-4, sections 5 and 6.2).
class Sha256 {
 public:
  void update(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    length_ += size;
    while (size > 0) {
      // Whole blocks are compressed where they lie; only the ends pass through the buffer.
      if (filled_ == 0 && size >= block_size) {
        const std::size_t whole = size / block_size;
        sha256_compress(state_, bytes, whole);
        bytes += whole * block_size;
        size -= whole * block_size;
        continue;
      }
      const std::size_t taken = std::min(size, block_size - filled_);
      std::memcpy(buffer_.data() + filled_, bytes, taken);
      filled_ += taken;
      bytes += taken;
      size -= taken;
      if (filled_ == block_size) {
        sha256_compress(state_, buffer_.data(), 1);
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

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, block_size> buffer_{};
  std::size_t filled_ = 0;
  std::uint64_t length_ = 0;
};

}  // namespace qmtl
