// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/file.h"  // read_file

namespace qmtl {

/// Called with the path of the complete temporary file before it takes the final name; throws if it is not
/// right.
using VerifyFile = std::function<void(const std::string& path)>;

/// Writes a file so that `path` holds either its old content or all of the new, even across a crash: a
/// temporary file in the same folder is written and closed, verified, synchronised, renamed, and the folder
/// is synchronised. On failure the temporary file is removed, nothing else is touched, and Error (data) names
/// the folder, the reason (full disk, no permission, no such folder) and the way out. One writer per path at
/// a time.
void write_file(const std::string& path, std::span<const std::byte> content, const VerifyFile& verify = {});
void write_file(const std::string& path, std::string_view content, const VerifyFile& verify = {});

/// Gives `path` the content of `source` atomically: a hard link where the file system has them, else a copy.
void replace_with_link(const std::string& source, const std::string& path);

/// Appends `text` in one write and synchronises; for logs of lines.
void append_file(const std::string& path, std::string_view text);

/// Removes what writes that a crash cut short left in `folder`, where nobody may be writing.
void remove_partial_files(const std::string& folder);

/// Makes sure that files can be created in `folder`, which exists. Throws Error (data) with reason and way
/// out.
void require_writable(const std::string& folder);

}  // namespace qmtl
