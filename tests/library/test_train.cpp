// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>

#include "io/data/dataset.h"
#include "io/files/atomic_file.h"
#include "io/hdf5/hdf5.h"
#include "tests/io/common.h"
#include "tests/library/sample_data.h"
#include "tools/workflows/training/predict.h"
#include "tools/workflows/training/train.h"

using namespace qmtl;
using test::failure;
using test::Points;

namespace {

TrainOptions small() { return {.configuration = test::configuration}; }

}  // namespace

TEST_CASE("A model that the library trains is the one that the program trains from the same data",
          "[library]") {
  const Points points;
  const test::TempFolder folder;
  save_data(folder.file("points.h5"), points.samples());
  write_file(folder.file("points.toml"),
             std::string(test::configuration) +
                 "[data]\ntasks = [\"side\", \"third\", \"distance\"]\nfile = \"" + folder.file("points.h5") +
                 "\"\n");
  train_run(
      OneRank(),
      {.config = folder.file("points.toml"), .overrides = {"run.folder=\"" + folder.file("run") + "\""}}, {});
  const Model programs = Model::load(folder.file("run"));
  const Threads one(1);
  const Model librarys = train(points.samples(), small());
  CHECK(librarys.run_hash() == programs.run_hash());
  CHECK(librarys.run_hash().size() == 64);
  CHECK(std::equal(librarys.parameters().begin(), librarys.parameters().end(), programs.parameters().begin(),
                   programs.parameters().end()));
}

TEST_CASE("A model knows what its data set called classes and columns", "[library]") {
  const Points points;
  const test::TempFolder folder;
  save_data(folder.file("points.h5"), points.samples());
  Dataset named = read_dataset(folder.file("points.h5"));
  named.inputs[0].column_names = {"east", "north"};
  for (Task& task : named.tasks)
    if (task.name == "third") task.class_names = {"one", "two", "three"};
  write_dataset(folder.file("named.h5"), named);
  write_file(folder.file("named.toml"), std::string(test::configuration) +
                                            "[data]\ntasks = [\"side\", \"third\", \"distance\"]\nfile = \"" +
                                            folder.file("named.h5") + "\"\n");
  train_run(OneRank(),
            {.config = folder.file("named.toml"), .overrides = {"run.folder=\"" + folder.file("run") + "\""}},
            {});
  Model::load(folder.file("run")).save(folder.file("model.h5"));
  const Model model = Model::load(folder.file("model.h5"));
  using Names = std::vector<std::string>;
  CHECK(model.class_names() == std::vector<Names>{{}, {"one", "two", "three"}, {}});
  CHECK(model.column_names() == Names{"east", "north"});
  const Model numbers = train(points.samples(), small());
  CHECK(numbers.class_names() == std::vector<Names>(3));
  CHECK(numbers.column_names() == Names(2));
}

TEST_CASE("A saved model comes back with every bit and predicts what the program predicts", "[library]") {
  const Points points;
  const test::TempFolder folder;
  const Model model = train(points.samples(), small());
  model.save(folder.file("model.h5"));
  const Model loaded = Model::load(folder.file("model.h5"));
  CHECK(loaded.run_hash() == model.run_hash());
  loaded.save(folder.file("again.h5"));
  CHECK(read_file(folder.file("again.h5")) == read_file(folder.file("model.h5")));
  REQUIRE(loaded.tasks().size() == 3);
  CHECK(loaded.tasks()[1].name == "third");
  CHECK(loaded.inputs() == 2);

  const Table predicted = model.predict(points.inputs()), again = loaded.predict(points.inputs());
  REQUIRE(predicted.columns == 5);
  REQUIRE(predicted.count() == 90);
  CHECK(predicted.values == again.values);
  save_data(folder.file("points.h5"), points.samples());
  predict_file(OneRank(), {.checkpoint = folder.file("model.h5"),
                           .input = {.file = folder.file("points.h5")},
                           .out = folder.file("out.h5")});
  const hdf5::File file = hdf5::File::open(folder.file("out.h5"));
  std::size_t column = 0;
  for (const auto& [task, columns] : {std::pair{"side", 1}, {"third", 3}, {"distance", 1}}) {
    const auto programs = file.read<float>(std::string("/predictions/") + task);
    REQUIRE(programs.size() == 90 * static_cast<std::size_t>(columns));
    for (std::size_t i = 0; i < programs.size(); ++i) {
      const std::size_t row = i / static_cast<std::size_t>(columns);
      CHECK(programs[i] == predicted.row(row)[column + i % static_cast<std::size_t>(columns)]);
    }
    column += static_cast<std::size_t>(columns);
  }
}

