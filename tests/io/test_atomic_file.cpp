// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "common.h"
#include "io/files/atomic_file.h"
#include "io/hdf5/hdf5.h"
#include "io/runs/run_folder.h"

using namespace qmtl;
using namespace qmtl::test;
namespace fs = std::filesystem;

namespace {

/// No file of this process may grow beyond `bytes`: what a full disk does to a writer, without a disk of its
/// own.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  sighandler_t old_handler_;
};

std::size_t files_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a file is replaced whole and nothing else is left in the folder", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("f.txt");
  write_file(path, "old");
  CHECK(read_file(path) == "old");
  write_file(path, "new content");
  CHECK(read_file(path) == "new content");
  CHECK(files_in(folder.file("")) == 1);
}

TEST_CASE("a file that fails its verification never gets its name", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("f.txt");
  write_file(path, "old");
  const Failure failed = failure([&] {
    write_file(path, "new", [](const std::string& partial) {
      CHECK(read_file(partial) == "new");
      throw data_error("it is wrong");
    });
  });
  CHECK(failed.message == "it is wrong");
  CHECK(read_file(path) == "old");
  CHECK(files_in(folder.file("")) == 1);
}

TEST_CASE("a file that is written in parts has its name when it is whole", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("f.txt");
  write_file(path, "old");
  const auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); };
  {
    AtomicFile left(path);
    left.content().write(0, bytes("half of it"));
    CHECK(files_in(folder.file("")) == 2);
  }
  CHECK(read_file(path) == "old");
  CHECK(files_in(folder.file("")) == 1);
  AtomicFile file(path);
  file.content().write(0, bytes("first, "));
  CHECK(read_file(path) == "old");
  file.content().write(7, bytes("second"));
  file.commit();
  CHECK(read_file(path) == "first, second");
  CHECK(files_in(folder.file("")) == 1);
}

TEST_CASE("when no space is left every save fails with the reason and leaves the old files alone", "[io]") {
  TempFolder folder;
  const std::string checkpoint = folder.file("c.h5"), dataset = folder.file("d.h5"),
                    text = folder.file("t.txt");
  write_checkpoint(checkpoint, small_checkpoint(4));
  write_dataset(dataset, small_dataset());
  write_file(text, "old");
  RunFolder run(folder.file("run"), RunMode::fresh);
  run.save(small_checkpoint(4), true);

  const auto refused = [](const std::string& what, const std::function<void()>& save) {
    INFO(what);
    // The limit ends before anything is reported: it holds for a log file of the tests as well.
    const Failure failed = [&] {
      FileSizeLimit limit(1000);
      return failure(save);
    }();
    INFO(failed.message);
    CHECK(failed.code == 3);
    CHECK(failed.says(what));
    CHECK(failed.says("in folder"));
    CHECK(failed.says("largest size"));
    CHECK(failed.says("choose another folder"));
  };
  refused("c.h5", [&] { write_checkpoint(checkpoint, small_checkpoint(8)); });
  refused("d.h5", [&] { write_dataset(dataset, small_dataset()); });
  refused("t.txt", [&] { write_file(text, std::string(2000, 'x')); });
  refused("step-8.h5", [&] { run.save(small_checkpoint(8), true); });

  CHECK(read_checkpoint(checkpoint).state.step == 4);
  CHECK(read_dataset(dataset).hash == small_dataset().hash);
  CHECK(read_file(text) == "old");
  std::vector<std::string> warnings;
  CHECK(run.newest_verified(warnings).state.step == 4);
  CHECK(warnings.empty());
  CHECK(read_checkpoint(run.file("checkpoints/best.h5")).state.step == 4);
  CHECK(files_in(folder.file("")) == 4);
  CHECK(files_in(run.file("checkpoints")) == 4);  // with the manifest
}

TEST_CASE("a device that is full is called a full disk", "[io]") {
  if (!fs::exists("/dev/full")) {
    WARN("there is no /dev/full here");
    return;
  }
  const Failure failed = failure([] { append_file("/dev/full", "line\n"); });
  CHECK(failed.code == 3);
  CHECK(failed.says("the disk is full"));
}

TEST_CASE("folders that do not exist or are no folders are named with what to do", "[io]") {
  TempFolder folder;
  const Failure none = failure([&] { write_file(folder.file("none/f.txt"), "x"); });
  CHECK(none.code == 3);
  CHECK(none.says(folder.file("none")));
  CHECK(none.says("does not exist; create it"));
  write_file(folder.file("file"), "x");
  const Failure file = failure([&] { write_file(folder.file("file/f.txt"), "x"); });
  CHECK(file.says("not a folder"));
  fs::create_directory(folder.file("sub"));
  const Failure taken = failure([&] { write_file(folder.file("sub"), "x"); });
  CHECK(taken.says("there is a folder of that name"));
  CHECK(fs::is_directory(folder.file("sub")));
}

TEST_CASE("an unwritable folder is refused for anyone but root, who may write anywhere", "[io]") {
  TempFolder folder;
  fs::create_directory(folder.file("locked"));
  REQUIRE(chmod(folder.file("locked").c_str(), 0555) == 0);
  const Failure failed = failure([&] { require_writable(folder.file("locked")); });
  CHECK((geteuid() == 0 ? failed.code == 0 : failed.says("not writable")));
  chmod(folder.file("locked").c_str(), 0755);
}

TEST_CASE("a linked file shares content until one name is replaced", "[io]") {
  TempFolder folder;
  write_file(folder.file("a"), "one");
  replace_with_link(folder.file("a"), folder.file("b"));
  replace_with_link(folder.file("a"), folder.file("b"));
  CHECK(read_file(folder.file("b")) == "one");
  write_file(folder.file("a"), "two");
  CHECK(read_file(folder.file("b")) == "one");
  CHECK(files_in(folder.file("")) == 2);
}

TEST_CASE("a dataset that claims more data than its file can hold is refused before any allocation", "[io]") {
  TempFolder folder;
  hdf5::File file = hdf5::File::build("x");
  file.write<float>("/x", {4}, std::vector<float>{1, 2, 3, 4});
  write_file(folder.file("x.h5"), file.image());
  CHECK(hdf5::File::open(folder.file("x.h5")).read<double>("/x") == std::vector<double>{1, 2, 3, 4});
  const Failure narrow = failure([&] { hdf5::File::open(folder.file("x.h5")).read<std::int32_t>("/x"); });
  CHECK(narrow.says("float32"));
  CHECK(narrow.says("int32"));
}
