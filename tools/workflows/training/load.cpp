// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/load.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "io/config/noise_file.h"
#include "io/data/dataset.h"
#include "io/data/match_data.h"
#include "runtime/noise/noisy_plan.h"
#include "runtime/train/loop/serialise.h"
#include "runtime/train/transfer.h"

namespace qmtl {
namespace fs = std::filesystem;

Dataset load_dataset(const Ranks& ranks, const std::string& path) {
  const bool here = fs::exists(fs::path(path));
  std::int64_t absent = here ? 0 : 1;
  ranks.max({&absent, 1});
  Dataset data;
  // Rank 0 must have the file; its error is the clearest.
  ranks.together([&] {
    if (here || ranks.root()) data = read_dataset(path);
  });
  if (absent != 0) {
    const std::string bytes = ranks.broadcast(ranks.root() ? to_bytes(data) : std::string());
    ranks.together([&] {
      if (!here) data = dataset_from_bytes(bytes);
    });
  }
  ranks.require_equal("the data set " + path, data.hash);
  return data;
}

Dataset load_training_data(const Ranks& ranks, const std::string& path, double memory) {
  std::int64_t whole = fs::exists(fs::path(path)) ? 0 : 1;  // or it goes from rank 0 to all
  ranks.max({&whole, 1});
  ranks.together([&] {
    if (whole == 0 && (memory == 0 || static_cast<double>(input_bytes(path)) <= memory * 1e6)) whole = 1;
  });
  ranks.max({&whole, 1});
  if (whole != 0) return load_dataset(ranks, path);

  // The first rank of every node makes the file and the others open it; then nobody needs its name.
  std::vector<std::string> hosts = ranks.gather(ranks.host());
  const auto writer =
      static_cast<std::size_t>(std::find(hosts.begin(), hosts.end(), ranks.host()) - hosts.begin());
  const bool write = writer == static_cast<std::size_t>(ranks.rank());
  Dataset data;
  std::optional<RowFile> rows;
  ranks.together([&] {
    if (!write) return;
    const char* folder = std::getenv("TMPDIR");
    rows.emplace(RowFile::create(folder && *folder ? folder : "/tmp"));
    data = read_dataset_rows(path, *rows, true);
  });
  const std::vector<std::string> paths = ranks.gather(write && rows ? rows->path() : std::string());
  ranks.together([&] {
    if (write) return;
    rows.emplace(RowFile::open(paths[writer]));
    data = read_dataset_rows(path, *rows, false);
  });
  if (write) rows->forget();
  ranks.require_equal("the data set " + path, data.hash);
  return data;
}

void choose_run_folder(Config& config) {
  if (config.run_folder.empty()) config.run_folder = "runs/" + fs::path(config.file).stem().string();
}

Split parse_split(const std::string& text) {
  if (text == "train") return Split::train;
  if (text == "validation") return Split::validation;
  if (text == "test") return Split::test;
  throw usage_error("--split: expected train, validation or test, found '" + text + "'");
}

std::string checkpoint_file(const std::string& path) {
  if (!fs::is_directory(path)) return path;
  for (const char* name : {"best.h5", "last.h5"})
    for (const char* folder : {"checkpoints", "."})
      if (const fs::path file = fs::path(path) / folder / name; fs::exists(file))
        return file.lexically_normal();
  throw data_error(path +
                   ": expected a checkpoint file or a run folder with checkpoints/best.h5, found a folder " +
                   "without checkpoints; train first, or name the file");
}

Checkpoint load_checkpoint(const Ranks& ranks, const std::string& path) {
  Checkpoint checkpoint;
  ranks.together([&] { checkpoint = read_checkpoint(checkpoint_file(path)); });
  ranks.require_equal("the checkpoint " + path, checkpoint.content_hash);
  return checkpoint;
}

Dataset load_dataset_for(const Ranks& ranks, const Checkpoint& checkpoint, const std::string& path) {
  Dataset data = load_dataset(ranks, path);
  fit_to_model(ranks, checkpoint, path, data);
  return data;
}

void fit_to_model(const Ranks& ranks, const Checkpoint& checkpoint, const std::string& path, Dataset& data,
                  bool say) {
  const ModelSpec& spec = checkpoint.config.model;
  ranks.together([&] {
    complete_tasks(data, finished_tasks(spec));
    // The very data that it was trained on: names may have been mended since, numbers not.
    if (data.hash == checkpoint.data_hash) return adopt_meaning(data, checkpoint.meaning);
    const MatchReport report = match_data(data, spec, checkpoint.meaning, path);
    if (!ranks.root() || !say) return;
    for (const std::string& note : report.notes) spdlog::info("{}", note);
    for (const std::string& doubt : report.doubts) spdlog::warn("{}", doubt);
  });
}

bool is_dataset(const Ranks& ranks, const std::string& path) {
  std::string kind;
  ranks.together([&] {
    if (ranks.root() && is_own_file(path)) kind = "data set";
  });
  return !ranks.broadcast(kind).empty();
}

Dataset load_samples(const Ranks& ranks, const Checkpoint& checkpoint, const NewSamples& given) {
  if (is_dataset(ranks, given.file)) return load_dataset_for(ranks, checkpoint, given.file);
  Dataset data;
  ranks.together([&] {
    FoundSamples found = read_new_samples(given, checkpoint.config.model, checkpoint.meaning,
                                          checkpoint.statistics.inputs, true);
    if (ranks.root()) say_found(given.file, found, true);
    data = std::move(found.data);
  });
  fit_to_model(ranks, checkpoint, given.file, data);
  ranks.together([&] { complete_tasks(data, checkpoint.config.model.tasks); });
  return data;
}

void say_found(const std::string& file, const FoundSamples& found, bool uses) {
  if (uses)
    for (const ColumnUse& use : found.uses)
      spdlog::info("{}: {}: {}", file, use.use, listed_names(use.columns));
  for (const std::string& note : found.notes) spdlog::warn("{}", note);
}

NoiseModel load_noise(const std::string& path) {
  NoiseModel model = read_noise(path);
  for (const std::string& warning : model.warnings) spdlog::warn("{}", warning);
  return model;
}

TrainingDevice training_device(const TrainSpec& train) {
  if (train.noise.empty()) return {};
  NoiseModel model = parse_training_noise(train.noise);
  for (const std::string& warning : model.warnings) spdlog::warn("train.noise: {}", warning);
  return noisy_training(std::move(model), NoisyTraining::automatic, train.trajectories);
}

std::unique_ptr<Predictor> load_predictor(const Ranks& ranks, const Checkpoint& checkpoint,
                                          SimdTarget target) {
  std::unique_ptr<Predictor> predictor;
  ranks.together([&] { predictor = make_predictor(trained_model(checkpoint), target); });
  require_equal_rounding(ranks, predictor->target());
  return predictor;
}

std::unique_ptr<Learner> restore(const Ranks& ranks, const Checkpoint& checkpoint, const Dataset& data,
                                 SimdTarget target, const TrainingDevice& device) {
  std::unique_ptr<Learner> learner;
  ranks.together([&] {
    learner = make_learner(checkpoint.config.model, checkpoint.config.train, data, checkpoint.statistics,
                           target, device);
    if (learner->params() != checkpoint.params)
      throw data_error(
          "expected the parameters that the checkpoint's configuration makes, found others: the file was "
          "written by another program version (" +
          checkpoint.program_version + "); use that one");
    learner->bind(checkpoint.state.params);
  });
  require_equal_rounding(ranks, learner->target());
  return learner;
}

void require_equal_rounding(const Ranks& ranks, SimdTarget target) {
  ranks.require_equal("the use of fused multiply-adds (--simd scalar: none on any processor)",
                      std::string(rounding_of(target)));
}

}  // namespace qmtl
