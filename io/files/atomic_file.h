// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/file.h"  // read_file

namespace qmtl {

/// Called with the path of the complete temporary file before it takes the final name; throws if it is not
/// right.
using VerifyFile = std::function<void(const std::string& path)>;

/// A file on its way to its name, for what is not written from front to back. The first failure is kept, and
/// nothing is written after it, so that a library in between need not know of it.
class GrowingFile {
 public:
  explicit GrowingFile(int descriptor) : descriptor_(descriptor) {}
  void write(std::uint64_t at, std::span<const std::byte> bytes);
  void read(std::uint64_t at, std::span<std::byte> bytes);  ///< zeros where nothing was written
  void resize(std::uint64_t size);
  int error() const { return error_; }  ///< errno of the first failure, or 0

 private:
  int descriptor_, error_ = 0;
};

/// A file that takes its name when all of it is there: `path` holds either its old content or all of the new,
/// even across a crash. A temporary file in the same folder is written; commit() closes and verifies it,
/// synchronises, renames, and synchronises the folder. Without a commit the temporary file is removed and
/// nothing else is touched. Throws Error (data) that names the folder, the reason (full disk, no permission,
/// no such folder) and the way out. One writer per path at a time.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  GrowingFile& content();
  /// Throws where something could not be written.
  void check() const;
  void commit(const VerifyFile& verify = {});

 private:
  struct Partial;
  std::unique_ptr<Partial> partial_;
};

/// Writes an AtomicFile.
void write_file(const std::string& path, std::span<const std::byte> content, const VerifyFile& verify = {});
void write_file(const std::string& path, std::string_view content, const VerifyFile& verify = {});
/// The same for what `fill` writes.
void write_file(const std::string& path, const std::function<void(GrowingFile&)>& fill,
                const VerifyFile& verify);

/// Gives `path` the content of `source` atomically: a hard link where the file system has them, else a copy.
void replace_with_link(const std::string& source, const std::string& path);

/// Appends `text` in one write and synchronises; for logs of lines.
void append_file(const std::string& path, std::string_view text);

/// Makes what was written to `path` last, if it is there; Error (data) as of write_file.
void synchronise(const std::string& path);

/// Removes what writes that a crash cut short left in `folder`, where nobody may be writing.
void remove_partial_files(const std::string& folder);

/// Makes sure that files can be created in `folder`, which exists. Throws Error (data) with reason and way
/// out.
void require_writable(const std::string& folder);

}  // namespace qmtl
