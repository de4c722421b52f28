// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target: under libFuzzer where it is built with it, else with mutants of the seeds that are the
// same in every run. QMTL_LONG=1: for ten minutes instead of a fixed number.
#include "tests/fuzz/fuzz.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "runtime/base/philox.h"

namespace qmtl {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void check_refusal(const Error& error, std::size_t most) {
  const std::string message = error.what();
  require(error.code() == Exit::data, "the data are to blame");
  require(message.starts_with("input") && message.size() < most, "messages are short and name what was read");
  for (char c : message) require(c >= ' ' && c <= '~', "messages are one line of ASCII");
}

}  // namespace qmtl

#ifdef QMTL_LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  qmtl::fuzz_one({reinterpret_cast<const char*>(data), size});
  return 0;
}

#else

namespace qmtl {
namespace {

constexpr std::array tokens{
    "null",     "true",    "-1",      "0",  "1e999", "1e30",    "18446744073709551616",
    "0.5",      "\"\"",    "\"0x3\"", "{}", "[]",    "[",       "]",
    "{",        "}",       ",",       ":",  "\"",    "\\u0000", "\xff",
    "[[[[[[[[", "__type__"};

/// Mutant `number`: one seed with one to eight changes.
class Mutator {
 public:
  Mutator(const std::vector<std::string>& seeds, std::uint64_t number) : seeds_(seeds), number_(number) {}

  std::string make() {
    std::string text = seed();
    const std::size_t changes = 1 + below(8);
    for (std::size_t i = 0; i < changes; ++i) change(text);
    return text;
  }

 private:
  std::size_t below(std::size_t bound) {
    const auto words =
        philox({drawn_++, static_cast<std::uint32_t>(number_), static_cast<std::uint32_t>(number_ >> 32), 0},
               {0x66757a7a, 0});
    return words[0] % bound;
  }
  const std::string& seed() { return seeds_[below(seeds_.size())]; }

  void change(std::string& text) {
    const std::size_t at = below(text.size() + 1), length = below(16);
    switch (below(7)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        return;
      case 1:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        return;
      case 2:
        text.erase(at, length);
        return;
      case 3:
        text.insert(at, text.substr(below(text.size() + 1), length));
        return;
      case 4:
        text.insert(at, tokens[below(tokens.size())]);
        return;
      case 5: {  // a token takes the place of the value that starts here
        const std::size_t end = text.find_first_of(",]}", at);
        if (end != std::string::npos) text.replace(at, end - at, tokens[below(tokens.size())]);
        return;
      }
      default: {
        const std::string& other = seed();
        text.resize(at);
        text += other.substr(below(other.size()));
      }
    }
  }

  const std::vector<std::string>& seeds_;
  std::uint64_t number_;
  std::uint32_t drawn_ = 0;
};

}  // namespace
}  // namespace qmtl

int main() {
  constexpr std::uint64_t short_form = 200'000;
  const char* const wish = std::getenv("QMTL_LONG");
  const bool long_form = wish && std::string_view(wish) == "1";
  const std::vector<std::string> seeds = qmtl::fuzz_seeds();
  for (const std::string& seed : seeds) qmtl::fuzz_one(seed);
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::uint64_t number = 0;
  for (; long_form ? number % 1024 != 0 || seconds() < 600 : number < short_form; ++number)
    qmtl::fuzz_one(qmtl::Mutator(seeds, number).make());
  std::printf("%llu mutants of %zu seeds in %.1f s\n", static_cast<unsigned long long>(number), seeds.size(),
              seconds());
}

#endif
