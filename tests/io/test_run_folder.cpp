// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common.h"
#include "io/files/atomic_file.h"
#include "io/runs/run_folder.h"

using namespace qmtl;
using namespace qmtl::test;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

void flip_byte(const std::string& path, std::size_t at) {
  std::string content = read_file(path);
  content[at] = static_cast<char>(content[at] ^ 1);
  // Rewritten in place: step files and last.h5 may be two names of one file, and both are then damaged.
  FILE* file = fopen(path.c_str(), "r+b");
  fwrite(content.data(), 1, content.size(), file);
  fclose(file);
}

}  // namespace

TEST_CASE("a run folder keeps last, best and the newest step checkpoints", "[io]") {
  TempFolder folder;
  RunFolder run(folder.file("a/run"), RunMode::fresh);
  for (std::int64_t step : {4, 8, 12, 100})
    run.save(small_checkpoint(step), step == 8);  // small_config keeps 2
  CHECK(names_in(run.file("checkpoints")) ==
        std::vector<std::string>{"best.h5", "last.h5", "manifest.json", "step-100.h5", "step-12.h5"});
  CHECK(read_checkpoint(run.file("checkpoints/last.h5")).state.step == 100);
  CHECK(read_checkpoint(run.file("checkpoints/best.h5")).state.step == 8);
}

TEST_CASE("a run in the folder is refused unless it is resumed or overwritten", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("run");
  RunFolder first(path, RunMode::fresh);
  RunFolder again(path, RunMode::fresh);  // nothing was saved yet
  first.write_config(small_config());
  first.save(small_checkpoint(), true);
  first.append_metrics({1, 4, 0.1, 1, 1, 0.5, {0.5}}, {"t"});
  write_file(first.file("notes.txt"), "mine");

  const Failure failed = failure([&] { RunFolder refused(path, RunMode::fresh); });
  CHECK(failed.code == 2);
  CHECK(failed.says(path));
  CHECK(failed.says("--resume"));
  CHECK(failed.says("--overwrite"));
  CHECK(fs::exists(first.file("checkpoints/last.h5")));

  // What a save that a crash cut short leaves: its step may never come again.
  write_file(first.file("checkpoints/.step-9.h5.partial"), "half");
  RunFolder resumed(path, RunMode::resume);
  CHECK_FALSE(fs::exists(first.file("checkpoints/.step-9.h5.partial")));
  std::vector<std::string> warnings;
  CHECK(resumed.newest_verified(warnings).state.step == 12);
  CHECK(warnings.empty());
  CHECK(parse_config(read_file(first.file("config.toml")), "c").model == small_config().model);

  RunFolder emptied(path, RunMode::overwrite);
  CHECK(names_in(path) == std::vector<std::string>{"checkpoints", "notes.txt", "owner.json"});
  CHECK(names_in(emptied.file("checkpoints")).empty());
}

TEST_CASE("a damaged checkpoint is named and the one before it is used", "[io]") {
  TempFolder folder;
  RunFolder run(folder.file("run"), RunMode::fresh);
  run.save(small_checkpoint(4), true);
  run.save(small_checkpoint(8), false);
  flip_byte(run.file("checkpoints/last.h5"), 3000);
  std::vector<std::string> warnings;
  CHECK(run.newest_verified(warnings).state.step == 4);
  REQUIRE(warnings.size() == 2);
  CHECK_THAT(warnings[0], Catch::Contains("last.h5"));
  CHECK_THAT(warnings[1], Catch::Contains("step-8.h5"));

  // The continuation overwrites the damaged step and the run is whole again.
  run.save(small_checkpoint(8), false);
  warnings.clear();
  CHECK(run.newest_verified(warnings).state.step == 8);
  CHECK(warnings.empty());
}

TEST_CASE("a step checkpoint newer than last.h5 is the newest", "[io]") {
  TempFolder folder;
  RunFolder run(folder.file("run"), RunMode::fresh);
  run.save(small_checkpoint(4), false);
  write_checkpoint(run.file("checkpoints/step-8.h5"), small_checkpoint(8));
  std::vector<std::string> warnings;
  CHECK(run.newest_verified(warnings).state.step == 8);
}

