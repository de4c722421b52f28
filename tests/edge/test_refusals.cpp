// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>
#include <limits>

#include "edge_case.h"
#include "io/edge/file.h"
#include "io/edge/quantise.h"
#include "runtime/edge/edge_sections.h"
#include "runtime/edge/qmtl_edge_tasks.h"
#include "tests/run_length.h"

// Both tables.
namespace half_bytes {
#include "runtime/edge/edge_crc.h"
}
#undef QMTL_EDGE_CRC_H
#define QMTL_EDGE_FAST_START
namespace whole_bytes {
#include "runtime/edge/edge_crc.h"
}

using namespace qmtl;
using namespace qmtl::test;

namespace {

using Words = std::vector<std::uint32_t>;

/// Small files with, between them, every kind of table: sums of cosines; a statevector; packed convolutions.
std::vector<std::pair<std::string, Words>> three_files() {
  std::vector<std::pair<std::string, Words>> files;
  for (const char* name : {"ry, cz-ring by pauli", "ry rz, cx-ring by state", "convolutions and pools"}) {
    EdgeCase given = edge_case(name);
    const auto change = given.change;
    given.change = [=](ModelSpec& model) {
      change(model);
      if (!given.images) model.backbone.branches.clear();
      if (!given.images) model.backbone.trunk.clear();
      model.head.ansatz.qubits = 3;
      model.head.ansatz.register_size = 2;
      model.head.ansatz.layers = 1;
    };
    EdgeTrial trial(given);
    if (given.images) quantise(trial.model, EdgePacking::int8, trial.sample(0));
    add_samples(trial.model, trial.sample(2));
    files.emplace_back(name, edge_words(trial.model));
  }
  return files;
}

/// With another checksum oracle than the runtime's own.
void repair(Words& words) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(words.data());
  uLong crc = crc32(0, bytes, 12);
  words[QE_W_CRC] =
      static_cast<std::uint32_t>(crc32(crc, bytes + 16, static_cast<uInt>(4 * words.size() - 16)));
}

int open_code(const Words& words, std::size_t bytes = SIZE_MAX) {
  const std::size_t length = std::min(bytes, 4 * words.size());
  std::vector<float> arena(1 << 16);
  qmtl_edge_head head;
  return qmtl_edge_open(&head, words.data(), length, arena.data(), 4 * arena.size());
}

/// Opens and runs whatever it is, in memory of exactly the size that it asks for: true if it was opened.
bool survives(const Words& words, std::size_t bytes) {
  // Memory that ends where the file ends, so that a sanitizer sees one byte more.
  std::vector<unsigned char> file(bytes);
  std::memcpy(file.data(), words.data(), bytes);
  const std::int32_t need = qmtl_edge_need(file.data(), bytes);
  if (need < 0 || need > 1 << 18) return false;
  constexpr float canary = 12345.0f;
  std::vector<float> arena(static_cast<std::size_t>(need) / 4 + 2, canary);
  qmtl_edge_head head;
  if (qmtl_edge_open(&head, file.data(), bytes, arena.data() + 1, static_cast<std::size_t>(need)) != 0)
    return false;
  if (qmtl_edge_inputs(&head) > 1 << 16 || qmtl_edge_outputs(&head) > 1 << 16) return true;
  const std::vector<float> x(qmtl_edge_inputs(&head) + 1, 0.5f);
  std::vector<float> y(qmtl_edge_outputs(&head) + 1, canary);
  qmtl_edge_run(&head, x.data(), y.data());
  qmtl_edge_selftest(&head, y.data());
  if (arena.front() != canary || arena.back() != canary || y.back() != canary)
    FAIL("memory outside was written");
  return true;
}

/// A counter-based generator for mutations.
struct Dice {
  std::uint64_t state;
  std::uint32_t below(std::uint32_t end) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>((state >> 33) % end);
  }
};

/// The full matrices of cases tell what they found.
void tell(const std::string& name, const Words& words, const char* what, std::size_t cases,
          std::size_t opened) {
  if (!test::long_run()) return;
  std::printf("  %-28s %6zu bytes  %9zu %-12s %9zu refused  %9zu opened\n", name.c_str(), 4 * words.size(),
              cases, what, cases - opened, opened);
}

}  // namespace

