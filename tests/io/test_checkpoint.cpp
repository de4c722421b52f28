// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstring>

#include "common.h"
#include "io/files/atomic_file.h"
#include "io/hdf5/hdf5.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

}  // namespace

TEST_CASE("a checkpoint reads back to the bit", "[io]") {
  TempFolder folder;
  const Checkpoint written = small_checkpoint();
  write_checkpoint(folder.file("c.h5"), written);
  const Checkpoint read = read_checkpoint(folder.file("c.h5"));
  CHECK(read.config_text == to_toml(written.config));
  CHECK(read.config.model == written.config.model);
  CHECK(read.config.train == written.config.train);
  CHECK(read.params == written.params);
  CHECK(same_bits(read.state.params, written.state.params));
  CHECK(same_bits(read.state.moment1, written.state.moment1));
  CHECK(same_bits(read.state.moment2, written.state.moment2));
  CHECK(read.state.step == 12);
  CHECK(read.state.epoch == 3);
  CHECK(read.state.step_in_epoch == 1);
  CHECK(read.state.epoch_loss_sum == written.state.epoch_loss_sum);
  CHECK(read.state.best_score == written.state.best_score);
  CHECK(read.state.best_epoch == 1);
  REQUIRE(read.state.history.size() == 2);
  CHECK(read.state.history[1] == written.state.history[1]);
  CHECK(std::isnan(read.state.history[0].validation[1]));
  CHECK(read.statistics == written.statistics);
  CHECK(read.meaning == written.meaning);
  CHECK(read.data_hash == "abc");
  CHECK(read.plan == "cones");
  CHECK(read.program_version == "0.1.0");
  CHECK(read.run_hash == run_hash(written.state));
  CHECK(read.content_hash == checkpoint_hash(read));
}

TEST_CASE("GradNorm's weights and first losses are read back to the bit, and in the hashes", "[io]") {
  TempFolder folder;
  Checkpoint checkpoint = small_checkpoint();
  const std::string without = checkpoint_hash(checkpoint), run = run_hash(checkpoint.state);
  checkpoint.state.task_weights = {1.0 / 3.0, 5.0 / 3.0};
  checkpoint.state.first_losses = {0.1, -1.0};
  CHECK(checkpoint_hash(checkpoint) != without);
  CHECK(run_hash(checkpoint.state) != run);
  write_checkpoint(folder.file("c.h5"), checkpoint);
  const Checkpoint read = read_checkpoint(folder.file("c.h5"));
  CHECK(read.state.task_weights == checkpoint.state.task_weights);
  CHECK(read.state.first_losses == checkpoint.state.first_losses);
  CHECK(read.run_hash == run_hash(checkpoint.state));

  const std::vector<std::function<void(TrainState&)>> contradictions{
      [](TrainState& s) { s.task_weights.pop_back(); }, [](TrainState& s) { s.task_weights[0] = 0.0; },
      [](TrainState& s) { s.first_losses[1] = std::numeric_limits<double>::infinity(); },
      [](TrainState& s) { s.task_weights.push_back(1.0), s.first_losses.push_back(1.0); }};
  for (std::size_t i = 0; i < contradictions.size(); ++i) {
    INFO("contradiction " << i);
    Checkpoint changed = checkpoint;
    contradictions[i](changed.state);
    CHECK_THROWS_WITH(write_checkpoint(folder.file("d.h5"), changed), Catch::Contains("/task_weights"));
  }
}

TEST_CASE("a checkpoint keeps the exact text of its configuration", "[io]") {
  TempFolder folder;
  Checkpoint checkpoint = small_checkpoint();
  checkpoint.config_text = "# with a comment\n" + to_toml(checkpoint.config);
  write_checkpoint(folder.file("c.h5"), checkpoint);
  CHECK(read_checkpoint(folder.file("c.h5")).config_text == checkpoint.config_text);
}

TEST_CASE("a state before its first step, without moments and history, is a checkpoint too", "[io]") {
  TempFolder folder;
  Checkpoint checkpoint = small_checkpoint(0);
  checkpoint.state.moment1.clear();
  checkpoint.state.moment2.clear();
  checkpoint.state.epoch_norm_sums.clear();
  checkpoint.state.history.clear();
  checkpoint.state.best_epoch = 0;
  checkpoint.statistics = {};
  write_checkpoint(folder.file("c.h5"), checkpoint);
  const Checkpoint read = read_checkpoint(folder.file("c.h5"));
  CHECK(read.state.moment1.empty());
  CHECK(read.state.epoch_norm_sums.empty());
  CHECK(read.state.history.empty());
  CHECK(read.statistics == Statistics{});
}

