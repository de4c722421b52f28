// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "runtime/base/error.h"
#include "tools/workflows/training/saver.h"

using namespace qmtl;

namespace {

/// Shares of the time at which saving is due always, and never again after the first save.
constexpr double always = 1, once = 1e-12;

TrainState at_step(int step) {
  TrainState state;
  state.step = step;
  return state;
}

/// Offers steps 1, 2, ... as the letters say (b: the best so far, n: now, B: both, .: neither) and gives the
/// steps in the order in which they were saved, the best ones with a star.
std::string saved(const std::string& offers, double share) {
  std::string order;
  Saver saver(
      [&](const TrainState& state, bool best) { order += std::to_string(state.step) + (best ? "* " : " "); },
      share);
  int step = 0;
  for (const char offer : offers) {
    const bool best = offer == 'b' || offer == 'B', now = offer == 'n' || offer == 'B';
    const bool began = saver.offer(at_step(++step), {best, now});
    CHECK((began || !now));
    if (share == always) CHECK((began || step > 1));  // unless the one before is still being saved
  }
  saver.finish();
  return order;
}

}  // namespace

TEST_CASE("what can wait is left out where saving is not due, but never the best epoch", "[saver]") {
  CHECK(saved(".....", once) == "1 ");
  CHECK(saved(".b...", once) == "1 2* ");
  CHECK(saved("b.b.b", once) == "1* 5* ");
  CHECK(saved("....n", once) == "1 5 ");
  CHECK(saved("nnn", once) == "1 2 3 ");
}

TEST_CASE("a later state is saved after its best epoch, which would else be lost with it", "[saver]") {
  CHECK(saved(".b.n", once) == "1 2* 4 ");
  CHECK(saved(".bbn.b", once) == "1 3* 4 6* ");
  CHECK(saved(".b.B", once) == "1 4* ");
}

TEST_CASE("a training that ends by an error keeps its best epoch", "[saver]") {
  std::string order;
  try {
    Saver saver([&](const TrainState& state, bool) { order += std::to_string(state.step); }, once);
    saver.offer(at_step(1), {});
    saver.offer(at_step(2), {.best = true});
    throw data_error("nan");
  } catch (const Error&) {
  }
  CHECK(order == "12");
}

TEST_CASE("what a save throws is thrown by the next call that asks", "[saver]") {
  for (const bool now : {false, true}) {
    INFO("now " << now);
    Saver saver([](const TrainState&, bool) { throw data_error("disk full"); }, once);
    saver.offer(at_step(1), {});
    if (now)
      CHECK_THROWS_WITH(saver.offer(at_step(2), {.now = true}), "disk full");
    else
      CHECK_THROWS_WITH(saver.finish(), "disk full");
  }
}
