// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/npy.h"

namespace qmtl {
namespace {

std::string file_of(std::string dictionary, const std::string& elements) {
  dictionary += '\n';
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(dictionary.size()) + '\0' + dictionary +
         elements;
}

TEST_CASE("An NPY array is what was written", "[base]") {
  const std::vector<double> values{1.5, -2, 1e300, 0, 7, -0.25};
  const NpyArray array = read_npy(write_npy(npy_doubles({2, 3}, values)), "a");
  CHECK(array.type == "<f8");
  CHECK(array.shape == std::vector<std::size_t>{2, 3});
  CHECK(doubles(array) == values);
}

TEST_CASE("Every type of number in an NPY array becomes the same numbers", "[base]") {
  struct Row {
    const char* type;
    std::string bytes;
    double value;
  };
  const Row rows[] = {{"<f2", std::string("\x00\xc1", 2), -2.5},
                      {"<f4", std::string("\x00\x00\x20\xc0", 4), -2.5},
                      {"|u1", "\xfe", 254},
                      {"|i1", "\xfe", -2},
                      {"<u2", "\xfe\xff", 65534},
                      {"<i2", "\xfe\xff", -2},
                      {"<u4", "\xfe\xff\xff\xff", 4294967294.0},
                      {"<i4", "\xfe\xff\xff\xff", -2},
                      {"<i8", "\xfe\xff\xff\xff\xff\xff\xff\xff", -2},
                      {"|b1", "\x01", 1}};
  for (const Row& row : rows) {
    INFO(row.type);
    const std::string header =
        std::string("{'descr': '") + row.type + "', 'fortran_order': False, 'shape': (1,), }";
    CHECK(doubles(read_npy(file_of(header, row.bytes), "a")) == std::vector<double>{row.value});
  }
  CHECK(element_value("\xff\xfe", {ElementKind::signed_integer, 2, true}) == -2);
  CHECK(npy_element(">f4")->big_endian);
  for (const char* other : {"<c8", "<U1", "f8", "<f1", "|O", ""}) CHECK_FALSE(npy_element(other));
}

TEST_CASE("Fortran's order is read in C's", "[base]") {
  const std::string header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}";
  CHECK(doubles(read_npy(file_of(header, "\1\4\2\5\3\6"), "a")) == std::vector<double>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("Bytes that are no whole NPY array are refused by name", "[base]") {
  const std::string good = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}";
  const std::pair<std::string, const char*> cases[] = {
      {"", "other bytes"},
      {file_of(good, "ab").substr(0, 30), "ends within its header"},
      {file_of(good, "a"), "as the shape says"},
      {file_of(good, "abc"), "as the shape says"},
      {file_of("{'descr': '|u1', 'shape': (2,)}", "ab"), "no fortran_order"},
      {file_of("{'descx': '|u1'}", "ab"), "the key descx"},
      {file_of(good + "}", "ab"), "behind the dictionary"},
      {file_of("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", "ab"), "[('a', '<f4')]"},
      {file_of("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "abcd"), "found >f4"},
      {file_of("{'descr': '|u1', 'fortran_order': False, 'shape': (18446744073709551615, 2)}", "ab"),
       "as the shape says"},
  };
  for (const auto& [bytes, fragment] : cases) {
    INFO(fragment);
    CHECK_THROWS_WITH(read_npy(bytes, "x.npy"), Catch::StartsWith("x.npy: ") && Catch::Contains(fragment));
  }
}

}  // namespace
}  // namespace qmtl
