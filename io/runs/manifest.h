// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace qmtl {

/// A checkpoint file as it was when it had been written, read back and given its name.
struct ManifestEntry {
  std::string file;  ///< its name inside checkpoints/
  std::int64_t step = 0;
  int epoch = 0;  ///< completed ones
  std::uint64_t bytes = 0;
  std::string content_hash;
};

/// checkpoints/manifest.json as text: the format, the entries and a hash over them.
std::string manifest_text(const std::vector<ManifestEntry>& entries);

/// The entries in their order, the newest checkpoint first. Throws Error (data) that names `file` and what is
/// wrong when the text is damaged or of another format.
std::vector<ManifestEntry> parse_manifest(const std::string& text, const std::string& file);

}  // namespace qmtl
