// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/model/data.h"

namespace qmtl {

/// The inputs of a data set as rows of float32 in one file, for data sets that no memory should hold. One
/// process writes it, from front to back; any number read it, from the page cache that they share.
class RowFile {
 public:
  /// A new file in `folder`. Throws Error (data) where it cannot be made.
  static RowFile create(const std::string& folder);
  /// One that another process has made.
  static RowFile open(const std::string& path);
  ~RowFile();
  RowFile(RowFile&& other) noexcept;
  RowFile& operator=(RowFile&&) = delete;

  const std::string& path() const { return path_; }
  void append(std::span<const float> numbers);
  /// Takes the name away: the file ends with the last process that has it open.
  void forget();
  /// The rows of `width` numbers that begin after `before` numbers.
  std::shared_ptr<const InputRows> rows(std::uint64_t before, std::size_t width) const;

 private:
  explicit RowFile(std::string path, int descriptor);
  std::string path_;
  struct Open;
  std::shared_ptr<Open> file_;
};

}  // namespace qmtl
