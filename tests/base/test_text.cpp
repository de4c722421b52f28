// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"

using namespace qmtl;

TEST_CASE("a terminal is shown control characters and obeys none") {
  struct Case {
    std::string text, shown;
  };
  const std::string unknown = "\xEF\xBF\xBD";
  for (const Case& one : {
           Case{"plain\tx\n", "plain\tx\n"},
           Case{"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\x88", "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\x88"},
           Case{"\x1b[31mred\x1b]0;t\x07", "\\u001b[31mred\\u001b]0;t\\u0007"},
           Case{"a\rb\bc\x7f", "a\\u000db\\u0008c\\u007f"},
           Case{std::string("a\0b", 3), "a\\u0000b"},
           Case{"\xC2\x9B"
                "2J",
                "\\u009b2J"},  // CSI as one character
           Case{"\x9B"
                "2J",
                unknown + "2J"},  // and as the byte of Latin-1
           Case{"a\xE2\x80\xAE"
                "b\xE2\x81\xA6",
                "a\\u202eb\\u2066"},  // from right to left
           Case{"\xC0\x9B\xE0\x80\x9B", unknown + unknown + unknown + unknown + unknown},  // too long forms
           Case{"\xED\xA0\x80", unknown + unknown + unknown},                              // half of a pair
           Case{"x\xE2\x82", "x" + unknown + unknown},
       }) {
    CAPTURE(one.text);
    CHECK(visible(one.text) == one.shown);
    CHECK(visible(visible(one.text)) == one.shown);
  }
  // Every byte and every pair of bytes: what is shown has no control character but those that may stay.
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b)
      for (const char c : visible(std::string{static_cast<char>(a), static_cast<char>(b)})) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) FAIL(a << " " << b);
      }
}

TEST_CASE("a table's columns stand under each other in a terminal") {
  // Two columns for each of the wide characters, none for the accent that is a character of its own.
  CHECK(text_table({{"gr\xC3\xB6\xC3\x9F"
                     "e",
                     "1"},
                    {"\xE6\xBC\xA2\xE5\xAD\x97", "2"},
                    {"e\xCC\x81", "3"},
                    {"\xFF"
                     "x",
                     "4"}}) ==
        "gr\xC3\xB6\xC3\x9F"
        "e  1\n"
        "\xE6\xBC\xA2\xE5\xAD\x97   2\n"
        "e\xCC\x81      3\n"
        "\xFF"
        "x     4\n");
}

TEST_CASE("JSON that is nested too deep is refused before it is parsed") {
  const auto nested = [](std::size_t depth, const std::string& open, const std::string& close) {
    std::string text, end;
    for (std::size_t i = 0; i < depth; ++i) text += open, end += close;
    return text + "1" + end;
  };
  CHECK(parse_json(nested(64, "[", "]"), "f").is_array());
  for (const std::size_t depth : {65, 30000, 1000000}) {
    CHECK_THROWS_WITH(parse_json(nested(depth, "[", "]"), "f.json"),
                      Catch::Contains("f.json: expected at most 64 levels"));
    CHECK_THROWS_AS(parse_json<nlohmann::json>(nested(depth, "{\"a\":", "}"), "f.json"), Error);
  }
}
