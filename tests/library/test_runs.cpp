// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/files/atomic_file.h"
#include "tests/io/common.h"
#include "tests/library/sample_data.h"

using namespace qmtl;
using test::failure;
using test::Points;
using test::trained;
using Json = nlohmann::json;

namespace {

std::string configuration_in(const test::TempFolder& folder, const Points& points) {
  save_data(folder.file("points.h5"), points.samples());
  write_file(folder.file("points.toml"),
             std::string(test::configuration) +
                 "[data]\ntasks = [\"side\", \"third\", \"distance\"]\nfile = \"" + folder.file("points.h5") +
                 "\"\n[run]\nfolder = \"" + folder.file("run") + "\"\n");
  return folder.file("points.toml");
}

}  // namespace

TEST_CASE("A training in a folder has the bits of one in memory, and goes on where it was stopped",
          "[library]") {
  const Points points;
  const test::TempFolder folder;
  const std::string file = configuration_in(folder, points), expected = trained(points).run_hash();
  int epochs = 0;
  std::int64_t steps = 0;
  RunOptions options;
  options.on_epoch = [&](const Epoch&) { ++epochs; };
  options.on_step = [&](const TrainProgress& progress) { steps = progress.steps; };
  options.stop = [&] { return epochs == 2; };
  CHECK_FALSE(train_in_folder(file, options).finished);
  CHECK(failure([&] { train_in_folder(file, options); }).code == 2);
  options.mode = "resume";
  options.stop = {};
  const Run run = train_in_folder(file, options);
  CHECK(run.finished);
  CHECK(run.folder == folder.file("run"));
  CHECK(Json::parse(run.report)["epochs"] == 4);
  CHECK(epochs == 4);
  CHECK(steps == 4 * 3);  // 54 rows for training, 20 a batch
  CHECK(Model::load(run.folder).run_hash() == expected);
  const std::string page = write_report({run.folder}, folder.file("page.html"), "Points");
  CHECK(read_file(page).find("<h1>Points</h1>") != std::string::npos);
  CHECK(failure([] { write_report({}); }).code == 2);
  CHECK(failure([&] { write_report({run.folder}, file); }).code == 2);
  // The run's log ends with it.
  const auto size = std::filesystem::file_size(folder.file("run/logs/rank-0000.log"));
  spdlog::warn("of the caller");
  CHECK(std::filesystem::file_size(folder.file("run/logs/rank-0000.log")) == size);
  const auto wrong = failure([&] { train_in_folder(file, {.mode = "again"}); });
  CHECK(wrong.code == 2);
  CHECK(wrong.says("fresh, resume or overwrite"));
}

TEST_CASE("Scores are of the rows asked for, on a device too", "[library]") {
  const Points points;
  const Model model = trained(points);
  const Rows x = points.inputs(), y{points.y, 3};
  const Json all = Json::parse(evaluate(model, x, y));
  const Json some =
      Json::parse(evaluate(model, x, y, {.split = points.split, .importance = 1, .shots = 200, .seed = 4}));
  CHECK(all["tasks"]["third"]["confusion"] != some["tasks"]["third"]["confusion"]);
  CHECK(some["importance"]["repeats"] == 1);
  CHECK(some["noise"]["shots"] == 200);
  CHECK(some["tasks"]["third"].contains("baseline"));
  CHECK_FALSE(all["tasks"]["third"].contains("baseline"));
  CHECK(failure([&] { evaluate(model, x, {points.y, 1}); }).code == 3);
  CHECK(failure([&] { evaluate(model, {points.x, 1}, y); }).code == 2);
  CHECK(failure([&] { evaluate(model, x, y, {.threshold = "beauty"}); }).code != 0);
}

TEST_CASE("A head tells its circuit and its plan", "[library]") {
  const TaskHead head({{"a"}, {"b", "multiclass", 3}}, "[circuit]\nqubits = 5\n[block]\nsize = 2\n");
  const Json circuit = Json::parse(head.circuit());
  CHECK(circuit["qubits"] == 5);
  CHECK(circuit["trainable"].size() == 5 + 4 * 2);
  CHECK(circuit["blocks"].size() == 4);
  CHECK(circuit["columns"].size() == head.outputs());
  CHECK(circuit["shared"][0] == Json::parse(R"({"gate": "ry", "qubits": [0],
                                               "angle": [{"factor": 1.0, "inputs": [0]}]})"));
  CHECK(head.drawing().find("RY(a0)") != std::string::npos);
  const Json plan = Json::parse(head.plan());
  CHECK(plan["parameters"]["head"] == head.parameters().size());
  const TaskHead linear({{"a"}}, "[head]\nkind = \"linear\"\nwidth = 3\n");
  CHECK(linear.circuit().empty());
  CHECK(linear.drawing().empty());
  CHECK(Json::parse(linear.plan())["plan"] == "none");
  const Points points;
  const Model model = trained(points);
  CHECK(Json::parse(model.plan())["parameters"]["head"] ==
        Json::parse(TaskHead::of(model).plan())["parameters"]["head"]);
}
