// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>

#include "io/files/atomic_file.h"
#include "tests/io/common.h"
#include "tests/train/toy.h"
#include "tools/workflows/studies/compare.h"
#include "tools/workflows/training/forecast.h"
#include "tools/workflows/training/predict.h"
#include "tools/workflows/training/score.h"
#include "tools/workflows/training/train.h"

using namespace qmtl;

namespace {

const OneRank one_rank;

/// A folder with toy.h5 and train.toml, which names it and leaves the run folder open.
struct Place : test::TempFolder {
  Place() {
    Dataset data = toy::dataset(150);
    for (std::size_t row = 2; row < data.samples; row += 3) data.split[row] = 2;  // test
    write_dataset(file("toy.h5"), data);
    write_file(config(), "seed = 3\n[data]\nfile = \"" + file("toy.h5") +
                             "\"\n[backbone]\nlayers = [{ type = \"dense\", width = 6 }]\n[circuit]\n"
                             "qubits = 5\nlayers = 1\n[block]\nsize = 3\nstride = 1\n[train]\nepochs = 3\n"
                             "batch = 20\n[distributed]\nshard = 16\n");
  }
  std::string config() const { return file("train.toml"); }
  TrainRequest request(const std::string& run) const {
    TrainRequest made{.config = config(), .overrides = {"run.folder=\"" + file(run) + "\""}};
    return made;
  }
};

/// Asks for a stop when it is asked for the n-th time.
std::function<bool()> stop_at(int n) {
  return [n, asked = 0]() mutable { return ++asked == n; };
}

}  // namespace

TEST_CASE("a training that is stopped and resumed ends with the hash and scores of an undisturbed one",
          "[workflows]") {
  const Place place;
  int epochs = 0;
  TrainFollower follower;
  follower.epoch = [&](const EpochRecord&, bool) { ++epochs; };
  const TrainOutcome whole = train_run(one_rank, place.request("whole"), follower);
  CHECK(epochs == 3);
  CHECK_FALSE(whole.report.interrupted);
  CHECK(whole.model.tasks.size() == 4);

  TrainRequest request = place.request("halves");
  const TrainOutcome stopped = train_run(one_rank, request, {.stop = stop_at(4)});
  CHECK(stopped.report.interrupted);
  CHECK(stopped.report.steps < whole.report.steps);
  CHECK(stopped.report.run_hash != whole.report.run_hash);
  request.mode = RunMode::resume;
  const TrainOutcome resumed = train_run(one_rank, request, {});
  CHECK(resumed.report.run_hash == whole.report.run_hash);
  CHECK(resumed.report.scores.tasks == whole.report.scores.tasks);

  const EvalOutcome scored =
      score_checkpoint(one_rank, {.checkpoint = place.file("halves"), .split = "validation"});
  CHECK(scored.report.scores.tasks == whole.report.scores.tasks);
  const PredictOutcome predicted =
      predict_file(one_rank, {place.file("whole"), {.file = place.file("toy.h5")}, place.file("out.csv")});
  CHECK(predicted.samples == 150);
  CHECK(predicted.run_hash == whole.report.run_hash);
  std::ifstream table(place.file("out.csv"));
  std::size_t lines = 0;
  for (std::string line; std::getline(table, line);) ++lines;
  CHECK(lines == 151);
}

TEST_CASE("a run that is there is neither trained again nor resumed with another model", "[workflows]") {
  const Place place;
  TrainRequest request = place.request("run");
  request.overrides.push_back("train.epochs=1");
  train_run(one_rank, request, {});
  CHECK(test::failure([&] { train_run(one_rank, request, {}); }).code == static_cast<int>(Exit::usage));
  request.mode = RunMode::resume;
  request.overrides.push_back("circuit.layers=2");
  CHECK(test::failure([&] { train_run(one_rank, request, {}); }).says("expected the settings that the run"));
}

TEST_CASE("a forecast of a training shares its units among the ranks and writes nothing", "[workflows]") {
  const Place place;
  const auto job = prepare_training(one_rank, place.request("none"));
  const Forecast found = forecast_run(one_rank, *job, RankResources{.host = "here", .cores = "0"}, 3);
  REQUIRE(found.ranks.size() == 3);
  std::size_t at = 0;
  for (const Portion& portion : found.ranks) {
    CHECK(portion.units.begin == at);
    at = portion.units.end;
  }
  CHECK(at == found.units);
  CHECK_FALSE(std::filesystem::exists(place.file("none")));
}

TEST_CASE("a comparison that is stopped goes on with the trials that are left, to the same results",
          "[workflows]") {
  const Place place;
  write_file(
      place.file("compare.toml"),
      "title = \"toy\"\nconfig = \"train.toml\"\nfolder = \"runs\"\nseeds = [1, 2]\nreference = \"qmtl\"\n"
      "[splits]\nkind = \"resplits\"\ncount = 2\nfractions = [0.6, 0.2, 0.2]\n[tune]\n"
      "grid = { \"train.learning_rate\" = [1e-2] }\n[[variant]]\nname = \"qmtl\"\n[[variant]]\n"
      "name = \"linear\"\nset = { \"head.kind\" = \"linear\", \"head.width\" = 5 }\n");
  using Key = std::tuple<std::string, std::string, std::uint64_t>;
  std::map<Key, std::string> whole, parts;
  const auto into = [](std::map<Key, std::string>& found) {
    return [&found](const TrialProgress& at) {
      CHECK(found.emplace(Key{at.variant, at.split, at.seed}, at.result.run_hash).second);
    };
  };
  CompareRequest request{.file = place.file("compare.toml"), .folder = place.file("whole")};
  const CompareOutcome undisturbed = compare_variants(one_rank, request, {{}, into(whole)});
  CHECK_FALSE(undisturbed.stopped);
  CHECK(undisturbed.table.find("linear") != std::string::npos);
  CHECK(whole.size() == 8);

  request.folder = place.file("parts");
  std::atomic<bool> enough{false};  // asked by every thread that trains
  const auto first = into(parts);
  const CompareOutcome stopped = compare_variants(one_rank, request,
                                                  {[&] { return enough.load(); },
                                                   [&](const TrialProgress& at) {
                                                     first(at);
                                                     enough = true;
                                                   }});
  CHECK(stopped.stopped);
  CHECK(parts.size() < whole.size());
  CHECK_FALSE(compare_variants(one_rank, request, {{}, into(parts)}).stopped);
  CHECK(parts == whole);
}
