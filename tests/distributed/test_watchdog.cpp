// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

#include "distributed/silence.h"
#include "distributed/watchdog.h"

using namespace qmtl;

namespace {

struct Outcome {
  int code = 0;
  std::string text;
};

/// Runs one hidden test of this program in a process of its own.
Outcome run_hidden(const std::string& tag) {
  char self[4096] = {};
  REQUIRE(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
  FILE* pipe = popen(("'" + std::string(self) + "' '" + tag + "' 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  Outcome outcome;
  std::array<char, 4096> buffer{};
  for (std::size_t got; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    outcome.text.append(buffer.data(), got);
  outcome.code = WEXITSTATUS(pclose(pipe));
  return outcome;
}

}  // namespace

TEST_CASE("silence counts only while the watcher itself runs", "[distributed]") {
  Silence silence(1.0);
  silence.look(7, 1.0);
  CHECK(silence.seconds() == 0);
  silence.look(7, 1.0);
  silence.look(7, 1.5);
  CHECK(silence.seconds() == 2.5);
  // The whole job was stopped for an hour.
  silence.look(7, 3600);
  CHECK(silence.seconds() == 4.5);
  silence.look(8, 1.0);
  CHECK(silence.seconds() == 0);
}

TEST_CASE("a rank that stands still ends with its place and a code of its own", "[distributed]") {
  const Outcome outcome = run_hidden("[.standing-still]");
  INFO(outcome.text);
  CHECK(outcome.code == 76);
  CHECK_THAT(outcome.text, Catch::Contains("rank 0 on ") &&
                               Catch::Contains("has stood still for 0.2 s in the save") &&
                               Catch::Contains("of step 5"));
}

TEST_CASE("long work that gets on, reading data and waiting for others are never errors", "[distributed]") {
  const Outcome outcome = run_hidden("[.getting-on]");
  INFO(outcome.text);
  CHECK(outcome.code == 0);
}

// The clock is what is tested here.
TEST_CASE("stands still in a save", "[.standing-still]") {
  const Comm comm(Comm::Alone{});
  const Watchdog watchdog(comm, 0.2);
  comm.here().enter(Doing::save, 5);
  std::this_thread::sleep_for(std::chrono::seconds(60));
}

TEST_CASE("gets on, reads data, waits", "[.getting-on]") {
  const auto wait = [](int milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  };
  const Comm comm(Comm::Alone{});
  const Watchdog watchdog(comm, 0.5), off(comm, 0);
  wait(1000);
  comm.here().enter(Doing::compute, 1);
  for (int unit = 0; unit < 20; ++unit) {
    wait(50);
    comm.here().advance();
  }
  comm.here().communicate(true);
  wait(1000);
  comm.here().communicate(false);
  SUCCEED();
}
