// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>

#include "io/files/atomic_file.h"
#include "tests/io/common.h"
#include "tests/library/sample_data.h"

using namespace qmtl;
using test::failure;
using test::Points;
using test::trained;

TEST_CASE("The library writes a model in every form that the program has", "[library]") {
  const Points points;
  const test::TempFolder folder;
  const Model model = trained(points);
  const Rows few{std::span(points.x).first(8), 2};
  const std::vector<std::string> forms = export_forms();
  CHECK(forms.size() >= 6);
  for (const std::string& form : forms) {
    INFO(form);
    const std::string path = folder.file("as_" + form);
    std::map<std::string, std::string> options;
    if (form == "isa") options = {{"target", "heavy-hex-3"}};
    const std::string told = export_model(model, form, path, few, options);
    CHECK(told.front() == '{');
    const auto again = failure([&] { export_model(model, form, path, few, options); });
    CHECK(again.code == 2);
  }
  CHECK(std::filesystem::file_size(folder.file("as_edge")) > 100);
}

TEST_CASE("What is exported from memory is what is exported from the saved model", "[library]") {
  const Points points;
  const test::TempFolder folder;
  const Model model = trained(points);
  model.save(folder.file("model.h5"));
  export_model(model, "edge", folder.file("one.qmh"), points.inputs());
  export_model(Model::load(folder.file("model.h5")), "edge", folder.file("two.qmh"), points.inputs());
  const bool same = read_file(folder.file("one.qmh")) == read_file(folder.file("two.qmh"));
  CHECK(same);
}

TEST_CASE("Forms and options that do not exist are refused by name", "[library]") {
  const Points points;
  const test::TempFolder folder;
  const Model model = trained(points);
  const auto form = failure([&] { export_model(model, "sheet", folder.file("a"), points.inputs()); });
  CHECK(form.code == 2);
  CHECK(form.says("qasm3"));
  const auto option = failure([&] {
    export_model(model, "qasm3", folder.file("a"), points.inputs(), {{"colour", "red"}});
  });
  CHECK(option.code == 2);
  CHECK(option.says("max-qubits"));
  const auto others = failure([&] {
    export_model(model, "qasm3", folder.file("a"), points.inputs(), {{"basis", "cz"}});
  });
  CHECK(others.code == 2);
  CHECK(others.says("basis"));
}

TEST_CASE("A replay on the simulator measures the model's logits, and the same call goes on", "[library]") {
  const Points points;
  const test::TempFolder folder;
  const Model model = trained(points);
  const std::size_t rows = 6;
  const Samples samples{.x = {std::span(points.x).first(2 * rows), 2},
                        .y = {std::span(points.y).first(3 * rows), 3},
                        .tasks = points.tasks};
  const ReplayOptions options{.shots = 20'000, .replicates = 50};
  const Replay found = replay(model, samples, folder.file("replay"), options);
  REQUIRE(found.done);
  REQUIRE(found.rows.size() == rows);
  REQUIRE(found.tasks.size() == 3);
  const Table exact = model.logits(samples.x);
  REQUIRE(found.logits.values.size() == exact.values.size());
  double distance = 0, size = 0;
  for (std::size_t i = 0; i < exact.values.size(); ++i) {
    distance += std::pow(found.logits.values[i] - exact.values[i], 2);
    size += std::pow(exact.values[i], 2);
  }
  CHECK(std::sqrt(distance / size) <
        0.15);  // shot noise: 1 / sqrt(20000) of an expectation, times about 4 / 0.3
  CHECK(found.mean.low <= found.mean.high);

  const Replay again = replay(model, samples, folder.file("replay"), options);
  CHECK(again.logits.values == found.logits.values);
  const auto other = failure([&] { replay(model, samples, folder.file("replay"), {.shots = 10}); });
  CHECK(other.code == 2);
  CHECK(other.says("shots"));
}

TEST_CASE("A head without a circuit cannot be replayed", "[library]") {
  const Points points;
  const test::TempFolder folder;
  const Model model =
      train(points.samples(), {.configuration = "[head]\nkind = \"linear\"\n[train]\nepochs = 1\n"});
  const auto refused = failure([&] { replay(model, points.samples(), folder.file("replay")); });
  CHECK(refused.code == 2);
  CHECK(refused.says("circuit"));
}
