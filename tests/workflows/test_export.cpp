// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>

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
  for (const ExportFormat& format : export_formats()) {
    INFO(format.name);
    const ExportRequest request = request_of(run, format.name);
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
  for (const ExportFormat& format : export_formats())
    taken.insert(taken.end(), format.options.begin(), format.options.end());
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
