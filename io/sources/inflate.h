// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qmtl {

/// The bytes of a file piece by piece, decompressed if they are gzip. Errors as inflate_file.
class InflatedFile {
 public:
  InflatedFile(const std::string& path, const std::string& expected);
  ~InflatedFile();
  InflatedFile(const InflatedFile&) = delete;
  InflatedFile& operator=(const InflatedFile&) = delete;

  /// The next bytes, up to a megabyte, or none at the end.
  std::string_view next();
  std::uint64_t done() const;  ///< bytes of the file that were read
  std::uint64_t size() const { return size_; }

 private:
  std::string path_, piece_;
  std::uint64_t size_ = 0;
  void* file_ = nullptr;
};

/// A file's bytes, decompressed if they are gzip. Throws Error (data) for a missing, unreadable or damaged
/// file; `expected` says what should have been there, e.g. "a CSV file".
std::string inflate_file(const std::string& path, const std::string& expected);

}  // namespace qmtl