TEST_CASE("both tables give the checksum of zlib", "[refusals]") {
  for (const auto& [name, words] : three_files()) {
    INFO(name);
    const auto size = static_cast<std::uint32_t>(4 * words.size());
    CHECK(whole_bytes::qe_file_crc(words.data(), size) == words[QE_W_CRC]);
    CHECK(half_bytes::qe_file_crc(words.data(), size) == words[QE_W_CRC]);
    const auto* bytes = reinterpret_cast<const unsigned char*>(words.data());
    for (std::uint32_t count : {0u, 1u, 2u, 31u, size / 4})
      CHECK(~whole_bytes::qe_crc(0xffffffffu, bytes, count) == crc32(0, bytes, 4 * count));
  }
}

TEST_CASE("every single flipped bit is refused", "[refusals]") {
  for (auto [name, words] : three_files()) {
    INFO(name);
    REQUIRE(open_code(words) == QMTL_EDGE_OK);
    std::size_t accepted = 0;
    for (std::size_t bit = 0; bit < 32 * words.size(); ++bit) {
      words[bit / 32] ^= 1u << bit % 32;
      accepted += open_code(words) == QMTL_EDGE_OK;
      words[bit / 32] ^= 1u << bit % 32;
    }
    CHECK(accepted == 0);
    tell(name, words, "bit flips", 32 * words.size(), accepted);
  }
}

TEST_CASE("every truncation is refused, and bytes behind the file do no harm", "[refusals]") {
  for (auto [name, words] : three_files()) {
    INFO(name);
    for (std::size_t bytes = 0; bytes < 4 * words.size(); ++bytes)
      if (open_code(words, bytes) != QMTL_EDGE_TRUNCATED) FAIL("accepted " << bytes << " bytes");
    tell(name, words, "truncations", 4 * words.size(), 0);
    words.push_back(0xffffffff);
    CHECK(open_code(words) == QMTL_EDGE_OK);
  }
}

