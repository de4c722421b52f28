// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/compare.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>

#include "io/config/config.h"
#include "io/files/atomic_file.h"
#include "tools/workflows/training/load.h"

namespace qmtl {
namespace {

/// Fewer trials of the same comparison.
void cut(CompareSpec& spec, const CompareRequest& request) {
  std::size_t seeds = request.seeds;
  if (seeds == 0 && request.quick) seeds = 1;
  if (seeds > 0 && seeds < spec.seeds.size()) spec.seeds.resize(seeds);
  spec.tune_seeds = std::min(spec.tune_seeds, spec.seeds.size());
  if (request.quick) spec.grid.clear();
  if (!request.folder.empty()) spec.folder = request.folder;
  if (request.variants.empty()) return;
  std::vector<VariantSpec> kept;
  for (const std::string& wanted : request.variants) {
    const auto found = std::find_if(spec.variants.begin(), spec.variants.end(),
                                    [&](const VariantSpec& v) { return v.name == wanted; });
    if (found == spec.variants.end())
      throw usage_error("--variants: " + spec.file + " has no variant '" + wanted + "'");
    kept.push_back(*found);
  }
  spec.variants = kept;
  if (std::none_of(kept.begin(), kept.end(), [&](const VariantSpec& v) { return v.name == spec.reference; }))
    spec.reference = kept.front().name;
}

std::vector<SplitData> load_splits(const Ranks& ranks, const CompareSpec& spec, const Config& config,
                                   const CompareRequest& request) {
  std::vector<SplitData> splits;
  const Dataset data = load_dataset(ranks, config.data_file);
  ranks.together([&] {
    for (NamedSplit& split : make_splits(data, spec.splits)) {
      splits.push_back({split.name, data});
      splits.back().data.split = std::move(split.split);
    }
    const std::size_t most = request.quick ? 2 : request.splits;
    if (most > 0 && most < splits.size()) splits.resize(most);
    for (const SplitData& split : splits)
      for (const Split part : {Split::train, Split::validation, Split::test})
        if (split.data.rows(part).empty())
          throw data_error(spec.file + ": splits: " + split.name + " leaves a part without rows");
  });
  return splits;
}

/// All trials of the variants: every point of the grid with the first tune_seeds seeds, or for each variant
/// and split the point of `choice` with all seeds.
std::vector<Trial> list_trials(const CompareSpec& spec, const std::vector<SplitData>& splits,
                               const std::vector<std::string>& overrides,
                               const std::vector<std::vector<std::string>>* choice) {
  std::vector<Trial> trials;
  std::map<std::pair<std::size_t, std::vector<std::string>>, std::string> plans;
  const auto points = spec.points();
  for (std::size_t v = 0; v < spec.variants.size(); ++v)
    for (std::size_t s = 0; s < splits.size(); ++s) {
      const std::size_t seeds = choice ? spec.seeds.size() : spec.tune_seeds;
      std::vector<std::vector<std::string>> tried = points;
      if (choice) tried = {(*choice)[v * splits.size() + s]};
      for (std::size_t i = 0; i < seeds; ++i)
        for (const auto& point : tried) {
          // Splits and seeds do not change how a circuit is planned, and planning a wide one takes its time.
          std::string& plan = plans[{v, point}];
          std::vector<std::string> set;
          if (!plan.empty()) set.push_back("engine.plan=" + plan);
          set.insert(set.end(), overrides.begin(), overrides.end());
          trials.push_back(make_trial(spec, splits[s], s, v, point, spec.seeds[i], set));
          plan = trials.back().config.model.plan;
        }
    }
  return trials;
}

/// For each variant and split the point with the best mean validation score over the tuning seeds; of equals
/// the first.
std::vector<std::vector<std::string>> choose(const CompareSpec& spec, std::size_t splits,
                                             const std::vector<Trial>& tuning, const TrialStore& store) {
  std::vector<std::vector<std::string>> choice;
  const auto points = spec.points();
  const std::size_t each = points.size() * spec.tune_seeds;
  for (std::size_t i = 0; i < spec.variants.size() * splits; ++i) {
    std::size_t best = 0;
    double best_score = -INFINITY;
    for (std::size_t p = 0; p < points.size(); ++p) {
      double score = 0;
      for (std::size_t s = 0; s < spec.tune_seeds; ++s)
        score += store.find(tuning[i * each + s * points.size() + p].key)->validation;
      if (score > best_score) {
        best_score = score;
        best = p;
      }
    }
    choice.push_back(points[best]);
  }
  return choice;
}

CompareResult collect(const CompareSpec& spec, const std::vector<SplitData>& splits,
                      const std::vector<Trial>& trials, const TrialStore& store) {
  const ModelSpec& model = trials.front().config.model;
  CompareResult result{spec, splits, model.tasks, {}, {}};
  for (const SplitData& split : splits)
    result.baselines.push_back(baseline_scores(model, split.data, split.data, split.data.rows(Split::test)));
  const std::size_t each = splits.size() * spec.seeds.size();
  for (std::size_t v = 0; v < spec.variants.size(); ++v) {
    VariantResult& variant = result.variants.emplace_back();
    for (std::size_t i = 0; i < each; ++i) {
      const Trial& trial = trials[v * each + i];
      variant.runs.push_back({&trial, *store.find(trial.key)});
    }
  }
  return result;
}

}  // namespace

CompareOutcome compare_variants(const Ranks& ranks, const CompareRequest& request,
                                const TrialFollower& follower) {
  CompareSpec spec;
  Config config;
  ranks.together([&] {
    spec = read_compare_file(request.file);
    cut(spec, request);
    config = read_config(spec.config, request.overrides);
  });
  const auto watched = ranks.watch(config.watchdog, Doing::other);
  CompareOutcome outcome;
  outcome.folder = spec.folder;
  const auto splits = load_splits(ranks, spec, config, request);
  std::unique_ptr<TrialStore> store;
  std::vector<Trial> trials;
  ranks.together([&] {
    store = std::make_unique<TrialStore>(spec.folder, ranks.rank());
    trials = list_trials(spec, splits, request.overrides, nullptr);
  });
  const auto run = [&] { return run_trials(ranks, trials, splits, spec, request.simd, follower, *store); };
  outcome.stopped = !run();
  if (outcome.stopped) return outcome;
  ranks.together([&] {
    const auto choice = choose(spec, splits.size(), trials, *store);
    trials = list_trials(spec, splits, request.overrides, &choice);
  });
  outcome.stopped = !run();
  if (outcome.stopped) return outcome;
  ranks.together([&] {
    if (!ranks.root()) return;
    const CompareResult result = collect(spec, splits, trials, *store);
    outcome.json = compare_json(result);
    outcome.table = compare_markdown(result);
    const std::filesystem::path folder(spec.folder);
    write_file((folder / "compare.json").string(), outcome.json.dump(1) + "\n");
    write_file((folder / "table.md").string(), outcome.table);
  });
  return outcome;
}

}  // namespace qmtl
