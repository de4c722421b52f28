// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>

#include "io/config/config.h"
#include "runtime/base/file.h"
#include "tests/workflows/trained_run.h"
#include "tools/workflows/export/export.h"

using namespace qmtl;
using test::alone;
using test::failure;
using test::TrainedRun;

namespace {

namespace fs = std::filesystem;

ExportRequest request_of(const TrainedRun& run, std::string_view format) {
  ExportRequest request;
  request.checkpoint = run.file("model.h5");
  request.format = std::string(format);
  request.out = run.file("model_" + request.format);
  request.samples = 2;
  request.options.target = "heavy-hex-3";
  return request;
}

/// Files that a request has written.
std::vector<fs::path> written(const ExportRequest& request) {
  std::vector<fs::path> files;
  const fs::path out(request.out);
  for (const auto& entry : fs::recursive_directory_iterator(out.parent_path()))
    if (entry.is_regular_file() && entry.path().string().starts_with(request.out))
      files.push_back(entry.path());
  return files;
}

}  // namespace

TEST_CASE("Every form is written by its row, with files that are not empty", "[export]") {
  const TrainedRun run;
  for (const ExportFormat* format : export_formats()) {
    INFO(format->name);
    const ExportRequest request = request_of(run, format->name);
    const auto told = export_model(alone(), request);
    CHECK(told.is_object());
    CHECK_FALSE(told.empty());
    const std::vector<fs::path> files = written(request);
    REQUIRE_FALSE(files.empty());
    for (const fs::path& file : files) CHECK(fs::file_size(file) > 0);
    const auto again = failure([&] { export_model(alone(), request); });
    CHECK(again.code == 2);
    CHECK(again.says("overwrite"));
  }
}

TEST_CASE("Forms that compute are checked against the checkpoint", "[export]") {
  const TrainedRun run;
  for (const char* format : {"edge", "c"}) {
    INFO(format);
    const auto check = export_model(alone(), request_of(run, format))["check"];
    CHECK(check["samples"] == 2);
    CHECK(check["equal_predictions"] == 2);
    CHECK(check["largest_difference"].get<double>() < 1e-3);
  }
}

TEST_CASE("Options of a form are set by name and reach it", "[export]") {
  const TrainedRun run;
  ExportRequest open = request_of(run, "qasm3"), bound = request_of(run, "qasm3");
  for (const ExportOption& option : export_options()) {
    if (option.name == "bound") option.set(bound.options, "");
    if (option.name == "split") option.set(bound.options, "cones");
  }
  bound.out += "_bound";
  const auto few = export_model(alone(), open), many = export_model(alone(), bound);
  CHECK(few["circuits"] == few["programs"]);
  CHECK(many["split"] == "cones");
  CHECK(many["circuits"] == 2 * many["programs"].get<int>());
}

TEST_CASE("Each form names only options that there are, and every option has a form", "[export]") {
  std::vector<std::string_view> taken;
  for (const ExportFormat* format : export_formats())
    taken.insert(taken.end(), format->options.begin(), format->options.end());
  const auto options = export_options();
  for (std::string_view name : taken)
    CHECK(std::any_of(options.begin(), options.end(), [&](const ExportOption& o) { return o.name == name; }));
  for (const ExportOption& option : options)
    CHECK(std::find(taken.begin(), taken.end(), option.name) != taken.end());
}

TEST_CASE("An unknown form and a wrong option's text are refused by name", "[export]") {
  const TrainedRun run;
  const auto unknown = failure([&] { export_model(alone(), request_of(run, "qasm9")); });
  CHECK(unknown.code == 2);
  CHECK(unknown.says("qasm2, ionq"));
  for (const ExportOption& option : export_options()) {
    if (option.name != "max-qubits" && option.name != "goldens") continue;
    ExportOptions options;
    for (const char* text : {"0", "-1", "two", "3x", ""}) {
      const auto wrong = failure([&] { option.set(options, text); });
      CHECK(wrong.says("--" + std::string(option.name)));
      CHECK(wrong.says("at least 1"));
    }
  }
}

namespace {

/// A model that nobody has trained, with its parameters.
struct Fresh {
  Dataset data = toy::dataset(60);
  Checkpoint checkpoint;
  std::unique_ptr<Learner> learner;

