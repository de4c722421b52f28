// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/base/json_field.h"

namespace qmtl {
namespace {

template <class Field>
Field field_of(const std::string& text) {
  return Field::parse(text, json_file("runs.json"));
}

TEMPLATE_TEST_CASE("A JSON value that does not fit is named with file, place, expectation and finding",
                   "[base]", JsonField, SortedJsonField) {
  const auto root = field_of<TestType>(R"({"runs":[{"mean":1.5},{"mean":"high","list":[1,2]}],"none":null})");
  const auto run = root.at("runs").at(std::size_t{1});
  CHECK(run.place() == "runs[1]");
  CHECK_THROWS_WITH(run.at("mean").number(), "runs.json: runs[1].mean: expected a number, found \"high\"");
  CHECK_THROWS_WITH(run.at("list").text(), "runs.json: runs[1].list: expected a text, found a list of 2");
  CHECK_THROWS_WITH(run.at("sd"),
                    "runs.json: expected the field runs[1].sd, found none; the file is incomplete or of "
                    "another version");
  CHECK_THROWS_WITH(root.at("none").text(), "runs.json: none: expected a text, found null");
  CHECK_THROWS_WITH(root.list(), "runs.json: expected a list, found an object");
  CHECK_FALSE(root.find("none"));
  CHECK_FALSE(root.find("absent"));
  CHECK(std::isnan(root.at("none").number_or_nan()));
  CHECK(root.find_any({"absent", "none", "runs"})->size() == 2);
  CHECK(root.keys_besides({"runs"}) == std::vector<std::string>{"none"});
}

TEST_CASE("Whole numbers of JSON are exact up to 64 bits", "[base]") {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                         most = std::numeric_limits<std::int64_t>::max();
  const auto root = field_of<SortedJsonField>(
      R"([9223372036854775807, -9223372036854775808, 9223372036854775808, 9007199254740993, 3.0, 3.5, 1e300, -1])");
  const auto number = [&](std::size_t i) { return root.at(i).integer(least, most); };
  CHECK(number(0) == most);
  CHECK(number(1) == least);
  CHECK_THROWS_AS(number(2), Error);
  CHECK(number(3) == 9007199254740993);
  CHECK(number(4) == 3);
  CHECK_THROWS_AS(number(5), Error);
  CHECK_THROWS_AS(number(6), Error);
  CHECK_THROWS_WITH(root.at(7).count(), "runs.json: [7]: expected a whole number from 0, found -1");
  CHECK_THROWS_WITH(root.at(4).integer(4, 5),
                    "runs.json: [4]: expected a whole number from 4 to 5, found 3.0");
}

TEST_CASE("A source of JSON decides how errors end and how texts of strangers are shown", "[base]") {
  struct Refused {
    std::string message;
  };
  JsonSource source;
  source.strict_integers = true;
  source.clean = [](std::string_view text, std::size_t) { return std::string(text.size(), '*'); };
  source.fail = [](const std::string& message) { throw Refused{message}; };
  const auto message = [&](const auto& ask) -> std::string {
    try {
      ask(SortedJsonField::parse(R"({"a":"secret","n":3.0})", source));
    } catch (const Refused& refused) {
      return refused.message;
    }
    return "";
  };
  CHECK(message([](const auto& root) { root.at("a").number(); }) == "*: expected a number, found ********");
  CHECK(message([](const auto& root) { root.at("n").integer(0, 9); }) ==
        "*: expected a whole number from 0 to 9, found ***");
  CHECK(message([](const auto& root) { root.at("n").number(); }).empty());
}

TEST_CASE("JSON that is too deep or has too many values is refused before it is parsed", "[base]") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK_NOTHROW(field_of<JsonField>(nested(64)));
  CHECK_THROWS_WITH(field_of<JsonField>(nested(65)), Catch::Contains("at most 64 levels"));
  CHECK(exceeds("[1,2,3,4]", {64, 3}));
  CHECK_FALSE(exceeds(R"(["[[[[,,,,\"[["])", {1, 1}));
}

TEST_CASE("A value is named however deep it lies", "[base]") {
  constexpr std::size_t depth = 100'000;
  const auto root = SortedJsonField::parse(std::string(depth, '[') + std::string(depth, ']'),
                                           json_file("deep.json"), {depth, depth});
  auto inner = root;
  for (std::size_t level = 1; level < depth; ++level) inner = inner.at(std::size_t{0});
  CHECK_THROWS_WITH(inner.text(), Catch::StartsWith("deep.json: [0][0]") && Catch::EndsWith("a list of 0"));
}

}  // namespace
}  // namespace qmtl