TEST_CASE("changed files with a right checksum never leave their memory", "[refusals]") {
  const std::size_t count = (test::long_run() ? 10'000'000 : 60'000) / 3 + 1;
  Dice dice{11};
  for (const auto& [name, original] : three_files()) {
    INFO(name);
    std::size_t opened = 0;
    const std::uint32_t tables = QE_HEADER_WORDS + QE_OP_WORDS * original[QE_W_OPS];
    for (std::size_t i = 0; i < count; ++i) {
      Words words = original;
      for (std::uint32_t change = dice.below(3) + 1; change; --change) {
        // Half of the changes where they matter most: header and operations.
        const std::uint32_t at =
            4 + dice.below((dice.below(2) ? tables : static_cast<std::uint32_t>(words.size())) - 4);
        switch (dice.below(4)) {
          case 0:
            words[at] ^= 1u << dice.below(32);
            break;
          case 1:
            words[at] += dice.below(9) - 4;
            break;
          case 2:
            words[at] = words[4 + dice.below(static_cast<std::uint32_t>(words.size()) - 4)];
            break;
          default:
            words[at] = dice.below(0x7fffffff) << dice.below(2);
        }
      }
      repair(words);
      opened += survives(words, 4 * words.size());
    }
    // Most changes hit numbers and are harmless; if none opened, nothing would have been tested.
    CHECK(opened > count / 50);
    tell(name, original, "mutants", count, opened);
  }
}

TEST_CASE("each fault has its code", "[refusals]") {
  const Words good = three_files()[0].second;
  constexpr std::size_t first_op = QE_HEADER_WORDS;
  const auto with = [&](std::size_t word, std::uint32_t value) {
    Words words = good;
    words[word] = value;
    repair(words);
    return open_code(words);
  };
  CHECK(with(QE_W_MAGIC, 0x12345678) == QMTL_EDGE_MAGIC);
  CHECK(with(QE_W_MAGIC, 0x514d4831) == QMTL_EDGE_ENDIAN);
  CHECK(with(QE_W_VERSION, 2) == QMTL_EDGE_VERSION);
  CHECK(with(QE_W_VERSION, 0) == QMTL_EDGE_VERSION);
  CHECK(with(QE_W_VERSION, 0x00050001) == QMTL_EDGE_OK);  // a newer minor version
  CHECK(with(QE_W_FEATURES, 1u << 20) == QMTL_EDGE_FEATURE);
  CHECK(with(QE_W_ARENA, (1u << 24) + 1) == QMTL_EDGE_LIMIT);
  CHECK(with(QE_W_OPS, good[QE_W_OPS] + 1) == QMTL_EDGE_SIZE);
  CHECK(with(QE_W_SAMPLES, 1u << 24) == QMTL_EDGE_SIZE);
  CHECK(with(QE_W_RESERVED, 1) == QMTL_EDGE_TABLE);
  CHECK(with(QE_W_ARENA, good[QE_W_ARENA] - 1) == QMTL_EDGE_OP);
  CHECK(with(first_op, 0) == QMTL_EDGE_OP);
  CHECK(with(first_op, 200) == QMTL_EDGE_OP);
  CHECK(with(first_op + QE_O_A, 1u << 24) == QMTL_EDGE_LIMIT);
  CHECK(with(first_op + QE_O_TARGET, std::uint32_t{QE_X} << 30) == QMTL_EDGE_OP);
  CHECK(with(first_op + QE_O_SOURCE, 3u << 30) == QMTL_EDGE_OP);
  CHECK(with(first_op + QE_O_DATA, good[QE_W_DATA]) == QMTL_EDGE_OP);
  const auto sections = qe_sections_of(good.data());
  CHECK(with(static_cast<std::size_t>(sections.tasks - good.data()), 1u << 20) == QMTL_EDGE_TABLE);
  CHECK(with(static_cast<std::size_t>(sections.tasks - good.data()) + 1, 9) == QMTL_EDGE_TABLE);
  CHECK(with(static_cast<std::size_t>(sections.inputs - good.data()) + 3, 1) == QMTL_EDGE_TABLE);
  Words damaged = good;
  damaged.back() ^= 1;
  CHECK(open_code(damaged) == QMTL_EDGE_CRC);
  CHECK(open_code(good, 50) == QMTL_EDGE_TRUNCATED);
  CHECK(qmtl_edge_need(nullptr, 4) == QMTL_EDGE_NULL);
  CHECK(qmtl_edge_need(reinterpret_cast<const char*>(good.data()) + 1, 400) == QMTL_EDGE_MISALIGNED);
  // Every code has a text of its own.
  for (int code = QMTL_EDGE_WORK; code <= 0; ++code)
    for (int other = QMTL_EDGE_WORK; other < code; ++other)
      CHECK(std::string(qmtl_edge_strerror(code)) != qmtl_edge_strerror(other));
}

TEST_CASE("a small file that would run for minutes is refused, whatever it says of its work", "[refusals]") {
  // One input is the output; copies of many numbers stand before that.
  const auto words_of = [](std::uint32_t copies, std::uint32_t count) {
    EdgeModel model;
    model.arena = 2 * count;
    model.x = model.y = 1;
    for (std::uint32_t i = 0; i < copies; ++i) {
      EdgeOp copy;
      copy.kind = QE_COPY;
      copy.source = count;
      copy.a = count;
      model.ops.push_back(copy);
    }
    EdgeOp out;
    out.kind = QE_COPY;
    out.source = std::uint32_t{QE_X} << 30;
    out.target = std::uint32_t{QE_Y} << 30;
    out.a = 1;
    model.ops.push_back(out);
    EdgeItem input, task;
    input.name = "x";
    task.name = "y";
    task.kind = QMTL_EDGE_REGRESSION;
    input.count = task.count = 1;
    model.inputs = {input};
    model.tasks = {task};
    return edge_words(model);
  };
  const auto code_of = [](const Words& words) {
    std::vector<float> arena(words[QE_W_ARENA]);
    qmtl_edge_head head;
    return qmtl_edge_open(&head, words.data(), 4 * words.size(), arena.data(), 4 * arena.size());
  };
  // Reading and writing is a step a number: 2^28 = 2 * 2^7 * 2^20.
  CHECK(code_of(words_of(127, 1 << 20)) == QMTL_EDGE_OK);
  CHECK(code_of(words_of(128, 1 << 20)) == QMTL_EDGE_WORK);
  CHECK(code_of(words_of(2000, 1 << 22)) == QMTL_EDGE_WORK);
  CHECK_THROWS_WITH(EdgeProgram(words_of(2000, 1 << 22), "crafted"), Catch::Contains("QMTL_EDGE_MOST_STEPS"));
}

TEST_CASE("what leaves single precision is refused, not guessed", "[refusals]") {
  EdgeCase given = edge_case("ry, cz-ring by pauli");
  const auto change = given.change;
  given.change = [=](ModelSpec& model) {
    change(model);
    model.backbone.branches.clear();
    model.backbone.trunk.clear();
    model.head.angle_map = AngleMap::linear;
  };
  EdgeTrial trial(given);
  const EdgeProgram program(edge_words(trial.model), "case");
  std::vector<float> y(trial.model.y), x = trial.sample(0);
  CHECK(program.run(x, y) == QMTL_EDGE_OK);
  for (float far : {1e8f, 1e9f, -1e9f}) {
    for (float& value : x) value = far;
    CHECK(program.run(x, y) == QMTL_EDGE_RESULT);
  }
}

TEST_CASE("memory for numbers that is not aligned is refused", "[refusals]") {
  const Words words = three_files()[0].second;
  const auto need = static_cast<std::size_t>(qmtl_edge_need(words.data(), 4 * words.size()));
  std::vector<float> arena(need / 4), numbers(words[QE_W_X] + words[QE_W_Y] + 2);
  qmtl_edge_head head;
  REQUIRE(qmtl_edge_open(&head, words.data(), 4 * words.size(), arena.data(), need) == QMTL_EDGE_OK);
  auto* odd = reinterpret_cast<float*>(reinterpret_cast<char*>(numbers.data()) + 1);
  CHECK(qmtl_edge_run(&head, odd, numbers.data() + words[QE_W_X] + 1) == QMTL_EDGE_MISALIGNED);
  CHECK(qmtl_edge_run(&head, numbers.data(), odd + words[QE_W_X]) == QMTL_EDGE_MISALIGNED);
  CHECK(qmtl_edge_selftest(&head, odd) == QMTL_EDGE_MISALIGNED);
  CHECK(qmtl_edge_work(&head) == words[QE_W_WORK]);
  CHECK(qmtl_edge_size(&head) == 4 * words.size());
  CHECK(qmtl_edge_hash(&head, 32) == 0);
}

TEST_CASE("the arena is exact to the byte and nothing else is written", "[refusals]") {
  for (const auto& [name, words] : three_files()) {
    INFO(name);
    const auto need = static_cast<std::size_t>(qmtl_edge_need(words.data(), 4 * words.size()));
    std::vector<unsigned char> memory(need + 32, 0xa5);
    unsigned char* arena = memory.data() + 16;
    qmtl_edge_head head;
    CHECK(qmtl_edge_open(&head, words.data(), 4 * words.size(), arena, need - 1) == QMTL_EDGE_ARENA);
    CHECK(qmtl_edge_open(&head, words.data(), 4 * words.size(), arena + 1, need) == QMTL_EDGE_MISALIGNED);
    REQUIRE(qmtl_edge_open(&head, words.data(), 4 * words.size(), arena, need) == QMTL_EDGE_OK);
    std::vector<float> y(qmtl_edge_outputs(&head));
    CHECK(qmtl_edge_selftest(&head, y.data()) == QMTL_EDGE_OK);
    for (std::size_t i = 0; i < 16; ++i) CHECK((memory[i] == 0xa5 && memory[need + 16 + i] == 0xa5));
    // Every number of it is used: the last one's bytes have changed.
    CHECK(std::any_of(arena + need - 4, arena + need, [](unsigned char byte) { return byte != 0xa5; }));
  }
}

TEST_CASE("inputs and results that are no numbers are refused", "[refusals]") {
  EdgeTrial trial(edge_case("head linear"));
  const EdgeProgram program(edge_words(trial.model), "case");
  std::vector<float> y(trial.model.y);
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                    -std::numeric_limits<float>::infinity()})
    for (std::size_t i = 0; i < trial.model.x; ++i) {
      std::vector<float> x = trial.sample(0);
      x[i] = bad;
      CHECK(program.run(x, y) == QMTL_EDGE_INPUT);
    }
  std::vector<float> x(trial.model.x, 3e38f);
  CHECK(program.run(x, y) == QMTL_EDGE_RESULT);
}

TEST_CASE("a stored result that is not reproduced fails the self test", "[refusals]") {
  Words words = three_files()[0].second;
  const auto sections = qe_sections_of(words.data());
  words[static_cast<std::size_t>(sections.samples - words.data()) + words[QE_W_X]] ^= 1;
  repair(words);
  CHECK(EdgeProgram(words, "case").selftest() == QMTL_EDGE_SELFTEST);
}

TEST_CASE("a model with a number that is not finite is not written", "[refusals]") {
  EdgeTrial trial(edge_case("head linear"));
  trial.model.ops.back().floats.back() = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(edge_words(trial.model), Catch::Contains("not finite") || Catch::Contains("NaN"));
}
