// SPDX-License-Identifier: Apache-2.0
#include "io/runs/live_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace qmtl {
namespace {

void write_live(const std::string& path, std::string_view text, int flags) {
  const auto problem = [&] {
    return data_error(path + ": cannot be written: " + system_error(errno) +
                      "; make space or choose another folder with --set run.folder=...");
  };
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
  if (fd < 0) throw problem();
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      const Error error = problem();
      ::close(fd);
      throw error;
    }
    done += static_cast<std::size_t>(wrote);
  }
  ::close(fd);
}

}  // namespace

void append_live(const std::string& path, std::string_view text) { write_live(path, text, O_APPEND); }

void replace_live(const std::string& path, std::string_view content) {
  const std::string partial = path + ".partial";
  write_live(partial, content, O_TRUNC);
  if (::rename(partial.c_str(), path.c_str()) != 0)
    throw data_error(path + ": cannot be replaced: " + system_error(errno));
}

std::vector<std::string> LineFollower::next(bool& replaced) {
  replaced = false;
  std::vector<std::string> lines;
  // Another process's file: it may be a pipe, and a line of it may never end.
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return lines;
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return lines;
  }
  // A resumed run gives the file a new one without the lines after its checkpoint.
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (info.st_ino != file_ || size < offset_) {
    replaced = file_ != 0;
    file_ = info.st_ino;
    offset_ = 0;
    rest_.clear();
  }
  std::string piece(1 << 16, '\0');
  // As far as the file went at first: it may grow as fast as it is read.
  while (offset_ < size) {
    const std::size_t wanted = std::min<std::uint64_t>(piece.size(), size - offset_);
    const ssize_t got = ::pread(fd, piece.data(), wanted, static_cast<off_t>(offset_));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    offset_ += static_cast<std::uint64_t>(got);
    rest_.append(piece, 0, static_cast<std::size_t>(got));
    constexpr std::size_t longest_line = std::size_t{64} << 20;
    if (rest_.size() > longest_line && rest_.find('\n') == std::string::npos) rest_.clear();
  }
  ::close(fd);
  std::size_t begin = 0;
  for (std::size_t end; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1)
    lines.push_back(rest_.substr(begin, end - begin));
  rest_.erase(0, begin);
  return lines;
}

}  // namespace qmtl
