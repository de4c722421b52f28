// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/base/nearest.h"

namespace qmtl {
namespace {

TEST_CASE("The edit distance counts characters inserted, removed and replaced", "[base]") {
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("plan", "plan") == 0);
  CHECK(edit_distance("pln", "plan") == 1);
}

TEST_CASE("The nearest name is the first of the least distance, if it is near enough", "[base]") {
  const std::vector<std::string> names{"train", "trail", "eval"};
  CHECK(nearest("trai", names) == "train");
  CHECK(nearest("report", names) == "eval");
  CHECK(nearest("report", names, likely_slips("report")).empty());
  CHECK(nearest("evil", names, likely_slips("evil")) == "eval");
  CHECK(nearest("train", {}).empty());
}

TEST_CASE("A message lists the names there are, and the nearest if the name may be a slip", "[base]") {
  CHECK(one_of({"train", "eval"}, "evil") == "one of train, eval (the nearest is eval)");
  CHECK(one_of({"train", "eval"}, "report") == "one of train, eval");
}

}  // namespace
}  // namespace qmtl
