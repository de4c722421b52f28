// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "runtime/base/error.h"
#include "runtime/base/file.h"

using namespace qmtl;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "qmtl-file-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
};

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.code() == Exit::data);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a regular file is read whole, and only up to the bytes that are allowed") {
  const Folder folder;
  const std::string path = folder.path / "a";
  const std::string content = std::string("a\0b\n", 4) + std::string(100000, 'x');
  std::ofstream(path, std::ios::binary) << content;
  CHECK(read_file(path) == content);
  CHECK(read_file(path, content.size()) == content);
  CHECK_THAT(refusal([&] { read_file(path, content.size() - 1); }),
             Catch::Contains("at most 100003 bytes, found 100004"));
  CHECK(require_file(path) == content.size());
  CHECK(file_kind(path) == FileKind::file);
  std::ofstream(folder.path / "empty");
  CHECK(read_file(folder.path / "empty").empty());
  // A file of holes: larger than any memory, without a byte on the disk.
  const std::string holes = folder.path / "holes";
  std::ofstream(holes).put('x');
  fs::resize_file(holes, std::uintmax_t{1} << 42);
  CHECK_THAT(refusal([&] { read_file(holes); }), Catch::Contains("this machine's memory"));
  // What the system makes up has no size.
  CHECK_FALSE(read_file("/proc/self/status").empty());
}

TEST_CASE("pipes, devices, folders and paths that lead nowhere are refused before anybody waits for them") {
  const Folder folder;
  const std::string pipe = folder.path / "pipe", loop = folder.path / "loop", file = folder.path / "file";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  fs::create_symlink(loop, loop);
  std::ofstream(file) << "x";
  fs::create_symlink(pipe, folder.path / "link");
  struct Case {
    std::string path, said;
  };
  for (const Case& one : {Case{pipe, "found a pipe"}, Case{folder.path / "link", "found a pipe"},
                          Case{"/dev/full", "found a device"}, Case{"/dev/zero", "found a device"},
                          Case{folder.path, "found a folder"}, Case{loop, "run in a circle"},
                          Case{folder.path / std::string(300, 'a'), "too long"},
                          Case{file + "/b", "not a folder"}, Case{folder.path / "none", "no such file"}}) {
    CAPTURE(one.path);
    CHECK_THAT(refusal([&] { read_file(one.path); }), Catch::Contains(one.said));
    CHECK_THAT(refusal([&] { require_file(one.path, "a list"); }), Catch::Contains(one.said));
  }
  CHECK_THAT(refusal([&] { require_file(pipe, "a list"); }),
             Catch::Contains("expected a list, found a pipe"));
  CHECK(file_kind(pipe) == FileKind::other);
  CHECK(file_kind(folder.path) == FileKind::folder);
  CHECK(file_kind(folder.path / "none") == FileKind::nothing);
  CHECK_THAT(refusal([&] { file_kind(loop); }), Catch::Contains("run in a circle"));
}
