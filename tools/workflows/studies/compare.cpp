// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/compare.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <numeric>

#include "io/config/config.h"
#include "io/files/atomic_file.h"
#include "tools/workflows/studies/compare_answers.h"
#include "tools/workflows/studies/compare_design.h"
#include "tools/workflows/training/load.h"

namespace qmtl {

using Json = nlohmann::ordered_json;

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
  std::erase_if(spec.questions, [&](const QuestionSpec& question) {
    const auto lacks = [&](const std::string& name) {
      return std::none_of(kept.begin(), kept.end(), [&](const VariantSpec& v) { return v.name == name; });
    };
    return lacks(question.of) || std::any_of(question.against.begin(), question.against.end(), lacks);
  });
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

using Points = std::vector<std::vector<std::string>>;

/// A round of trainings: for each variant and split its points, each with the first so many seeds.
struct Round {
  std::vector<Points> points;  ///< [variants x splits]
  std::size_t seeds = 1;
  std::vector<std::string> set;  ///< of all of them
};

/// In the order of variants, splits, seeds and points.
std::vector<Trial> list_trials(const CompareSpec& spec, const std::vector<SplitData>& splits,
                               const std::vector<std::string>& overrides, const Round& round) {
  std::vector<Trial> trials;
  std::map<std::pair<std::size_t, std::vector<std::string>>, std::string> plans;
  for (std::size_t v = 0; v < spec.variants.size(); ++v)
    for (std::size_t s = 0; s < splits.size(); ++s)
      for (std::size_t i = 0; i < round.seeds; ++i)
        for (const auto& point : round.points[v * splits.size() + s]) {
          // Splits and seeds do not change how a circuit is planned, and planning a wide one takes its time.
          std::string& plan = plans[{v, point}];
          std::vector<std::string> set;
          if (!plan.empty()) set.push_back("engine.plan=" + plan);
          set.insert(set.end(), overrides.begin(), overrides.end());
          set.insert(set.end(), round.set.begin(), round.set.end());
          trials.push_back(make_trial(spec, splits[s], s, v, point, spec.seeds[i], set));
          plan = trials.back().config.model.plan;
        }
  return trials;
}

/// For each variant and split the so many points with the best mean validation score over the round's seeds,
/// in the grid's order; of equals the first.
std::vector<Points> best_points(const Round& round, const std::vector<Trial>& trials, const TrialStore& store,
                                const std::function<std::size_t(std::size_t)>& kept) {
  std::vector<Points> best;
  const Trial* trial = trials.data();
  for (const Points& points : round.points) {
    std::vector<double> scores(points.size(), 0.0);
    for (std::size_t s = 0; s < round.seeds; ++s)
      for (double& score : scores) score += store.find((trial++)->key)->validation;
    std::vector<std::size_t> order(points.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // A score that is no number is the worst.
    const auto value = [&](std::size_t i) { return std::isnan(scores[i]) ? -INFINITY : scores[i]; };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return value(a) > value(b); });
    order.resize(kept(points.size()));
    std::sort(order.begin(), order.end());
    Points& chosen = best.emplace_back();
    for (std::size_t i : order) chosen.push_back(points[i]);
  }
  return best;
}

/// What rung `rung` trains for, of the epochs of the last one.
int rung_epochs(const CompareSpec& spec, int rung, int epochs) {
  const double share = std::pow(spec.keep, spec.rungs - 1 - rung);
  return std::max(1, static_cast<int>(std::ceil(share * epochs - 1e-9)));
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

namespace {

std::string status_markdown(const Registration& registration, const std::string& hash) {
  if (registration.confirmatory)
    return "**Confirmatory**: this design was registered (" + registration.reason + ": " + hash + ").\n\n";
  return "**Exploratory**, no confirmation: " + registration.reason + ".\n\n";
}

Json registration_json(const Registration& registration, const std::string& hash) {
  return {{"hash", hash},
          {"status", registration.confirmatory ? "confirmatory" : "exploratory"},
          {"reason", registration.reason}};
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
  const auto splits = load_splits(ranks, spec, config, request);
  Json design;
  std::string hash;
  Registration registration;
  ranks.together([&] {
    design = design_json(spec, config, splits.front().data.hash, splits.size());
    hash = design_hash(design);
    registration = find_registration(spec, hash);
    if (request.confirm && !registration.confirmatory)
      throw usage_error("--confirm: expected a design that was registered beforehand, found another: " +
                        registration.reason + "; register it, or leave --confirm out");
  });
  if (request.design) {
    outcome.json = registration_json(registration, hash);
    outcome.json["design"] = design;
    outcome.table = hash + "\n" + status_markdown(registration, hash);
    return outcome;
  }
  outcome.folder = spec.folder;
  std::unique_ptr<TrialStore> store;
  std::vector<Trial> trials;
  Round round{std::vector<Points>(spec.variants.size() * splits.size(), spec.points()), spec.tune_seeds, {}};
  ranks.together([&] { store = std::make_unique<TrialStore>(spec.folder, ranks.rank()); });
  // The rungs of the tuning, then the best of the last one with all seeds.
  for (int rung = 0; rung <= spec.rungs; ++rung) {
    ranks.together([&] {
      if (rung > 0) {
        const bool last = rung == spec.rungs;
        round.points = best_points(round, trials, *store, [&](std::size_t points) {
          const auto kept =
              static_cast<std::size_t>(std::ceil(spec.keep * static_cast<double>(points) - 1e-9));
          return last ? std::size_t{1} : std::max<std::size_t>(1, kept);
        });
        if (last) round.seeds = spec.seeds.size();
      }
      round.set.clear();
      if (rung + 1 < spec.rungs)
        round.set.push_back("train.epochs=" + std::to_string(rung_epochs(spec, rung, config.train.epochs)));
      trials = list_trials(spec, splits, request.overrides, round);
    });
    outcome.stopped = !run_trials(ranks, trials, splits, spec, request.simd, follower, *store);
    if (outcome.stopped) return outcome;
  }
  ranks.together([&] {
    if (!ranks.root()) return;
    const CompareResult result = collect(spec, splits, trials, *store);
    outcome.json = compare_json(result);
    outcome.table = compare_markdown(result);
    if (!spec.questions.empty() || !spec.registered.empty()) {
      const auto answers = answer_questions(result);
      outcome.json["design"] = registration_json(registration, hash);
      outcome.json["questions"] = answers_json(result, answers);
      outcome.table = status_markdown(registration, hash) + answers_markdown(result, answers) + outcome.table;
    }
    const std::filesystem::path folder(spec.folder);
    write_file((folder / "compare.json").string(), outcome.json.dump(1) + "\n");
    write_file((folder / "table.md").string(), outcome.table);
  });
  return outcome;
}

}  // namespace qmtl
