// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "io/config/compare_file.h"
#include "runtime/engine/engine.h"
#include "runtime/model/data.h"
#include "runtime/train/loop/ranks.h"
#include "tools/workflows/training/trial.h"

namespace qmtl {

/// One training of a comparison.
struct Trial {
  std::size_t variant = 0, split = 0;
  std::vector<std::string> point;  ///< the grid's values, as overrides
  std::uint64_t seed = 1;
  Config config;    ///< resolved
  std::string key;  ///< hash of everything that decides the result: configuration, data, split, program
};

/// Results by Trial::key, kept in a folder as one file of JSON lines per rank (runs-<rank>.jsonl).
class TrialStore {
 public:
  /// Reads what is there; a torn last line is left out. Throws Error (data) for a folder that cannot be used.
  TrialStore(std::string folder, int rank);
  const TrialResult* find(const std::string& key) const;
  /// Called from several threads.
  void add(const Trial& trial, const TrialResult& result, const CompareSpec& spec);

 private:
  std::string folder_, file_;
  std::map<std::string, TrialResult> results_;
};

/// The data set once per split.
struct SplitData {
  std::string name;
  Dataset data;
};

/// A trial ready to run: its configuration resolved. `overrides` are added last.
Trial make_trial(const CompareSpec& spec, const SplitData& split, std::size_t split_number,
                 std::size_t variant, const std::vector<std::string>& point, std::uint64_t seed,
                 const std::vector<std::string>& overrides);

/// A trial that has just ended on this rank.
struct TrialProgress {
  std::size_t done = 0, trials = 0;  ///< of this rank
  const std::string& variant;
  const std::string& split;
  std::uint64_t seed = 1;
  const TrialResult& result;
  double seconds_left = 0;
};

/// Who follows the trials of a rank. Each may be empty.
struct TrialFollower {
  std::function<bool()> stop = {};                      ///< asked by several threads
  std::function<void(const TrialProgress&)> done = {};  ///< one call at a time
};

/// Trains all trials that the store does not have, spread over ranks and threads; each trial runs on one
/// rank, and its result depends on neither. Afterwards every rank has all results. False when a stop was
/// asked for: the trials that ended are kept. Collective.
bool run_trials(const Ranks& ranks, const std::vector<Trial>& trials, const std::vector<SplitData>& splits,
                const CompareSpec& spec, SimdTarget target, const TrialFollower& follower, TrialStore& store);

}  // namespace qmtl
