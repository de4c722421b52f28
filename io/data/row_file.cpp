// SPDX-License-Identifier: Apache-2.0
#include "io/data/row_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "runtime/base/error.h"

namespace qmtl {

struct RowFile::Open {
  std::string path;
  int descriptor;
  ~Open() { ::close(descriptor); }
};

namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw data_error(
      path + ": the temporary file of rows cannot be " + what + " (" + std::strerror(errno) +
      "); set TMPDIR to a folder with room for the inputs as float32, or data.memory = 0 to keep " +
      "them in memory");
}

}  // namespace

RowFile::RowFile(std::string path, int descriptor)
    : path_(path), file_(std::make_shared<Open>(std::move(path), descriptor)) {}

RowFile::~RowFile() = default;
RowFile::RowFile(RowFile&&) noexcept = default;

RowFile RowFile::create(const std::string& folder) {
  std::string path = folder + "/qmtl-rows-XXXXXX";
  const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) fail(path, "made");
  return RowFile(std::move(path), descriptor);
}

RowFile RowFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path, "opened");
  return RowFile(path, descriptor);
}

void RowFile::append(std::span<const float> numbers) {
  auto bytes = std::as_bytes(numbers);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_->descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail(path_, "written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void RowFile::forget() { ::unlink(path_.c_str()); }

std::shared_ptr<const InputRows> RowFile::rows(std::uint64_t before, std::size_t width) const {
  class Rows final : public InputRows {
   public:
    Rows(std::shared_ptr<Open> file, std::uint64_t first, std::size_t bytes)
        : file_(std::move(file)), first_(first), bytes_(bytes) {}
    void read(std::size_t first, std::size_t count, float* to) const override {
      auto* at = reinterpret_cast<char*>(to);
      std::uint64_t place = first_ + first * bytes_;
      for (std::size_t left = count * bytes_; left > 0;) {
        const ssize_t found = ::pread(file_->descriptor, at, left, static_cast<off_t>(place));
        if (found < 0 && errno == EINTR) continue;
        if (found == 0) errno = ENODATA;
        if (found <= 0) fail(file_->path, "read");
        at += found;
        place += static_cast<std::uint64_t>(found);
        left -= static_cast<std::size_t>(found);
      }
    }

   private:
    std::shared_ptr<Open> file_;
    std::uint64_t first_;
    std::size_t bytes_;
  };
  return std::make_shared<Rows>(file_, before * sizeof(float), width * sizeof(float));
}

}  // namespace qmtl