TEST_CASE("the manifest lists what is kept, newest first, and a damaged one is no loss", "[io]") {
  TempFolder folder;
  RunFolder run(folder.file("run"), RunMode::fresh);
  for (std::int64_t step : {4, 8, 12}) run.save(small_checkpoint(step), step == 4);
  const std::string path = run.file("checkpoints/manifest.json"), text = read_file(path);
  std::string names;
  for (const ManifestEntry& entry : parse_manifest(text, path)) {
    const std::string file = run.file("checkpoints/" + entry.file);
    INFO(file);
    names += entry.file + " ";
    const Checkpoint found = read_checkpoint(file);
    CHECK(entry.step == found.state.step);
    CHECK(entry.epoch == found.state.epoch);
    CHECK(entry.content_hash == found.content_hash);
    CHECK(entry.bytes == fs::file_size(file));
  }
  CHECK(names == "step-12.h5 last.h5 step-8.h5 best.h5 ");
  CHECK(standing_of(run.path()).step == 12);

  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_file(path, damaged);
    INFO("byte " << at);
    // White space may become other white space.
    const Failure failed = failure([&] { parse_manifest(damaged, path); });
    CHECK((failed.says("manifest.json") || manifest_text(parse_manifest(damaged, path)) == text));
    std::vector<std::string> warnings;
    CHECK(run.newest_verified(warnings).state.step == 12);
    CHECK(standing_of(run.path()).step == 12);
  }
}

TEST_CASE("a lost best checkpoint is made again from its step file, or given up with a warning", "[io]") {
  TempFolder folder;
  RunFolder run(folder.file("run"), RunMode::fresh);
  // As after a crash between the two links: the best epoch is the newest, best.h5 is that of the one before.
  Checkpoint newest = small_checkpoint(8);
  newest.state.best_epoch = 2;
  run.save(small_checkpoint(4), true);
  run.save(newest, false);
  std::vector<std::string> warnings;
  run.mend(newest, warnings);
  CHECK(warnings.size() == 1);
  run.mend(newest, warnings);
  CHECK(warnings.size() == 1);
  CHECK(read_checkpoint(run.file("checkpoints/best.h5")).state.step == 8);

  for (const char* name : {"checkpoints/step-8.h5", "checkpoints/best.h5"}) write_file(run.file(name), "x");
  warnings.clear();
  run.mend(newest, warnings);
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Catch::Contains("best.h5") && Catch::Contains("best epoch"));
  CHECK_FALSE(fs::exists(run.file("checkpoints/best.h5")));
}

TEST_CASE("without a usable checkpoint resuming fails and lists what was tried", "[io]") {
  TempFolder folder;
  RunFolder run(folder.file("run"), RunMode::fresh);
  run.save(small_checkpoint(4), false);
  flip_byte(run.file("checkpoints/last.h5"), 3000);
  std::vector<std::string> warnings;
  const Failure failed = failure([&] { run.newest_verified(warnings); });
  CHECK(failed.code == 3);
  CHECK(failed.says("step-4.h5"));
}

TEST_CASE("a run folder that cannot be made or written to is an error with its reason", "[io]") {
  TempFolder folder;
  write_file(folder.file("file"), "x");
  const Failure blocked = failure([&] { RunFolder run(folder.file("file/run"), RunMode::fresh); });
  CHECK(blocked.code == 3);
  CHECK(blocked.says(folder.file("file/run")));
  CHECK(blocked.says("run.folder"));
}

TEST_CASE("metrics are one JSON object a line, and resuming drops later epochs and a torn line", "[io]") {
  TempFolder folder;
  RunFolder run(folder.file("run"), RunMode::fresh);
  const double undefined = std::numeric_limits<double>::quiet_NaN();
  for (int epoch = 1; epoch <= 3; ++epoch)
    run.append_metrics(
        {epoch, 10 * epoch, 0.01, 0.5, 0.25, 0.75, {0.5, undefined}, {1.5, 0.0, undefined, 2.5, undefined}},
        {"a", "b\"c"});
  append_file(run.file("metrics.jsonl"), "{\"epoch\": 3, \"st");

  run.keep_metrics_until(2, 20);
  std::istringstream lines(read_file(run.file("metrics.jsonl")));
  int epochs = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::json::parse(line);
    CHECK(record["epoch"] == ++epochs);
    CHECK(record["step"] == 10 * epochs);
    CHECK(record["learning_rate"] == 0.01);
    CHECK(record["train_loss"] == 0.5);
    CHECK(record["validation_loss"] == 0.25);
    CHECK(record["validation_mean"] == 0.75);
    CHECK(record["tasks"]["a"] == 0.5);
    CHECK(record["tasks"]["b\"c"].is_null());
    const nlohmann::json norms{{"backbone", 1.5}, {"shared", 0.0}, {"readout", 2.5}};
    CHECK(record["gradient_norms"] == norms);
  }
  CHECK(epochs == 2);
}
