// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/base/descriptor.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

FileKind kind_of(const struct stat& status) {
  return S_ISREG(status.st_mode)   ? FileKind::file
         : S_ISDIR(status.st_mode) ? FileKind::folder
                                   : FileKind::other;
}

const char* name_of(const struct stat& status) {
  switch (status.st_mode & S_IFMT) {
    case S_IFDIR:
      return "a folder";
    case S_IFIFO:
      return "a pipe; save what it brings as a file first";
    case S_IFSOCK:
      return "a socket; save what it brings as a file first";
    default:
      return "a device; name a regular file";
  }
}

[[noreturn]] void refuse(const std::string& path, int error) {
  throw data_error(path + ": " + path_problem(error));
}

void require_regular(const std::string& path, const struct stat& status, const std::string& expected) {
  if (kind_of(status) != FileKind::file)
    throw data_error(path + ": expected " + expected + ", found " + name_of(status));
}

}  // namespace

std::uint64_t machine_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), size = ::sysconf(_SC_PAGE_SIZE);
  return pages > 0 && size > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size)
                               : UINT64_MAX;
}

std::string system_error(int error) {
  const char* const name = strerrorname_np(error);
  return (name ? std::string(name) : "error " + std::to_string(error)) + ", " + std::strerror(error);
}

std::string path_problem(int error) {
  switch (error) {
    case ENOENT:
      return "no such file; check the path (relative paths start at the current folder)";
    case EACCES:
      return "cannot be read: permission denied; check its permissions, and those of the folders on the way";
    case ELOOP:
      return "its links run in a circle; remove or correct one of them";
    case ENAMETOOLONG:
      return "the name is too long for this file system; choose a shorter one";
    case ENOTDIR:
      return "a part of the path is not a folder; check the path";
    case EISDIR:
      return "expected a file, found a folder";
    case EIO:
      return "the disk or network cannot read it (input/output error); restore it from a copy";
    default:
      return "cannot be read: " + system_error(error) + "; check the path and the file system";
  }
}

FileKind file_kind(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return kind_of(status);
  if (errno == ENOENT || errno == ENOTDIR) return FileKind::nothing;
  refuse(path, errno);
}

std::uint64_t require_file(const std::string& path, const std::string& expected) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) refuse(path, errno);
  require_regular(path, status, expected);
  return static_cast<std::uint64_t>(status.st_size);
}

std::string read_file(const std::string& path, std::uint64_t most) {
  if (most == 0) most = machine_memory();
  // Opening a pipe would wait for somebody to write to it.
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd < 0) refuse(path, errno);
  struct stat status {};
  if (::fstat(fd, &status) != 0) refuse(path, errno);
  require_regular(path, status, "a file");
  const auto too_large = [&](std::uint64_t bytes) {
    return data_error(
        path + ": expected at most " + std::to_string(most) + " bytes, found " + std::to_string(bytes) +
        (most == most_text_bytes ? "; this is not such a file" : ", more than this machine's memory"));
  };
  const auto size = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
  if (size > most) throw too_large(size);
  std::string content(static_cast<std::size_t>(size) + 1, '\0');
  std::size_t held = 0;
  while (true) {
    // Another process may be writing: the file may grow while it is read.
    if (held == content.size()) content.resize(2 * content.size());
    const ssize_t got = ::read(fd, content.data() + held, content.size() - held);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(path, errno);
    held += static_cast<std::size_t>(got);
    if (held > most) throw too_large(held);
    if (got == 0) break;
  }
  content.resize(held);
  return content;
}

}  // namespace qmtl
