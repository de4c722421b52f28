// SPDX-License-Identifier: Apache-2.0
#include "io/files/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

std::string folder_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

/// Hidden, in the same folder (rename must not cross file systems), and always the same, so that what a
/// killed process left behind is overwritten by the next save instead of piling up.
std::string partial_name(const std::string& path) {
  return (fs::path(folder_of(path)) / ("." + fs::path(path).filename().string() + ".partial")).string();
}

std::string reason(int error) {
  switch (error) {
    case ENOSPC:
      return "the disk is full; free some space or choose another folder";
    case EDQUOT:
      return "the disk quota is used up; free some space or choose another folder";
    case EFBIG:
      return "the file would exceed the largest size allowed here (ulimit -f); raise the limit or choose "
             "another folder";
    case EACCES:
    case EPERM:
      return "the folder is not writable; change its permissions or choose another folder";
    case EROFS:
      return "the file system is read-only; choose another folder";
    case ENOENT:
      return "the folder does not exist; create it first";
    case ENOTDIR:
      return "a part of the path is not a folder; choose another path";
    case EISDIR:
      return "there is a folder of that name; choose another name";
    default:
      return std::string(std::strerror(error)) + "; choose another folder";
  }
}

Error saving_error(const std::string& path, int error) {
  return data_error(path + ": cannot be saved in folder " + folder_of(path) + ": " + reason(error));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return fd_; }
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

void write_all(int fd, std::span<const std::byte> content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw saving_error(path, errno);
    content = content.subspan(static_cast<std::size_t>(written));
  }
}

void synchronise_folder(const std::string& folder) {
  Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some network file systems refuse to synchronise folders (EINVAL); the rename itself has succeeded by now.
  if (fd >= 0 && ::fsync(fd) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
    throw data_error(folder + ": cannot synchronise the folder: " + reason(errno));
}

}  // namespace

void write_file(const std::string& path, std::span<const std::byte> content, const VerifyFile& verify) {
  const std::string partial = partial_name(path);
  try {
    Descriptor fd(::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (fd < 0) throw saving_error(path, errno);
    write_all(fd, content, path);
    if (::fsync(fd) != 0) throw saving_error(path, errno);
    if (!fd.close()) throw saving_error(path, errno);
    if (verify) verify(partial);
    if (::rename(partial.c_str(), path.c_str()) != 0) throw saving_error(path, errno);
  } catch (...) {
    ::unlink(partial.c_str());
    throw;
  }
  synchronise_folder(folder_of(path));
}

void write_file(const std::string& path, std::string_view content, const VerifyFile& verify) {
  write_file(path, std::as_bytes(std::span(content.data(), content.size())), verify);
}

void replace_with_link(const std::string& source, const std::string& path) {
  const std::string partial = partial_name(path);
  ::unlink(partial.c_str());
  if (::link(source.c_str(), partial.c_str()) != 0) {
    write_file(path, read_file(source));
    return;
  }
  // Renaming one link onto another of the same file does nothing and leaves both; the unlink clears that
  // case.
  const int renamed = ::rename(partial.c_str(), path.c_str());
  const int error = errno;
  ::unlink(partial.c_str());
  if (renamed != 0) throw saving_error(path, error);
  synchronise_folder(folder_of(path));
}

void append_file(const std::string& path, std::string_view text) {
  Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (fd < 0) throw saving_error(path, errno);
  write_all(fd, std::as_bytes(std::span(text.data(), text.size())), path);
  if (::fsync(fd) != 0 && errno != EINVAL) throw saving_error(path, errno);
  if (!fd.close()) throw saving_error(path, errno);
}

std::string read_file(const std::string& path) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd < 0)
    throw data_error(path + (errno == ENOENT
                                 ? ": no such file; check the path (relative paths start at the current "
                                   "folder)"
                                 : ": cannot be read: " + std::string(std::strerror(errno))));
  std::string content;
  std::string piece(1 << 16, '\0');
  while (true) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw data_error(path + ": cannot be read: " + std::string(std::strerror(errno)));
    if (got == 0) return content;
    content.append(piece, 0, static_cast<std::size_t>(got));
  }
}

void remove_partial_files(const std::string& folder) {
  std::error_code error;  // what cannot be removed does no harm
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".") && name.ends_with(".partial")) ::unlink(entry.path().c_str());
  }
}

void require_writable(const std::string& folder) {
  const std::string probe = (fs::path(folder) / ".writable.partial").string();
  Descriptor fd(::open(probe.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (fd < 0) throw data_error(folder + ": no file can be created there: " + reason(errno));
  ::unlink(probe.c_str());
}

}  // namespace qmtl
