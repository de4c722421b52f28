// SPDX-License-Identifier: Apache-2.0
#include "io/files/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/json_field.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

using Clock = std::chrono::steady_clock;

struct Owner {
  std::string host;
  std::int64_t process = 0;
  std::string since;
};

std::string this_host() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string described(const Owner& owner) {
  return json_text({{"format", "qmtl-owner"},
                    {"version", 1},
                    {"host", owner.host},
                    {"process", owner.process},
                    {"since", owner.since}}) +
         "\n";
}

/// What the file says; nothing where the owner has not come to writing it.
std::optional<Owner> read_owner(const std::string& file) {
  try {
    const auto root = JsonField::parse(read_file(file, most_text_bytes), json_file(file));
    require_json_format(root, "qmtl-owner", 1);
    return Owner{root.at("host").text(), root.at("process").count(), root.at("since").text()};
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string name_of(const std::optional<Owner>& owner) {
  if (!owner) return "another process";
  return "process " + std::to_string(owner->process) + " on " + printable(owner->host) + " since " +
         printable(owner->since);
}

[[noreturn]] void cannot_lock(const std::string& file, int error) {
  throw data_error(
      file + ": cannot be locked: " + system_error(error) +
      "; choose a folder on a file system with locks (a local disk, or NFS with its lock service)");
}

/// Whether the path still names the open file: an owner that ends removes it. 0, ESTALE if it does not, or
/// another error.
int current(int fd, const std::string& file) {
  struct stat open {
  }, named{};
  if (::fstat(fd, &open) != 0) return errno;
  if (::stat(file.c_str(), &named) != 0) return errno == ENOENT ? ESTALE : errno;
  return open.st_ino == named.st_ino && open.st_dev == named.st_dev ? 0 : ESTALE;
}

}  // namespace

FolderLock::FolderLock(const std::string& folder, const std::string& advice, double patience)
    : file_((std::filesystem::path(folder) / "owner.json").string()) {
  const Owner self{this_host(), ::getpid(), now_text()};
  const auto end = Clock::now() + std::chrono::duration<double>(patience);
  while (true) {
    fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd_ < 0)
      throw data_error(folder + ": no file can be created there: " + system_error(errno) +
                       "; change its permissions or choose another folder");
    int failed = 0;
    while ((failed = ::flock(fd_, LOCK_EX | LOCK_NB) == 0 ? 0 : errno) == EINTR) {
    }
    if (failed == 0 && (failed = current(fd_, file_)) == 0) break;
    ::close(fd_);
    fd_ = -1;
    if (failed == ESTALE) continue;  // it was being removed
    if (failed != EWOULDBLOCK) cannot_lock(file_, failed);
    const auto owner = read_owner(file_);
    if (owner && owner->process == self.process && owner->host == self.host) return;
    if (Clock::now() >= end)
      throw data_error(folder + ": expected a folder that nobody writes to, found it owned by " +
                       name_of(owner) + "; " + advice);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  const std::string text = described(self);
  if (::ftruncate(fd_, 0) != 0 ||
      ::pwrite(fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    const int error = errno;
    ::close(fd_);
    throw data_error(file_ + ": cannot be written: " + system_error(error) +
                     "; make space or choose another folder");
  }
}

FolderLock::~FolderLock() {
  if (fd_ < 0) return;
  ::unlink(file_.c_str());
  ::close(fd_);
}

}  // namespace qmtl
