// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>

#include "distributed/watchdog.h"
#include "io/files/atomic_file.h"
#include "io/config/config.h"
#include "tools/program/commands.h"
#include "tools/workflows/studies/compare_results.h"
#include "distributed/launch/cores.h"
#include "tools/workflows/training/load.h"
#include "tools/program/options.h"
#include "tools/program/signals.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl compare FILE [options]",
    "Trains several heads (or variants of one) on the same splits and seeds, each tuned over the same grid "
    "on the\n"
    "validation rows, and compares them on the test rows: means, paired differences with intervals, "
    "parameters, time.\n"
    "Trials are spread over ranks and threads; what is done stays in the folder, and the same command goes "
    "on from "
    "there.\nWrites compare.json and table.md. io/FORMATS.md describes FILE.",
    "  qmtl compare benchmarks/digits/compare.toml\n"
    "  mpirun -n 4 --bind-to none qmtl compare benchmarks/ctg2/compare.toml --quick --folder /tmp/try"};

/// --splits, --seeds and --quick: fewer trials of the same comparison.
void cut(CompareSpec& spec, const Options& options) {
  const bool quick = options.has("quick");
  int seeds = options.values["seeds"].as<int>();
  if (seeds < 0)
    throw usage_error("--seeds: expected a number of at least 1, found " + std::to_string(seeds));
  if (const int splits = options.values["splits"].as<int>(); splits < 0)
    throw usage_error("--splits: expected a number of at least 1, found " + std::to_string(splits));
  if (seeds == 0 && quick) seeds = 1;
  if (seeds > 0 && static_cast<std::size_t>(seeds) < spec.seeds.size())
    spec.seeds.resize(static_cast<std::size_t>(seeds));
  spec.tune_seeds = std::min(spec.tune_seeds, spec.seeds.size());
  if (quick) spec.grid.clear();
  if (options.has("folder")) spec.folder = options.text("folder");
  if (!options.has("variants")) return;
  std::vector<VariantSpec> kept;
  std::string list = options.text("variants") + ",";
  for (std::size_t at = 0; at < list.size(); at = list.find(',', at) + 1) {
    const std::string wanted = list.substr(at, list.find(',', at) - at);
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

std::vector<SplitData> load_splits(const Comm& comm, const CompareSpec& spec, const Config& config,
                                   const Options& options) {
  std::vector<SplitData> splits;
  const Dataset data = load_dataset(comm, config.data_file);
  comm.together([&] {
    for (NamedSplit& split : make_splits(data, spec.splits)) {
      splits.push_back({split.name, data});
      splits.back().data.split = std::move(split.split);
    }
    const auto most = static_cast<std::size_t>(options.has("quick") ? 2 : options.values["splits"].as<int>());
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
  CompareResult result{spec, splits, trials.front().config.model.tasks, {}};
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

int stopped(const Comm& comm, const CompareSpec& spec) {
  if (comm.root())
    std::cerr << "qmtl: stopped; finished trials are in " << spec.folder << ", the same command goes on\n";
  return static_cast<int>(Exit::interrupted);
}

}  // namespace

int compare_command(const Comm& comm, const Arguments& args) {
  po::options_description own("Options of compare");
  own.add_options()("folder", po::value<std::string>()->value_name("DIR"), "where results are kept")(
      "splits", po::value<int>()->default_value(0), "only the first N splits")(
      "seeds", po::value<int>()->default_value(0), "only the first N seeds")(
      "variants", po::value<std::string>()->value_name("A,B"), "only these variants")(
      "quick", "two splits, one seed, no tuning: does everything work?");
  const auto options = parse_options(comm, usage, own, {"file"}, {"file"}, args);
  if (!options) return 0;
  catch_stop_signals();
  const ThreadLimit threads(find_cores(comm), options->common.threads);
  CompareSpec spec;
  Config config;
  comm.together([&] {
    spec = read_compare_file(options->text("file"));
    cut(spec, *options);
    config = read_config(spec.config, options->common.set);
  });
  const Watchdog watchdog(comm, config.watchdog, Doing::other);
  const auto splits = load_splits(comm, spec, config, *options);
  std::unique_ptr<TrialStore> store;
  std::vector<Trial> trials;
  comm.together([&] {
    store = std::make_unique<TrialStore>(spec.folder, comm.rank());
    trials = list_trials(spec, splits, options->common.set, nullptr);
  });
  const auto run = [&] {
    return run_trials(comm, trials, splits, spec, options->common.simd, options->common.quiet, *store);
  };
  if (!run()) return stopped(comm, spec);
  comm.together([&] {
    const auto choice = choose(spec, splits.size(), trials, *store);
    trials = list_trials(spec, splits, options->common.set, &choice);
  });
  if (!run()) return stopped(comm, spec);
  comm.together([&] {
    if (!comm.root()) return;
    const CompareResult result = collect(spec, splits, trials, *store);
    const auto json = compare_json(result);
    const std::filesystem::path folder(spec.folder);
    write_file((folder / "compare.json").string(), json.dump(1) + "\n");
    write_file((folder / "table.md").string(), compare_markdown(result));
    if (options->common.json)
      std::cout << json.dump(2) << std::endl;
    else
      std::cout << compare_markdown(result) << std::flush;
  });
  return 0;
}

}  // namespace qmtl
