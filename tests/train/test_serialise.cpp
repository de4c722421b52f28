// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/train/loop/serialise.h"

using namespace qmtl;

namespace {

TrainState some_state() {
  TrainState state;
  state.params = {1.0, -0.0, 1e-310};
  state.moment1 = {0.5, 2, 3};
  state.step = 77;
  state.epoch = 3;
  state.step_in_epoch = 5;
  state.epoch_loss_sum = 0.1;
  state.best_score = 0.25;
  state.best_epoch = 2;
  state.history = {{1, 20, 1e-2, 0.7, 0.6, 0.5, {0.1, 0.9}}, {2, 40, 1e-2, 0.6, 0.5, 0.55, {0.2, 0.9}}};
  return state;
}

Dataset some_data() {
  Dataset data;
  data.title = "title";
  data.samples = 2;
  data.inputs = {{"x", {3}, 3, {1, 2, 3, 4, 5, 6}}};
  data.tasks = {{"a", TaskKind::multiclass, 3, "f1", 1, {0, 2}}};
  data.split = {0, 1};
  data.ids = {"first", ""};
  data.hash = "abc";
  return data;
}

}  // namespace

TEST_CASE("a training state comes back from its bytes", "[train][loop]") {
  CHECK(state_from_bytes(to_bytes(some_state())) == some_state());
}

TEST_CASE("a data set comes back from its bytes", "[train][loop]") {
  const Dataset data = some_data(), back = dataset_from_bytes(to_bytes(data));
  CHECK(back.title == data.title);
  CHECK(back.samples == data.samples);
  CHECK(back.inputs.at(0).values == data.inputs[0].values);
  CHECK(back.inputs.at(0).shape == data.inputs[0].shape);
  CHECK(back.tasks.at(0).labels == data.tasks[0].labels);
  CHECK(back.tasks.at(0).kind == data.tasks[0].kind);
  CHECK(back.split == data.split);
  CHECK(back.ids == data.ids);
  CHECK(back.hash == data.hash);
}

TEST_CASE("a message cut anywhere is refused", "[train][loop]") {
  const std::string bytes = to_bytes(some_data());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    INFO("first " << length << " of " << bytes.size() << " bytes");
    CHECK_THROWS_AS(dataset_from_bytes(bytes.substr(0, length)), Error);
  }
  CHECK_THROWS_AS(dataset_from_bytes(bytes + "x"), Error);
}
