// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "common.h"
#include "io/hdf5/hdf5.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

constexpr const char* outside = "outside the folder of this one";
constexpr const char* not_found = "is not there";

struct Case {
  const char* file;
  const char* object;
  const char* refused;  ///< a fragment of the message; "" where the values are read
  const char* allowed;  ///< the same where the folder "other" is allowed
};

constexpr Case cases[] = {
    {"external.h5", "/beside", "", ""},
    {"external.h5", "/below", "", ""},
    {"external.h5", "/absolute_beside", "", ""},
    {"external.h5", "/pieces", "", ""},
    {"external.h5", "/absolute", outside, ""},
    {"external.h5", "/up", outside, ""},
    {"external.h5", "/up_and_down", outside, ""},
    {"external.h5", "/link", outside, ""},
    {"external.h5", "/linked_folder", outside, ""},
    {"external.h5", "/soft_to_absolute", outside, ""},
    {"external.h5", "/system", outside, outside},
    {"external.h5", "/here", not_found, not_found},
    {"external.h5", "/missing", not_found, not_found},
    {"external.h5", "/short", "which has 24", "which has 24"},
    {"external.h5", "/pipe", "no regular file", "no regular file"},
    {"links.h5", "/soft", "", ""},
    {"links.h5", "/beside", "", ""},
    {"links.h5", "/folder/x", "", ""},
    {"links.h5", "/soft_folder/x", "", ""},
    {"links.h5", "/below", "", ""},
    {"links.h5", "/absolute", outside, ""},
    {"links.h5", "/up", outside, ""},
    {"links.h5", "/link", outside, ""},
    {"links.h5", "/far", outside, ""},
    {"links.h5", "/soft_to_up", outside, ""},
    {"links.h5", "/missing", not_found, not_found},
    {"links.h5", "/no_object", "expected a dataset /no_object, found none", "found none"},
    {"links.h5", "/circle", "run in a circle", "run in a circle"},
    {"links.h5", "/long_circle", "run in a circle", "run in a circle"},
    {"virtual.h5", "/beside", "", ""},
    {"virtual.h5", "/itself", "", ""},
    {"virtual.h5", "/below", "", ""},
    {"virtual.h5", "/moved", "", ""},
    {"virtual.h5", "/absolute", outside, ""},
    {"virtual.h5", "/up", outside, ""},
    {"virtual.h5", "/link", outside, ""},
    {"virtual.h5", "/missing", not_found, not_found},
    {"virtual.h5", "/no_object", "does not exist", "does not exist"},
    {"virtual.h5", "/external_behind", "lie in further files", "lie in further files"},
    {"virtual.h5", "/link_behind", outside, "a link to another file"},
    {"virtual.h5", "/virtual_behind", "lie in further files", "lie in further files"},
};

/// What a reading says: "" for the right values.
std::string reading(const std::string& path, const std::string& object,
                    const std::vector<std::string>& folders) {
  try {
    const hdf5::File file = hdf5::File::open(path, folders);
    return file.read<double>(object) == std::vector<double>{0, 1, 2, 3, 4, 5} ? "" : "other values";
  } catch (const Error& error) {
    CHECK(error.code() == Exit::data);
    return error.what();
  }
}

void check(const std::string& said, const std::string& expected) {
  if (expected.empty())
    CHECK(said == "");
  else
    CHECK_THAT(said, Catch::Contains(expected));
}

/// Relative names in a file must not begin at the current folder.
class CurrentFolder {
 public:
  explicit CurrentFolder(const std::filesystem::path& folder) { std::filesystem::current_path(folder); }
  ~CurrentFolder() { std::filesystem::current_path(before_); }

 private:
  std::filesystem::path before_ = std::filesystem::current_path();
};

}  // namespace

TEST_CASE("a file names other files only in its own folder, unless another is allowed", "[io]") {
  if (std::system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0) {
    WARN("python3-h5py is not installed; no files are made with it");
    return;
  }
  const TempFolder folder;
  REQUIRE(
      std::system(("/usr/bin/python3 '" QMTL_SOURCE_DIR "/tests/io/make_linked.py' '" + folder.file("") + "'")
                      .c_str()) == 0);
  const CurrentFolder inside(folder.file(""));
  for (const Case& one : cases) {
    CAPTURE(one.file, one.object);
    check(reading(folder.file("own/") + one.file, one.object, {}), one.refused);
    check(reading("own/" + std::string(one.file), one.object, {}), one.refused);
    check(reading(folder.file("own/") + one.file, one.object, {folder.file("other")}), one.allowed);
  }
}

TEST_CASE("the path of a file that a link names may not be followed to attributes and groups elsewhere",
          "[io]") {
  if (std::system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0) return;
  const TempFolder folder;
  REQUIRE(
      std::system(("/usr/bin/python3 '" QMTL_SOURCE_DIR "/tests/io/make_linked.py' '" + folder.file("") + "'")
                      .c_str()) == 0);
  const hdf5::File file = hdf5::File::open(folder.file("own/links.h5"));
  CHECK(file.children("/folder") == std::vector<std::string>{"x"});
  CHECK_FALSE(file.exists("/no_object"));
  CHECK_THROWS_WITH(file.exists("/up"), Catch::Contains(outside));
  CHECK_THROWS_WITH(file.info("/up"), Catch::Contains(outside));
  CHECK_THROWS_WITH(file.children("/up"), Catch::Contains(outside));
  CHECK_THROWS_WITH(file.string_attribute("/up", "a"), Catch::Contains(outside));
  CHECK_THROWS_WITH(file.int_attribute("/up", "a"), Catch::Contains(outside));
}