TEST_CASE("a checkpoint without names keeps the content hash that it had before there were any", "[io]") {
  TempFolder folder;
  Checkpoint checkpoint = small_checkpoint();
  checkpoint.meaning = {};
  checkpoint.config.model.head.ansatz.register_size = 4;  // what was the default then
  write_checkpoint(folder.file("c.h5"), checkpoint);
  const Checkpoint read = read_checkpoint(folder.file("c.h5"));
  CHECK(read.meaning.empty());
  // As the program wrote it at the commit before names.
  CHECK(read.content_hash == "0ea9616cf202c07284ba476fc3c5584fdf88837fd7075b114e2b1c9fedfbbd61");
}

TEST_CASE("names that do not fit the model are refused", "[io]") {
  TempFolder folder;
  const std::vector<std::pair<std::function<void(Meaning&)>, std::string>> changes{
      {[](Meaning& m) { m.inputs[1].columns.pop_back(); }, "expected 3 columns of input text, found 2"},
      {[](Meaning& m) { m.inputs[1].units.emplace_back(); }, "expected 3 units of input text, found 4"},
      {[](Meaning& m) { m.inputs[0].shift.pop_back(); }, "expected 4 shifts of input image"},
      {[](Meaning& m) { m.tasks[0].classes.pop_back(); },
       "expected 3 names of classes of task choice, found 2"},
      {[](Meaning& m) { m.tasks[0].classes[2] = "cat"; }, "two classes of task choice are called \"cat\""},
      {[](Meaning& m) { m.tasks[1].classes[0] = "n\xE9"; }, "a class of task yes"},
  };
  for (const auto& [change, says] : changes) {
    INFO(says);
    Checkpoint checkpoint = small_checkpoint();
    change(checkpoint.meaning);
    const Failure found = failure([&] { write_checkpoint(folder.file("c.h5"), checkpoint); });
    CHECK(found.code == 3);
    CHECK_THAT(found.message, Catch::Contains(says));
  }
}

TEST_CASE("equal checkpoints are equal bytes under any name", "[io]") {
  TempFolder folder;
  write_checkpoint(folder.file("a.h5"), small_checkpoint());
  write_checkpoint(folder.file("longer-name.h5"), small_checkpoint());
  CHECK(read_file(folder.file("a.h5")) == read_file(folder.file("longer-name.h5")));
}