  explicit Fresh(Config config) {
    resolve(config, data);
    checkpoint.config = config;
    checkpoint.statistics = standardise(data, config.model, config.standardise);
    learner = make_learner(config.model, config.train, data, checkpoint.statistics);
    checkpoint.state = fresh_state(*learner, config.train.seed);
    learner->bind(checkpoint.state.params);
    checkpoint.params = learner->params();
  }
};

/// Every way to write a stage and blocks.
std::vector<std::pair<std::string, Config>> written_circuits() {
  const Dataset data = toy::dataset(60);
  std::vector<std::pair<std::string, Config>> all;
  const auto add = [&](const std::string& name, const std::string& head, const std::string& text) {
    Config config = text.empty() ? toy::config(head, data) : parse_config(text, name);
    config.model.head.kind = head;
    config.model.precision = "double";
    config.train.shard = 16;
    all.emplace_back(name, config);
  };
  for (const char* head : {"qmtl", "hybrid"}) add(std::string("short, ") + head, head, "");
  for (const char* preset : {"sim-14", "zz-map", "reupload", "efficient-su2-sca"})
    add(preset, "qmtl",
        "[circuit]\nqubits = 4\nlayers = 2\npreset = \"" + std::string(preset) +
            "\"\n[block]\nsize = 2\nstride = 1\npreset = \"real-amplitudes\"\nreadout = \"weights\"\n");
  add("by hand", "qmtl", R"([circuit]
qubits = 5
[[circuit.layer]]
upload = "ry"
trained = "both"
factor = 0.5
gates = ["u"]
entangler = "crx"
pattern = "line"
[[circuit.layer]]
upload = "rzz"
pattern = "line"
reflect = true
entangler = "cp"
shared_angles = true
[[circuit.layer]]
qasm = "cry(2 * w[0] + 0.25) q[0], q[3]; rx(w[0] - 0.5 * z[1] * z[2]) q[2]; ccx q[0], q[1], q[4];"
[block]
size = 2
observables = ["w Z0 + w X1"]
[task.sector]
register = [4, 1]
observables = ["X0 X1", "0.5 Y0 - Z1", "P01"]
[[task.sector.layer]]
upload = "rx"
inputs = [0, [1, 3]]
gates = ["ry"]
entangler = "rxx"
)");
  return all;
}

}  // namespace

TEST_CASE("A circuit that was exported trains again as it was, to the bit", "[export]") {
  for (auto& [name, config] : written_circuits()) {
    INFO(name);
    test::TempFolder folder;
    const Fresh original(config);
    ExportRequest request;
    request.format = "circuit";
    request.out = folder.file("circuit");
    const auto told = export_checkpoint(alone(), original.checkpoint, original.data, request);
    CHECK(told["files"].size() >= 1);

    Config again =
        parse_config(read_file(folder.file("circuit/config.toml")), folder.file("circuit/config.toml"));
    resolve(again, original.data);
    CHECK(again.model.head.ansatz.stage.size() == 1);
    CHECK(parse_config(to_toml(again), "again").model == again.model);  // as a resumed run finds it
    CHECK(again.model.head.ansatz.preset.empty());
    const auto learner =
        make_learner(again.model, again.train, original.data, original.checkpoint.statistics);
    REQUIRE(learner->circuit());
    CHECK(*learner->circuit() == *original.learner->circuit());
    learner->bind(original.checkpoint.state.params);
    const std::vector<std::size_t> rows{0, 2, 5, 31};
    std::vector<float> before(rows.size() * static_cast<std::size_t>(learner->outputs())), after = before;
    original.learner->predict(rows, before);
    learner->predict(rows, after);
    CHECK(before == after);
    // The gradient of every parameter and the losses.
    CHECK(toy::step(*original.learner, toy::batch(original.data, original.learner->spec(), rows)) ==
          toy::step(*learner, toy::batch(original.data, learner->spec(), rows)));
  }
}

TEST_CASE("A circuit that no configuration says by hand is refused with the way out", "[export]") {
  const Dataset data = toy::dataset(60);
  Config encoded = parse_config(
      "[circuit]\nqubits = 2\n[[circuit.layer]]\nencode = \"amplitude\"\n[block]\nsize = 2\n", "encoded");
  encoded.model.head.kind = "qmtl";
  for (const auto& [config, cure] : {std::pair{toy::config("separate", data), "qasm3"},
                                     {toy::config("linear", data), "hybrid"},
                                     {encoded, "qasm3"}}) {
    INFO(config.model.head.kind << ", " << cure);
    test::TempFolder folder;
    const Fresh original(config);
    ExportRequest request;
    request.format = "circuit";
    request.out = folder.file("circuit");
    const auto refused = failure([&] { export_checkpoint(alone(), original.checkpoint, data, request); });
    CHECK(refused.code == 2);
    CHECK(refused.says("--to circuit"));
    CHECK(refused.says(cure));
    CHECK_FALSE(fs::exists(request.out));
  }
}
