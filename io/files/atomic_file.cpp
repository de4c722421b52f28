// SPDX-License-Identifier: Apache-2.0
#include "io/files/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "runtime/base/descriptor.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

std::string folder_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

/// Hidden, in the same folder (rename must not cross file systems), and the same again, so that what a killed
/// process left behind is overwritten by the next save instead of piling up; those who write at the same time
/// have a number each.
std::string partial_name(const std::string& path, int writer = 0) {
  const std::string number = writer == 0 ? "" : "." + std::to_string(writer);
  return (fs::path(folder_of(path)) / ("." + fs::path(path).filename().string() + number + ".partial"))
      .string();
}

/// Opens the first partial file that nobody else is writing; -1 with errno. `name` becomes its path.
int open_partial(const std::string& path, std::string& name) {
  constexpr int most_writers = 1000;
  for (int writer = 0; writer < most_writers; ++writer) {
    name = partial_name(path, writer);
    const int fd = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return -1;
    // Where a file system has no locks the only writer is right, as it nearly always is.
    const bool held = ::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    struct stat open {
    }, named{};
    const bool same =
        ::fstat(fd, &open) == 0 && ::stat(name.c_str(), &named) == 0 && open.st_ino == named.st_ino;
    if (!held && same) return fd;
    ::close(fd);
    // Another writer had it and gave it its final name: nothing has it now.
    if (!held) --writer;
  }
  errno = EBUSY;
  return -1;
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
      return system_error(error) + "; choose another folder";
  }
}

Error saving_error(const std::string& path, int error) {
  return data_error(path + ": cannot be saved in folder " + folder_of(path) + ": " + reason(error));
}

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

void GrowingFile::write(std::uint64_t at, std::span<const std::byte> bytes) {
  while (!bytes.empty() && error_ == 0) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno != EINTR) error_ = errno;
    if (written <= 0) continue;
    at += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void GrowingFile::read(std::uint64_t at, std::span<std::byte> bytes) {
  std::fill(bytes.begin(), bytes.end(), std::byte{});
  while (!bytes.empty() && error_ == 0) {
    const ssize_t got = ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (got == 0) return;
    if (got < 0 && errno != EINTR) error_ = errno;
    if (got < 0) continue;
    at += static_cast<std::uint64_t>(got);
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

void GrowingFile::resize(std::uint64_t size) {
  if (error_ == 0 && ::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) error_ = errno;
}

void write_file(const std::string& path, std::span<const std::byte> content, const VerifyFile& verify) {
  write_file(
      path, [&](GrowingFile& file) { file.write(0, content); }, verify);
}

struct AtomicFile::Partial {
  explicit Partial(const std::string& final_path)
      : path(final_path),
        opened(open_partial(path, name)),
        open_error(opened < 0 ? errno : 0),
        // Keeps the lock until the file has its name, beyond the close whose result counts.
        held(::fcntl(opened, F_DUPFD_CLOEXEC, 0)),
        content(opened) {}
  ~Partial() {
    if (!name.empty()) ::unlink(name.c_str());
  }
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;

  std::string path, name;  ///< `name`: of the temporary file, "" where there is none
  Descriptor opened;
  const int open_error;
  const Descriptor held;
  GrowingFile content;
};

AtomicFile::AtomicFile(const std::string& path) {
  // Nor may a device be replaced: with the rights to do so it would be gone.
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
    throw data_error(path +
                     ": expected a regular file or none, found a pipe or a device; choose another name");
  partial_ = std::make_unique<Partial>(path);
  if (const int error = partial_->open_error; error != 0) {
    partial_->name.clear();  // another writer may have it
    throw saving_error(path, error);
  }
  if (::ftruncate(partial_->opened, 0) != 0) throw saving_error(path, errno);
}

AtomicFile::~AtomicFile() = default;

GrowingFile& AtomicFile::content() { return partial_->content; }

void AtomicFile::check() const {
  if (const int error = partial_->content.error(); error != 0) throw saving_error(partial_->path, error);
}

void AtomicFile::commit(const VerifyFile& verify) {
  Partial& file = *partial_;
  check();
  if (::fsync(file.opened) != 0) throw saving_error(file.path, errno);
  if (!file.opened.close()) throw saving_error(file.path, errno);
  if (verify) verify(file.name);
  if (::rename(file.name.c_str(), file.path.c_str()) != 0) throw saving_error(file.path, errno);
  file.name.clear();
  synchronise_folder(folder_of(file.path));
}

void write_file(const std::string& path, const std::function<void(GrowingFile&)>& fill,
                const VerifyFile& verify) {
  AtomicFile file(path);
  try {
    fill(file.content());
  } catch (...) {
    // What went wrong with the file explains whatever else did.
    file.check();
    throw;
  }
  file.commit(verify);
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

void synchronise(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd < 0 && errno == ENOENT) return;
  if (fd < 0 || (::fsync(fd) != 0 && errno != EINVAL)) throw saving_error(path, errno);
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