TEST_CASE("A training is followed epoch by epoch and stopped with the best one so far", "[library]") {
  const Points points;
  std::vector<Epoch> epochs;
  TrainOptions options = small();
  options.on_epoch = [&](const Epoch& epoch) { epochs.push_back(epoch); };
  train(points.samples(), options);
  REQUIRE(epochs.size() == 4);
  CHECK(epochs[0].best);
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    CHECK(epochs[i].number == static_cast<int>(i) + 1);
    CHECK(epochs[i].metrics.size() == 3);
  }
  CHECK(epochs.back().train_loss < epochs.front().train_loss);

  options.on_epoch = {};
  options.stop = [asked = 0]() mutable {
    return ++asked == 4;
  };  // 54 rows in batches of 20: in the second epoch
  const Model stopped = train(points.samples(), options);
  options.stop = {};
  options.configuration = std::string(test::configuration)
                              .replace(std::string(test::configuration).find("epochs = 4"), 10, "epochs = 1");
  const Model first = train(points.samples(), options);
  CHECK(std::equal(stopped.parameters().begin(), stopped.parameters().end(), first.parameters().begin()));
}

TEST_CASE("Samples without a split are divided by seed and row alone", "[library]") {
  const Points points;
  const Model one = train({points.x, 2}, {points.y, 3}, points.tasks, small());
  Samples samples{.x = {points.x, 2}, .y = {points.y, 3}, .tasks = points.tasks};
  CHECK(train(samples, small()).run_hash() == one.run_hash());
  samples.split_seed = 2;
  CHECK(train(samples, small()).run_hash() != one.run_hash());
}

TEST_CASE("Rows of images go through convolutions", "[library]") {
  std::vector<float> x, y;
  for (int i = 0; i < 40; ++i) {
    for (int pixel = 0; pixel < 16; ++pixel)
      x.push_back((pixel % 4 < 2) == (i % 2 == 0) ? 1.0f : 0.01f * static_cast<float>(i));
    y.push_back(static_cast<float>(i % 2));
  }
  Samples samples{.x = {x, 16}, .y = {y, 1}, .tasks = {{"left"}}, .shape = {1, 4, 4}};
  const std::string configuration =
      "[backbone]\nlayers = [{ type = \"conv\", channels = 2, kernel = 3 }]\n"
      "[circuit]\nqubits = 4\n[block]\nsize = 2\n[train]\nepochs = 2\n";
  const Model model = train(samples, {.configuration = configuration});
  CHECK(model.predict({x, 16}).count() == 40);
  samples.shape = {1, 4, 5};
  const auto wrong = failure([&] { train(samples, {.configuration = configuration}); });
  CHECK(wrong.code == 3);
  CHECK(wrong.says("16"));
}

TEST_CASE("Samples and configurations that do not fit are one error that says what was expected",
          "[library]") {
  const Points points;
  const Model model = train(points.samples(), small());
  struct Wrong {
    std::function<void(Samples&, TrainOptions&)> make;
    int code;
    std::vector<std::string> words;
  };
  const std::vector<float> bad_label(90, 7.0f), labels(90, 1.0f);
  std::vector<float> holes = points.x;
  holes[11] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<std::uint8_t> short_split(89, 0), odd_split(90, 3);
  const std::vector<Wrong> cases{
      {[](Samples& s, TrainOptions&) { s.x.columns = 7; }, 2, {"7 columns", "180"}},
      {[](Samples& s, TrainOptions&) { s.y.values = s.y.values.first(267); }, 3, {"y", "90", "89"}},
      {[](Samples& s, TrainOptions&) { s.tasks.pop_back(); }, 3, {"y", "2 columns", "3"}},
      {[](Samples& s, TrainOptions&) { s.tasks[1].outputs = 1; }, 2, {"third", "at least 2"}},
      {[](Samples& s, TrainOptions&) { s.tasks[0].kind = "colour"; }, 2, {"colour", "binary"}},
      {[](Samples& s, TrainOptions&) { s.tasks[0].name = "third"; }, 3, {"third"}},
      {[&](Samples& s, TrainOptions&) { s.x.values = holes; }, 3, {"sample 5", "x"}},
      {[&](Samples& s, TrainOptions&) {
         s.tasks = {{"one"}};
         s.y = {bad_label, 1};
       },
       3,
       {"one", "7"}},
      {[&](Samples& s, TrainOptions&) { s.split = short_split; }, 3, {"90", "89"}},
      {[&](Samples& s, TrainOptions&) { s.split = odd_split; }, 3, {"split", "3"}},
      {[](Samples& s, TrainOptions&) {
         s.split = {};
         s.fractions = {0.5, 0.2, 0.2};
       },
       2,
       {"fractions"}},
      {[](Samples&, TrainOptions& o) { o.configuration = "[train]\nepoch = 3\n"; }, 2, {"train.epochs"}},
      {[](Samples&, TrainOptions& o) { o.configuration = "[train\n"; }, 2, {"configuration"}},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Samples samples = points.samples();
    TrainOptions options = small();
    cases[i].make(samples, options);
    const auto found = failure([&] { train(samples, options); });
    INFO("case " << i << ": " << found.message);
    CHECK(found.code == cases[i].code);
    for (const std::string& word : cases[i].words) CHECK(found.says(word));
  }
  const auto narrow = failure([&] { model.predict({points.x, 3}); });
  CHECK(narrow.code == 2);
  CHECK(narrow.says("2 columns"));
  const auto unfit = failure([&] { model.predict({holes, 2}); });
  CHECK(unfit.code == 3);
  CHECK(unfit.says("sample 5"));
}
