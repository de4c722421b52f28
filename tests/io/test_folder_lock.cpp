// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "common.h"
#include "io/files/atomic_file.h"
#include "io/files/folder_lock.h"
#include "io/runs/run_folder.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

/// Another process that owns a folder until it is told to end.
class OtherOwner {
 public:
  explicit OtherOwner(const std::string& folder) {
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    process = fork();
    if (process == 0) {
      try {
        const FolderLock lock(folder, "");
        [[maybe_unused]] const ssize_t told = write(ready[1], "y", 1);
        pause();
      } catch (const Error&) {
        [[maybe_unused]] const ssize_t told = write(ready[1], "n", 1);
      }
      _exit(0);
    }
    close(ready[1]);
    char word = 0;
    REQUIRE(read(ready[0], &word, 1) == 1);
    close(ready[0]);
    owns = word == 'y';
  }
  ~OtherOwner() { end(); }
  void end() {
    if (process <= 0) return;
    kill(process, SIGKILL);
    waitpid(process, nullptr, 0);
    process = -1;
  }

  pid_t process = -1;
  bool owns = false;
};

}  // namespace

TEST_CASE("a folder has one owner, who is named to others", "[io]") {
  const TempFolder folder;
  const std::string path = folder.file("run");
  std::filesystem::create_directory(path);
  OtherOwner other(path);
  REQUIRE(other.owns);
  for (const RunMode mode : {RunMode::fresh, RunMode::overwrite}) {
    const Failure refused = failure([&] { RunFolder run(path, mode); });
    CHECK(refused.code == 3);
    CHECK(refused.says("owned by process " + std::to_string(other.process) + " on "));
    CHECK(refused.says("set run.folder="));
  }
  other.end();
  // Killed: what it left behind is taken over.
  CHECK(std::filesystem::exists(path + "/owner.json"));
  {
    RunFolder run(path, RunMode::fresh);
    CHECK(read_file(path + "/owner.json").find(std::to_string(getpid())) != std::string::npos);
    CHECK_FALSE(OtherOwner(path).owns);
    const RunFolder again(path, RunMode::resume);  // of the same process
  }
  CHECK_FALSE(std::filesystem::exists(path + "/owner.json"));
  CHECK(OtherOwner(path).owns);
}

TEST_CASE("a resumed run waits for the one before it to end", "[io]") {
  const TempFolder folder;
  const std::string path = folder.file("run");
  std::filesystem::create_directory(path);
  OtherOwner other(path);
  REQUIRE(other.owns);
  std::thread ending([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    other.end();
  });
  RunFolder run(path, RunMode::resume);
  ending.join();
  CHECK(std::filesystem::exists(path + "/owner.json"));
}

TEST_CASE("files that are written at the same time are each whole", "[io]") {
  const TempFolder folder;
  const std::string path = folder.file("p.csv");
  std::vector<std::string> contents;
  for (int i = 0; i < 4; ++i) contents.push_back(std::string(1 << 20, static_cast<char>('a' + i)));
  for (int round = 0; round < 10; ++round) {
    std::vector<pid_t> writers;
    for (const std::string& content : contents) {
      const pid_t child = fork();
      if (child == 0) {
        try {
          write_file(path, content);
        } catch (const Error&) {
          _exit(1);
        }
        _exit(0);
      }
      writers.push_back(child);
    }
    for (const pid_t writer : writers) {
      int status = 0;
      waitpid(writer, &status, 0);
      CHECK(status == 0);
    }
    const std::string found = read_file(path);
    CHECK(std::count(contents.begin(), contents.end(), found) == 1);
  }
  // Nobody's rest stays.
  CHECK(std::distance(std::filesystem::directory_iterator(folder.file("")), {}) == 1);
}

TEST_CASE("a device is never replaced by a file", "[io]") {
  const Failure refused = failure([] { write_file("/dev/null", "x"); });
  CHECK(refused.code == 3);
  CHECK(refused.says("/dev/null: expected a regular file or none"));
}
