// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/scale.h"

#include <malloc.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "io/config/config.h"
#include "io/files/atomic_file.h"
#include "runtime/train/subsets.h"
#include "tools/workflows/studies/scale_results.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/trial.h"

namespace qmtl {
namespace {

/// The process's largest resident set since the last reset, in bytes (Linux).
std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  return -1;
}
/// Memory that earlier models left free would count as used.
void reset_peak_memory() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << 5;
}

ScaleSpec spec_of(const ScaleRequest& request) {
  ScaleSpec spec = read_scale_file(request.file);
  if (!request.folder.empty()) spec.folder = request.folder;
  const auto keep = [](std::vector<int>& numbers, int most) {
    std::erase_if(numbers, [most](int n) { return n > most; });
  };
  if (request.count_only) spec.trained.clear();
  if (request.quick) {
    keep(spec.counted, 64);
    keep(spec.trained, 8);
  }
  std::filesystem::create_directories(spec.folder);
  require_writable(spec.folder);
  return spec;
}

class Study {
 public:
  Study(const Ranks& ranks, const ScaleSpec& spec, const Dataset& data, std::vector<std::string> overrides,
        SimdTarget simd)
      : ranks_(ranks), spec_(spec), data_(data), overrides_(std::move(overrides)), simd_(simd) {}

  CountedModel count(std::size_t v, int tasks) const {
    CountedModel model;
    ranks_.together([&] { model = make(v, tasks, tasks_of(tasks)).size; });
    if (ranks_.root())
      spdlog::info("{} T {}: {} head parameters of {}", spec_.variants[v].name, model.tasks,
                   model.parameters.head, model.parameters.head + model.parameters.backbone);
    return model;
  }

  /// Nothing when a stop was asked for.
  std::optional<ScaleTrial> train(std::size_t v, int tasks, const std::function<bool()>& stop) const {
    ranks_.here().enter(Doing::other);
    reset_peak_memory();
    Dataset data;
    Made made;
    ranks_.together([&] {
      data = tasks_of(tasks);
      made = make(v, tasks, data);
    });
    const auto result = run_trial(ranks_, made.config, data, simd_, stop);
    if (!result) return std::nullopt;
    const double seconds = result->seconds / static_cast<double>(std::max<std::int64_t>(1, result->steps));
    if (ranks_.root())
      spdlog::info("{} T {}: accuracy {:.4f}, {:.2f} ms a step", spec_.variants[v].name, tasks, result->mean,
                   seconds * 1e3);
    return ScaleTrial{made.size, result->mean, seconds, peak_memory(), result->run_hash};
  }

 private:
  struct Made {
    Config config;
    CountedModel size;
  };

  Dataset tasks_of(int tasks) const {
    return class_subsets(data_, static_cast<std::size_t>(tasks), spec_.seed);
  }

  Made make(std::size_t v, int tasks, const Dataset& data) const {
    const ScaleVariant& variant = spec_.variants[v];
    const int width = tasks * spec_.per_task;
    std::vector<std::string> set = variant.set;
    set.push_back("circuit.qubits=" + std::to_string(width));
    set.insert(set.end(), overrides_.begin(), overrides_.end());
    Made made;
    try {
      made.config = read_config(spec_.config, set);
      if (!head_kind(made.config.model.head.kind).circuit()) made.config.model.head.width = width;
      resolve(made.config, data);
      const auto learner = make_learner(made.config.model, made.config.train, data,
                                        standardise(data, made.config.model, made.config.standardise), simd_);
      made.size = {v, tasks, made.config.model.head.width, count_parameters(learner->params())};
    } catch (const Error& error) {
      throw Error(error.code(), spec_.file + ": variant '" + variant.name + "' with " +
                                    std::to_string(tasks) + " tasks: " + error.what());
    }
    return made;
  }

  const Ranks& ranks_;
  const ScaleSpec& spec_;
  const Dataset& data_;
  std::vector<std::string> overrides_;
  SimdTarget simd_;
};

}  // namespace

ScaleOutcome study_scale(const Ranks& ranks, const ScaleRequest& request, const std::function<bool()>& stop) {
  ScaleSpec spec;
  Config config;
  std::vector<std::string> overrides = request.overrides;
  if (request.quick) overrides.push_back("train.epochs=2");
  ranks.together([&] {
    spec = spec_of(request);
    config = read_config(spec.config, overrides);
  });
  const auto watched = ranks.watch(config.watchdog, Doing::other);
  const Dataset data = load_dataset(ranks, config.data_file);
  const Study study(ranks, spec, data, overrides, request.simd);
  ScaleResult result;
  for (std::size_t v = 0; v < spec.variants.size(); ++v)
    for (const int tasks : spec.counted)
      if (tasks <= spec.variants[v].counted_to) result.counted.push_back(study.count(v, tasks));
  result.slopes = fit_slopes(spec, result.counted);
  ScaleOutcome outcome{.folder = spec.folder};
  for (std::size_t v = 0; v < spec.variants.size(); ++v)
    for (const int tasks : spec.trained) {
      if (tasks > spec.variants[v].trained_to) continue;
      std::optional<ScaleTrial> trial = study.train(v, tasks, stop);
      if (!trial) {
        outcome.stopped = true;
        return outcome;
      }
      result.trained.push_back(std::move(*trial));
    }
  outcome.json = scale_json(spec, result);
  outcome.table = scale_table(spec, result);
  ranks.together([&] {
    if (!ranks.root()) return;
    const std::filesystem::path folder(spec.folder);
    write_file((folder / "scale.json").string(), outcome.json.dump(1) + "\n");
    write_file((folder / "table.md").string(), outcome.table);
  });
  return outcome;
}

}  // namespace qmtl
