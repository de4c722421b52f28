// SPDX-License-Identifier: Apache-2.0
#include <hdf5.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "common.h"
#include "io/files/atomic_file.h"
#include "tests/run_length.h"

/// HDF5 1.10 forgets to release object headers whose checksum is wrong. Handles that qmtl itself would leak
/// are counted below.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5_serial.so\n"; }

using namespace qmtl;
using namespace qmtl::test;

namespace {

void overwrite(const std::string& path, const std::string& content) {
  FILE* file = fopen(path.c_str(), "wb");
  REQUIRE(file);
  REQUIRE(fwrite(content.data(), 1, content.size(), file) == content.size());
  REQUIRE(fclose(file) == 0);
}

/// Damages the file in many ways; `read` must throw Error naming it, or give what was written.
void check_damage(const std::string& path, const std::function<bool()>& reads_same) {
  const std::string whole = read_file(path);
  REQUIRE(reads_same());
  std::mt19937_64 random(7);
  const bool every = test::long_run();
  const int all_flips = every ? 5000 : 400;
  int refused = 0, flips = 0;
  const auto attempt = [&](const std::string& content) {
    overwrite(path, content);
    bool same = false;
    const Failure failed = failure([&] { same = reads_same(); });
    INFO(failed.message);
    CHECK((same || (failed.code == 3 && failed.says(path))));
    refused += failed.code == 3;
    // Nothing stays open: no file, dataset, group, type or attribute.
    CHECK(H5Fget_obj_count(static_cast<hid_t>(H5F_OBJ_ALL), H5F_OBJ_ALL) == 0);
  };
  for (; flips < all_flips; ++flips) {
    const std::size_t bit = random() % (whole.size() * 8);
    INFO("bit " << bit << " of " << whole.size() * 8);
    std::string content = whole;
    content[bit / 8] = static_cast<char>(content[bit / 8] ^ (1 << (bit % 8)));
    attempt(content);
  }
  // Unused bytes between the parts of a file may change unnoticed; most of it is used.
  CHECK(refused > flips / 4);

  refused = 0;
  for (int cut = 0; cut < 100; ++cut) {
    const std::size_t size =
        cut < 50 ? random() % whole.size() : whole.size() - 1 - static_cast<std::size_t>(cut - 50);
    INFO("cut to " << size << " of " << whole.size() << " bytes");
    attempt(whole.substr(0, size));
  }
  CHECK(refused == 100);
  refused = 0;
  for (std::size_t size = 0; size < whole.size(); size += 512) {
    INFO("cut to " << size << " of " << whole.size() << " bytes");
    attempt(whole.substr(0, size));
  }
  CHECK(refused == static_cast<int>((whole.size() + 511) / 512));
  for (int hole = 0; hole < 50; ++hole) {
    std::string content = whole;
    const std::size_t at = random() % whole.size(), size = std::min<std::size_t>(512, whole.size() - at);
    INFO("zeros at " << at << " to " << at + size);
    content.replace(at, size, size, '\0');
    attempt(content);
  }
  overwrite(path, whole);
  CHECK(reads_same());
}

}  // namespace

TEST_CASE("a damaged checkpoint is refused by name or reads as it was written", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("c.h5");
  write_checkpoint(path, small_checkpoint());
  const Checkpoint written = read_checkpoint(path);
  check_damage(path, [&] {
    const Checkpoint read = read_checkpoint(path);
    return read.content_hash == written.content_hash && checkpoint_hash(read) == written.content_hash;
  });
}

TEST_CASE("a damaged data set is refused by name or reads as it was written", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("d.h5");
  const Dataset data = small_dataset();
  write_dataset(path, data);
  check_damage(path, [&] {
    const Dataset read = read_dataset(path);
    return dataset_hash(read) == data.hash && read.title == data.title && read.source == data.source &&
           read.licence == data.licence;
  });
}
