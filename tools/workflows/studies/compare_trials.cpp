// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/compare_trials.h"

#include <tbb/task_arena.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>

#include "io/config/config.h"
#include "io/files/atomic_file.h"
#include "runtime/base/hash.h"
#include "runtime/base/json_field.h"
#include "runtime/base/parallel.h"
#include "runtime/base/version.h"
#include "tools/workflows/training/results.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

double number(const Json& json) { return json.is_null() ? NAN : json.get<double>(); }

TrialResult result_of(const Json& json) {
  TrialResult r;
  r.validation = number(json.at("validation"));
  r.mean = number(json.at("mean"));
  for (const Json& task : json.at("scores")) r.tasks.push_back(number(task));
  if (!json.at("argmax").is_null()) r.argmax = json.at("argmax").get<double>();
  if (json.contains("calibration"))
    for (const Json& task : json.at("calibration")) r.calibration.push_back(number(task));
  r.best_epoch = json.at("best_epoch").get<int>();
  r.steps = json.at("steps").get<std::int64_t>();
  r.seconds = json.at("seconds").get<double>();
  r.head = json.at("head").get<std::size_t>();
  r.backbone = json.at("backbone").get<std::size_t>();
  r.run_hash = json.at("run_hash").get<std::string>();
  return r;
}

std::string what_decides(const Config& config, const SplitData& split) {
  Config compared = config;
  compared.data_file.clear();
  compared.run_folder.clear();
  Sha256 hash;
  hash.update(program_version);
  hash.update(to_toml(compared));
  hash.update(split.data.hash);
  hash.update(split.data.split.data(), split.data.split.size());
  return hash.hex();
}

}  // namespace

TrialStore::TrialStore(std::string folder, int rank) : folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error || !fs::is_directory(folder_, error))
    throw data_error(folder_ + ": the folder of the comparison cannot be created: " +
                     (error ? error.message() : "there is a file of that name") +
                     "; choose another with --folder");
  require_writable(folder_);
  file_ = (fs::path(folder_) / ("runs-" + std::to_string(rank) + ".jsonl")).string();
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("runs-") || !name.ends_with(".jsonl")) continue;
    const std::string text = read_file(entry.path().string());
    std::istringstream lines(text);
    // What follows a torn line must not become a part of it.
    if (entry.path() == fs::path(file_) && !text.empty() && text.back() != '\n') append_file(file_, "\n");
    for (std::string line; std::getline(lines, line);) try {
        const Json json = parse_json<Json>(line, name);
        results_[json.at("key").get<std::string>()] = result_of(json);
      } catch (const nlohmann::json::exception&) {
        continue;  // torn by a crash: that trial runs again
      } catch (const Error&) {
        continue;
      }
  }
}

const TrialResult* TrialStore::find(const std::string& key) const {
  const auto found = results_.find(key);
  return found == results_.end() ? nullptr : &found->second;
}

void TrialStore::add(const Trial& trial, const TrialResult& r, const CompareSpec& spec) {
  static std::mutex mutex;
  Json json;
  json["key"] = trial.key;
  json["variant"] = spec.variants[trial.variant].name;
  json["split"] = trial.split;
  json["seed"] = trial.seed;
  json["point"] = trial.point;
  json["validation"] = json_number(r.validation);
  json["mean"] = json_number(r.mean);
  json["scores"] = Json::array();
  for (const double score : r.tasks) json["scores"].push_back(json_number(score));
  json["argmax"] = r.argmax ? json_number(*r.argmax) : Json(nullptr);
  json["calibration"] = Json::array();
  for (const double error : r.calibration) json["calibration"].push_back(json_number(error));
  json["best_epoch"] = r.best_epoch;
  json["steps"] = r.steps;
  json["seconds"] = r.seconds;
  json["head"] = r.head;
  json["backbone"] = r.backbone;
  json["run_hash"] = r.run_hash;
  const std::lock_guard lock(mutex);
  append_file(file_, json.dump() + "\n");
  results_[trial.key] = r;
}

Trial make_trial(const CompareSpec& spec, const SplitData& split, std::size_t split_number,
                 std::size_t variant, const std::vector<std::string>& point, std::uint64_t seed,
                 const std::vector<std::string>& overrides) {
  std::vector<std::string> set = spec.variants[variant].set;
  set.insert(set.end(), point.begin(), point.end());
  set.push_back("seed=" + std::to_string(seed));
  for (const auto& [task, reason] : spec.left_out) set.push_back("task." + task + ".in_mean=false");
  set.insert(set.end(), overrides.begin(), overrides.end());
  Trial trial{variant, split_number, point, seed, {}, {}};
  try {
    trial.config = read_config(spec.config, set);
    resolve(trial.config, split.data);
  } catch (const Error& error) {
    throw Error(error.code(), spec.file + ": variant '" + spec.variants[variant].name + "': " + error.what());
  }
  trial.key = what_decides(trial.config, split);
  return trial;
}

bool run_trials(const Ranks& ranks, const std::vector<Trial>& trials, const std::vector<SplitData>& splits,
                const CompareSpec& spec, SimdTarget target, const TrialFollower& follower,
                TrialStore& store) {
  std::vector<const Trial*> open;
  for (const Trial& trial : trials)
    if (!store.find(trial.key)) open.push_back(&trial);
  // Neighbours in the list are trials of like cost: dealing them out in turn balances the ranks.
  std::vector<const Trial*> mine;
  for (std::size_t i = 0; i < open.size(); ++i)
    if (static_cast<int>(i % static_cast<std::size_t>(ranks.size())) == ranks.rank()) mine.push_back(open[i]);

  const auto start = std::chrono::steady_clock::now();
  std::atomic<std::size_t> done{0}, next{0};
  std::mutex mutex;
  ranks.together([&] {
    run_parallel<tbb::simple_partitioner>(mine.size(), [&](std::size_t) {
      if (follower.stop && follower.stop()) return;
      const Trial& trial = *mine[next++];  // in order, whichever thread comes first
      // Inside a trial a waiting thread must not begin another one.
      const auto result = tbb::this_task_arena::isolate([&] {
        try {
          return run_trial(OneRank(), trial.config, splits[trial.split].data, target, follower.stop);
        } catch (const Error& error) {  // an error of this rank only, whatever the training took it for
          throw Error(error.code(), "variant '" + spec.variants[trial.variant].name + "', " +
                                        splits[trial.split].name + ", seed " + std::to_string(trial.seed) +
                                        ": " + error.what());
        }
      });
      if (!result) return;
      store.add(trial, *result, spec);
      const std::lock_guard lock(mutex);
      ++done;
      const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (follower.done)
        follower.done({done, mine.size(), spec.variants[trial.variant].name, splits[trial.split].name,
                       trial.seed, *result,
                       passed / static_cast<double>(done) * static_cast<double>(mine.size() - done)});
    });
  });
  std::int64_t stopped = done < mine.size() ? 1 : 0;
  ranks.max({&stopped, 1});
  // Every rank reads what all ranks wrote.
  ranks.barrier();
  ranks.together([&] {
    store = TrialStore(spec.folder, ranks.rank());
    if (stopped != 0) return;
    for (const Trial& trial : trials)
      if (!store.find(trial.key))
        throw data_error(spec.folder +
                         ": expected the results of all ranks, found some missing; the folder must be "
                         "one that all ranks share");
  });
  return stopped == 0;
}

}  // namespace qmtl
