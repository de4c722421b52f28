// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "io/sources/import_report.h"

namespace qmtl {

/// Place of the first byte that is no part of a UTF-8 text, or is NUL (which ends texts in HDF5); npos: none.
std::size_t foreign_byte(std::string_view text);

/// "byte 0xE9": how messages name such a byte.
std::string named_byte(std::string_view text, std::size_t at);

/// Throws Error (data), its message beginning with `where`, for a text that is not UTF-8.
void require_utf8(std::string_view text, const std::string& where);

/// A text for messages and reports: without control characters, cut to `most` bytes at a character's end.
std::string shown(std::string_view text, std::size_t most = 60);

/// Turns the bytes of a file into UTF-8, piece by piece. `encoding` is a description's key, any name that
/// iconv knows, "" where it is not said: then UTF-16 is told by its byte order mark, and everything else must
/// be UTF-8. Throws Error (data) with file, line and byte for bytes that are not of the encoding, and Error
/// (usage) for an unknown encoding.
class TextDecoder {
 public:
  TextDecoder(std::string encoding, std::string path);
  ~TextDecoder();
  TextDecoder(const TextDecoder&) = delete;
  TextDecoder& operator=(const TextDecoder&) = delete;

  /// Appends the bytes as text, whole characters; `last`: nothing follows.
  void decode(std::string_view bytes, bool last, std::string& text, ImportReport& report);

 private:
  void begin(std::string_view bytes, ImportReport& report);
  void convert(std::string_view bytes, bool last, std::string& text);
  void check(std::string_view text) const;

  std::string encoding_, path_;
  std::string head_;     ///< the first bytes, for a hint
  std::string pending_;  ///< of a character that goes on in the next piece
  std::size_t line_ = 1;
  void* converter_ = nullptr;
  bool begun_ = false;
};

}  // namespace qmtl
