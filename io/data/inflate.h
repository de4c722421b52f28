// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace qmtl {

/// A file's bytes, decompressed if they are gzip. Throws Error (data) for a missing, unreadable or damaged
/// file; `expected` says what should have been there, e.g. "a CSV file".
std::string inflate_file(const std::string& path, const std::string& expected);

}  // namespace qmtl
