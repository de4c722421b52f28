// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qmtl {

// Files that others read while a run writes them. Nothing waits for the disk here: what a power cut may take
// is not worth a pause of the training. Errors are Error (data) with path and reason.

/// Appends `text` in one write.
void append_live(const std::string& path, std::string_view text);

/// Gives `path` this content; whoever reads it sees the old or the new one, never a part.
void replace_live(const std::string& path, std::string_view content);

/// Reads a file of lines that another process appends to.
class LineFollower {
 public:
  explicit LineFollower(std::string path) : path_(std::move(path)) {}

  /// The complete lines that have come since the last call; none while there is no file. `replaced` tells
  /// that the file has been written anew and its lines come from its start.
  std::vector<std::string> next(bool& replaced);

 private:
  std::string path_, rest_;  ///< rest_: a last line without its end
  std::uint64_t file_ = 0, offset_ = 0;
};

}  // namespace qmtl
