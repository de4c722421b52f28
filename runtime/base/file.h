// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace qmtl {

/// What stands at a path, links followed.
enum class FileKind : std::uint8_t { nothing, file, folder, other };

/// Throws Error (data) where nobody can tell: a folder on the way that may not be entered, links that run in
/// a circle, a name that is too long.
FileKind file_kind(const std::string& path);

/// Texts that people write, and JSON of this program, are never larger than this.
inline constexpr std::uint64_t most_text_bytes = std::uint64_t{64} << 20;

/// Makes sure that `path` is a regular file, and gives its size in bytes. Pipes and devices are refused
/// before they are opened: they may never end, or never begin. Throws Error (data) that says what was
/// expected
/// ("an HDF5 file"), what was found and what to do.
std::uint64_t require_file(const std::string& path, const std::string& expected = "a file");

/// The whole content of a regular file of at most `most` bytes, or, with 0, of as many as this machine has
/// memory. Throws Error (data) as require_file, for a larger file, and for one that cannot be read.
std::string read_file(const std::string& path, std::uint64_t most = 0);

/// Bytes of memory that this machine has.
std::uint64_t machine_memory();

/// An error of the system by its name and in words: "ENOLCK, No locks available".
std::string system_error(int error);

/// Why the system refuses a path, with the way out: "Permission denied; ...".
std::string path_problem(int error);

}  // namespace qmtl
