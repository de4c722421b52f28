// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace qmtl {

/// A place in the bytes of a QPY file. Numbers are big-endian unless it says otherwise. Whatever would go
/// beyond the end is Error (data): "QPY: byte 123: ...".
class QpyCursor {
 public:
  /// `first` is the number of the first byte in the file, for messages.
  explicit QpyCursor(std::string_view bytes, std::size_t first = 0) : bytes_(bytes), first_(first) {}

  std::uint64_t whole(std::size_t bytes);  ///< an unsigned number of 1 to 8 bytes
  std::uint8_t byte() { return static_cast<std::uint8_t>(whole(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(whole(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(whole(4)); }
  std::uint64_t u64() { return whole(8); }
  char letter() { return static_cast<char>(whole(1)); }
  double real();
  std::string_view take(std::uint64_t size);
  /// The next `size` bytes as a file of their own.
  QpyCursor part(std::uint64_t size);

  std::size_t left() const { return bytes_.size() - at_; }
  bool at_end() const { return at_ == bytes_.size(); }
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  std::string_view bytes_;
  std::size_t at_ = 0, first_;
};

/// The number in eight bytes, in the byte order of the processor if `little`.
double qpy_real(std::string_view bytes, bool little);
std::int64_t qpy_integer(std::string_view bytes, bool little);

}  // namespace qmtl
