// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distributed/launch/cores.h"
#include "runtime/train/loop/units.h"
#include "tools/workflows/training/train.h"

namespace qmtl {

/// Where a rank runs and what it has, as it says itself.
struct RankResources {
  std::string host = {}, cores = {};
  int allowed = 1, threads = 1;
  double memory = 0;  ///< resident bytes now, data set included
  std::vector<std::string> warnings = {};
};

/// One rank's portion of a step of a whole batch.
struct Portion {
  RankResources place;
  Range units;
  double share = 0;     ///< of the cost of all units
  double seconds = 0;   ///< of computing, as the planner expects it
  double received = 0;  ///< bytes a step
  double memory = 0;
};

struct Forecast {
  std::vector<Portion> ranks;
  std::size_t units = 0, batch = 0;
  std::int64_t steps_per_epoch = 0;
  bool by_columns = false;
  double imbalance = 1, bytes = 0, seconds = 0;
  std::vector<std::string> advice;
};

/// This rank's place; `asked`: the threads that were asked for, or 0.
RankResources this_place(const Ranks& ranks, const Cores& cores, int asked);

/// What training a prepared job would do on the ranks, or on so many `simulated` ones like this, and nothing
/// of it: units, cost, bytes, cores and memory of every rank. Collective; all ranks throw SharedError (usage)
/// for ranks that cannot be simulated.
Forecast forecast_run(const Ranks& ranks, const TrainJob& job, const RankResources& place,
                      std::optional<int> simulated);

}  // namespace qmtl
