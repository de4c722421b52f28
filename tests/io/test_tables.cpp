// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "common.h"
#include "io/files/atomic_file.h"
#include "io/import/import.h"
#include "io/sources/csv.h"
#include "io/sources/csv_scanner.h"
#include "io/sources/numbers.h"
#include "io/sources/text_encoding.h"

using namespace qmtl;
using namespace qmtl::test;

TEST_CASE("numbers are what the C library reads, and too small ones are zero", "[io]") {
  std::mt19937_64 random(11);
  const auto digits = [&](std::size_t most) {
    std::string text;
    for (std::size_t n = random() % (most + 1); n > 0; --n) text += static_cast<char>('0' + random() % 10);
    return text;
  };
  for (int i = 0; i < 20000; ++i) {
    std::string text = (random() % 3   ? ""
                        : random() % 2 ? "-"
                                       : "+") +
                       std::to_string(random() % 1000) + digits(25);
    if (random() % 2) text += "." + digits(20);
    if (random() % 2) text += std::string("e") + (random() % 2 ? "-" : "") + std::to_string(random() % 400);
    INFO(text);
    double value = -1;
    REQUIRE(parse_number(text, value));
    const double expected = std::strtod(text.c_str(), nullptr);
    // What is below the smallest normal number may become zero or keep its last digits.
    if (std::abs(expected) < std::numeric_limits<double>::min())
      CHECK(std::abs(value - expected) <= std::numeric_limits<double>::min());
    else
      CHECK(value == expected);
  }
  double value = -1;
  CHECK((parse_number("1e-400", value) && value == 0));
  CHECK((parse_number("0.000001e-99999999999999999999", value) && value == 0));
  CHECK((parse_number("-1e400", value) && std::isinf(value)));
  for (const char* text : {"", "+", "-", ".", "+-1", "--1", "1e", "e5", "0x10", "1 2", "1,5", "one"}) {
    INFO(text);
    CHECK_FALSE(parse_number(text, value));
  }
}

TEST_CASE("every way to write one decimal number has one canonical text, and two numbers never share it",
          "[io]") {
  std::mt19937_64 random(12);
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t number = random() >> random() % 60;
    const std::string plain = std::to_string(number);
    const std::string zeros(random() % 3, '0'), ends(random() % 3, '0');
    const std::string one = canonical_number(plain);
    INFO(plain);
    CHECK(canonical_number("+" + zeros + plain) == one);
    CHECK(canonical_number(plain + "." + ends) == one);
    CHECK(canonical_number(plain + ends + "e-" + std::to_string(ends.size())) == one);
    CHECK(canonical_number("0." + plain + "e" + std::to_string(plain.size())) == one);
    CHECK(canonical_number(std::to_string(number + 1)) != one);
    CHECK((number == 0 || canonical_number("-" + plain) != one));
    CHECK((number == 0 || canonical_number(plain + "0") != one));
  }
  CHECK(canonical_number("-0.0") == canonical_number("0"));
  CHECK(canonical_number("1.1") == canonical_number("1.10"));
  CHECK(canonical_number("1e99999999999999999999") != "");
  for (const char* text : {"", "nan", "inf", "1e", "x", "1.2.3", "-"}) CHECK(canonical_number(text).empty());
}

TEST_CASE("decimal and thousands signs stand where they may or it is no number", "[io]") {
  const NumberFormat german{",", "."}, swiss{".", "'"};
  std::mt19937_64 random(13);
  for (int i = 0; i < 2000; ++i) {
    const auto number = static_cast<std::int64_t>(random() >> (1 + random() % 60)) / 16;
    std::string plain = std::to_string(number), grouped = plain;
    for (std::size_t at = grouped.size(); at > 3;) grouped.insert(at -= 3, ".");
    double value = -1, expected = std::strtod((plain + ".25").c_str(), nullptr);
    INFO(grouped);
    REQUIRE(parse_number("-" + grouped + ",25", german, value));
    CHECK(value == -expected);
    // A group of another length is a slip, or the sign of another country.
    if (plain.size() > 3) {
      grouped.insert(grouped.size() - 1, ".");
      CHECK_FALSE(parse_number(grouped, german, value));
    }
  }
  double value = -1;
  CHECK((parse_number("12'345.5e2", swiss, value) && value == 1234550));
  for (const char* text : {"1.2", "1,2,3", "1.23,4", ".123", "1..234", "1.234.56", "1,2.3"}) {
    INFO(text);
    CHECK_FALSE(parse_number(text, german, value));
  }
}

TEST_CASE("foreign bytes are found wherever they stand", "[io]") {
  const std::string good = "plain text, \xC3\xA4 \xE2\x82\xAC \xF0\x9D\x84\x9E and more of it";
  CHECK(foreign_byte(good) == std::string::npos);
  // Surrogates, longer forms than needed, beyond U+10FFFF, cut characters, NUL.
  for (const std::string& bad :
       {std::string("\xED\xA0\x80"), std::string("\xC0\xAF"), std::string("\xE0\x80\xAF"),
        std::string("\xF4\x90\x80\x80"), std::string("\xE2\x82"), std::string("\x80"), std::string("\xFF"),
        std::string(1, '\0')})
    for (std::size_t before = 0; before < 20; ++before)
      for (std::size_t after : {0u, 1u, 9u}) {
        const std::string text = std::string(before, 'a') + bad + std::string(after, 'b');
        CHECK(foreign_byte(text) == before);
        CHECK(foreign_byte(shown(text)) == std::string::npos);
      }
  for (std::size_t most = 3; most < good.size() + 3; ++most)
    CHECK(foreign_byte(shown(good, most)) == std::string::npos);
}