TEST_CASE("the content hash sees every field", "[io]") {
  const std::string hash = checkpoint_hash(small_checkpoint());
  const std::vector<std::function<void(Checkpoint&)>> changes{
      [](Checkpoint& c) { c.config_text += " "; },
      [](Checkpoint& c) { c.params[0].name += "x"; },
      [](Checkpoint& c) {
        c.params[0].shape = {3, 4};
      },
      [](Checkpoint& c) { c.params[0].head = true; },
      [](Checkpoint& c) { c.params[0].decay = false; },
      [](Checkpoint& c) { c.state.params[3] = 0.0; },
      [](Checkpoint& c) { c.state.moment1[0] = 0; },
      [](Checkpoint& c) { c.state.moment2[22] = 0; },
      [](Checkpoint& c) { ++c.state.step; },
      [](Checkpoint& c) { ++c.state.epoch; },
      [](Checkpoint& c) { ++c.state.step_in_epoch; },
      [](Checkpoint& c) { c.state.epoch_loss_sum = 0.3; },
      [](Checkpoint& c) { c.state.epoch_norm_sums[4] = 0; },
      [](Checkpoint& c) { c.state.epoch_norm_sums.clear(); },
      [](Checkpoint& c) { c.state.best_score = 0; },
      [](Checkpoint& c) { ++c.state.best_epoch; },
      [](Checkpoint& c) { c.state.history[0].validation[0] = 0; },
      [](Checkpoint& c) { c.state.history[1].train_loss = 0; },
      [](Checkpoint& c) { c.statistics.inputs[0].mean[1] = 0; },
      [](Checkpoint& c) { c.statistics.labels[0].deviation = 2; },
      [](Checkpoint& c) { c.meaning.inputs[0].shift[3] = 0; },
      [](Checkpoint& c) { std::swap(c.meaning.inputs[1].columns[0], c.meaning.inputs[1].columns[1]); },
      [](Checkpoint& c) { c.meaning.inputs[1].units[1] = "m"; },
      [](Checkpoint& c) { std::swap(c.meaning.tasks[0].classes[0], c.meaning.tasks[0].classes[1]); },
      [](Checkpoint& c) { c.meaning.tasks[1].unit = "years"; },
      [](Checkpoint& c) { c.meaning.description += " "; },
      [](Checkpoint& c) { c.meaning = {}; },
      [](Checkpoint& c) { c.data_hash = ""; },
      [](Checkpoint& c) { c.plan = "state"; },
      [](Checkpoint& c) { c.rounding = "fused"; },
      [](Checkpoint& c) { c.program_version = "0.2"; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    INFO("change " << i);
    Checkpoint changed = small_checkpoint();
    changes[i](changed);
    CHECK(checkpoint_hash(changed) != hash);
  }
}

TEST_CASE("the portable hash does not see where the training ran, but what was trained", "[io]") {
  Checkpoint here = small_checkpoint(), there = here;
  here.config.data_file = "/here/data.h5";
  there.config.data_file = "/there/data.h5";
  there.config.run_folder = "elsewhere";
  here.config_text = to_toml(here.config);
  there.config_text = to_toml(there.config);
  CHECK(checkpoint_hash(here) != checkpoint_hash(there));
  CHECK(portable_hash(here) == portable_hash(there));
  ++there.config.train.seed;
  CHECK(portable_hash(here) != portable_hash(there));
  there = here;
  there.state.params[0] += 1;
  CHECK(portable_hash(here) != portable_hash(there));
}

TEST_CASE("a checkpoint that contradicts itself is not written", "[io]") {
  TempFolder folder;
  write_checkpoint(folder.file("c.h5"), small_checkpoint());
  const std::string before = read_file(folder.file("c.h5"));
  const std::vector<std::function<void(Checkpoint&)>> changes{
      [](Checkpoint& c) { c.state.params.pop_back(); },
      [](Checkpoint& c) { c.state.moment1.push_back(0); },
      [](Checkpoint& c) { c.state.epoch_norm_sums.pop_back(); },
      [](Checkpoint& c) { c.params[1].offset = 13; },
      [](Checkpoint& c) { c.params[1].shape = {5}; },
      [](Checkpoint& c) { c.params[1].name = "a/b"; },
      [](Checkpoint& c) { c.statistics.inputs[0].mean.pop_back(); },
      [](Checkpoint& c) { c.state.history[0].validation.pop_back(); },
      [](Checkpoint& c) { c.config_text = "[trian]\n"; },
      [](Checkpoint& c) { c.state.step_in_epoch = -1; },
      // Those behind are one more.
      [](Checkpoint& c) { c.state.epoch = std::numeric_limits<int>::max(); },
      [](Checkpoint& c) { c.state.step = std::numeric_limits<std::int64_t>::max(); },
      [](Checkpoint& c) { c.state.epoch = -1; },
      [](Checkpoint& c) { c.state.step = -1; },
      [](Checkpoint& c) { c.state.best_epoch = -1; },
      [](Checkpoint& c) { c.state.best_epoch = 3; },
      [](Checkpoint& c) { c.state.history[1].step = -8; },
      [](Checkpoint& c) { c.state.params[5] = std::numeric_limits<double>::quiet_NaN(); },
      [](Checkpoint& c) { c.state.params[22] = -std::numeric_limits<double>::infinity(); },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    INFO("change " << i);
    Checkpoint changed = small_checkpoint();
    changes[i](changed);
    const Failure failed = failure([&] { write_checkpoint(folder.file("c.h5"), changed); });
    INFO(failed.message);
    CHECK(failed.code != 0);
    CHECK(failed.says("c.h5"));
    CHECK(read_file(folder.file("c.h5")) == before);
  }
}

TEST_CASE("a data set is not taken for a checkpoint", "[io]") {
  TempFolder folder;
  write_dataset(folder.file("d.h5"), small_dataset());
  const Failure failed = failure([&] { read_checkpoint(folder.file("d.h5")); });
  CHECK(failed.code == 3);
  CHECK(failed.says("qmtl-checkpoint"));
  CHECK(failed.says("qmtl-dataset"));
}