TEST_CASE("names and numbers that float32 merges come back from a data set", "[io]") {
  TempFolder folder;
  Dataset data = small_dataset();
  data.inputs[1].shift = {1700000000, 0, -5e12};
  data.inputs[1].column_names = {"time", "n\xC3\xA9", "far"};
  data.tasks[0].class_names = {"a", "b", "c"};
  write_dataset(folder.file("d.h5"), data);
  const Dataset back = read_dataset(folder.file("d.h5"));
  CHECK(back.inputs[1].values == data.inputs[1].values);
  CHECK(back.inputs[1].shift == data.inputs[1].shift);
  CHECK(back.inputs[1].column_names == data.inputs[1].column_names);
  CHECK(back.inputs[0].shift.empty());
  CHECK(back.tasks[0].class_names == data.tasks[0].class_names);
  CHECK(back.tasks[2].class_names.empty());
  // Names are not part of the identity; shifts are.
  const std::string plain = dataset_hash(small_dataset());
  CHECK(back.hash != plain);
  Dataset named = small_dataset();
  named.tasks[0].class_names = {"a", "b", "c"};
  CHECK(dataset_hash(named) == plain);
}

namespace {

/// The text in pieces of `size` bytes.
NextPiece pieces_of(const std::string& text, std::size_t size) {
  return [text, size, at = std::size_t{0}](std::string& to) mutable {
    if (at >= text.size()) return false;
    to += text.substr(at, size);
    at += size;
    return true;
  };
}

/// Every cell and line that a scanner finds, as one text.
std::string scanned(NextPiece source, const CsvDialect& dialect, bool numbers) {
  const std::string file = "t.csv";
  CsvScanner scanner(std::move(source), file, dialect);
  std::vector<ScannedCell> cells;
  std::size_t line = 0;
  std::string all;
  try {
    while (scanner.next_row(cells, line, std::vector<char>(numbers ? 3 : 0, true))) {
      all += std::to_string(line) + ":";
      for (const ScannedCell& cell : cells) all += "[" + std::string(cell.text) + "]";
    }
  } catch (const Error& error) {
    all += error.what();
  }
  return all;
}

}  // namespace

TEST_CASE("a table is the same however its text comes in pieces", "[io]") {
  std::mt19937 random(13);
  const std::vector<std::string> parts{"a",  "12.5", " ", "\t", ",", ";",    "\"",       "\"\"",
                                       "\n", "\r\n", "#", "##", "é", "-7e3", "\"x\ny\"", "nan"};
  std::size_t rows = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string text = i % 7 == 0 ? "\xEF\xBB\xBF" : "";
    for (std::size_t n = random() % 40; n > 0; --n) text += parts[random() % parts.size()];
    CsvDialect dialect;
    dialect.whitespace = random() % 4 == 0;
    if (random() % 2) dialect.comment = random() % 2 ? "#" : "##";
    if (random() % 3 == 0) dialect.delimiter = ';';
    const std::string whole = scanned(one_piece(text), dialect, false);
    rows += static_cast<std::size_t>(std::count(whole.begin(), whole.end(), ':'));
    for (std::size_t size : {1u, 2u, 3u, 17u})
      for (bool numbers : {false, true}) {
        INFO(text << "\nin pieces of " << size);
        CHECK(scanned(pieces_of(text, size), dialect, numbers) == whole);
      }
  }
  CHECK(rows > 2000);
}

TEST_CASE("numbers that are parsed where they stand are the nearest doubles", "[io]") {
  std::mt19937_64 random(14);
  CsvDialect dialect;
  const std::string file = "t.csv";
  std::size_t parsed = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string text = (random() % 2 ? "-" : "") + std::to_string(random() >> random() % 64);
    if (random() % 4) text.insert(text.size() - random() % text.size(), ".");
    if (text == "-." || text.back() == '-') continue;
    if (random() % 5 == 0) text += "e" + std::to_string(static_cast<int>(random() % 60) - 30);
    CsvScanner scanner(one_piece(text + ",x\n"), file, dialect);
    std::vector<ScannedCell> cells;
    std::size_t line = 0;
    REQUIRE(scanner.next_row(cells, line, {true, false}));
    INFO(text);
    double expected = 0;
    const bool is_number = parse_number(text, expected);
    CHECK(cells[0].text == text);
    CHECK(cells[0].is_number == is_number);
    if (!is_number) continue;
    ++parsed;
    CHECK(cells[0].number == std::strtod(text.c_str(), nullptr));
  }
  CHECK(parsed > 4000);
}
