// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/dry_run.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "distributed/reduction.h"
#include "runtime/train/sampler.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

/// Where a rank runs and what it has, as it says itself.
struct RankPlace {
  std::string host, cores;
  int allowed = 1, threads = 1;
  double memory = 0;  ///< resident bytes now, data set included
  std::vector<std::string> warnings;
};

double resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024;
  return 0;
}

RankPlace this_place(const Comm& comm, const Cores& cores, int asked) {
  return {comm.host(),      core_list(),
          cores.allowed,    asked > 0 ? asked : cores.share(),
          resident_bytes(), core_warnings(cores, asked)};
}

std::vector<RankPlace> all_places(const Comm& comm, const RankPlace& own) {
  const Json json{own.host, own.cores, own.allowed, own.threads, own.memory, own.warnings};
  std::vector<RankPlace> places;
  for (const std::string& text : comm.gather(json.dump())) {
    const Json found = Json::parse(text);
    places.push_back({found[0], found[1], found[2], found[3], found[4], found[5]});
  }
  return places;
}

/// One rank's portion of a step of a whole batch.
struct Portion {
  RankPlace place;
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

std::vector<double> unit_costs(const Learner& learner, std::size_t rows) {
  std::vector<double> costs(learner.units(rows));
  for (std::size_t unit = 0; unit < costs.size(); ++unit) costs[unit] = learner.unit_cost(unit, rows);
  return costs;
}

/// Accumulators of the own units, the received rows, parameters with moments and their copies, and what the
/// threads need for circuits: beyond what is there already.
double added_memory(const Learner& learner, const Reduction& plan, const Portion& portion, int rank) {
  const double circuits = learner.plan() ? learner.plan()->cost.bytes : 0;
  const double numbers = static_cast<double>(portion.units.size() * plan.width + 6 * plan.width);
  return numbers * sizeof(double) + static_cast<double>(plan.received(rank)) +
         circuits * portion.place.threads;
}

std::string rank_names(const std::vector<int>& ranks) {
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (i == 8) return text + " and " + std::to_string(ranks.size() - 8) + " more";
    text += (i ? ", " : "") + std::to_string(ranks[i]);
  }
  return text;
}

std::vector<std::string> advise(const Forecast& found, const Config& config) {
  std::vector<std::string> advice;
  std::vector<int> idle;
  int threads = 0;
  for (std::size_t rank = 0; rank < found.ranks.size(); ++rank) {
    threads += found.ranks[rank].place.threads;
    if (found.ranks[rank].units.size() == 0) idle.push_back(static_cast<int>(rank));
  }
  const std::string more = "lower distributed.shard (" + std::to_string(config.train.shard) +
                           ", a multiple of 16), raise distributed.task_groups (" +
                           std::to_string(config.train.task_groups) + ", at most " +
                           std::to_string(config.model.tasks.size()) +
                           ") or train.batch; each changes the bits of the run";
  if (!idle.empty())
    advice.push_back(rank_names(idle) + " would have nothing to do: there are " +
                     std::to_string(found.units) + " units of work a step; use fewer ranks, or " + more);
  else if (found.units < static_cast<std::size_t>(threads))
    advice.push_back(std::to_string(threads) + " threads for " + std::to_string(found.units) +
                     " units of work a step; use fewer, or " + more);
  else if (found.imbalance > 1.1)
    advice.push_back("the units are too few or too uneven to be shared well; " + more);
  for (std::size_t rank = 0; rank < found.ranks.size(); ++rank)
    for (const std::string& warning : found.ranks[rank].place.warnings)
      if (rank == 0 || found.ranks[rank - 1].place.warnings != found.ranks[rank].place.warnings)
        advice.push_back("rank " + std::to_string(rank) + ": " + warning);
  return advice;
}

Forecast forecast(const Config& config, const Dataset& data, const Learner& learner,
                  const std::vector<RankPlace>& places) {
  Forecast found;
  const std::size_t rows = training_rows(data, learner.spec()).size();
  found.batch = std::min(rows, static_cast<std::size_t>(config.train.batch));
  found.steps_per_epoch = steps_per_epoch(rows, config.train.batch);
  const std::vector<double> costs = unit_costs(learner, found.batch);
  const double total = std::accumulate(costs.begin(), costs.end(), 0.0);
  found.units = costs.size();
  const Reduction plan = plan_reduction(cut_by_cost(integer_costs(costs), static_cast<int>(places.size())),
                                        found.units, learner.accumulator_size());
  found.by_columns = !plan.columns.empty();
  for (std::size_t rank = 0; rank < places.size(); ++rank) {
    Portion portion{places[rank], plan.ranges[rank], 0, 0, 0, 0};
    const auto first = costs.begin() + static_cast<std::ptrdiff_t>(portion.units.begin);
    const double cost =
        std::accumulate(first, first + static_cast<std::ptrdiff_t>(portion.units.size()), 0.0);
    portion.share = cost / total;
    // The costs are operations of a dense layer.
    portion.seconds = cost / learner.spec().cost.gemm / portion.place.threads;
    portion.received = static_cast<double>(plan.received(static_cast<int>(rank)));
    portion.memory = portion.place.memory + added_memory(learner, plan, portion, static_cast<int>(rank));
    found.bytes += portion.received;
    found.seconds = std::max(found.seconds, portion.seconds);
    found.imbalance = std::max(found.imbalance, portion.share * static_cast<double>(places.size()));
    found.ranks.push_back(std::move(portion));
  }
  found.advice = advise(found, config);
  return found;
}

Json to_json(const Forecast& found, const Config& config, const Learner& learner, bool simulated) {
  Json json;
  json["ranks"] = found.ranks.size();
  json["simulated"] = simulated;
  json["plan"] = learner.plan() ? std::string(name(learner.plan()->kind)) : "none";
  json["batch"] = found.batch;
  json["steps_per_epoch"] = found.steps_per_epoch;
  json["steps"] = found.steps_per_epoch * config.train.epochs;
  json["shard"] = config.train.shard;
  json["task_groups"] = learner.unit_groups();
  json["units"] = found.units;
  json["numbers"] = learner.accumulator_size();
  json["exchange"] = found.by_columns ? "columns" : "rows";
  json["bytes_per_step"] = found.bytes;
  json["imbalance"] = found.imbalance;
  json["expected_compute_seconds"] = found.seconds;
  json["watchdog"] = config.watchdog;
  auto& list = json["per_rank"] = Json::array();
  for (std::size_t rank = 0; rank < found.ranks.size(); ++rank) {
    const Portion& portion = found.ranks[rank];
    list.push_back({{"rank", rank},
                    {"host", portion.place.host},
                    {"cores", portion.place.cores},
                    {"threads", portion.place.threads},
                    {"units", {portion.units.begin, portion.units.end}},
                    {"cost_share", portion.share},
                    {"expected_compute_seconds", portion.seconds},
                    {"bytes_per_step", portion.received},
                    {"memory_bytes", portion.memory}});
  }
  json["advice"] = found.advice;
  return json;
}

void print(const Forecast& found, const Config& config, const Learner& learner) {
  const auto line = [](const char* topic, const std::string& text) {
    std::printf("%-10s %s\n", topic, text.c_str());
  };
  const Plan* plan = learner.plan();
  line("plan", plan ? std::string(name(plan->kind)) + ": " + plan->reason : "a head without a circuit");
  line("steps", std::to_string(found.steps_per_epoch) + " an epoch of " + std::to_string(found.batch) +
                    " samples, " + std::to_string(found.steps_per_epoch * config.train.epochs) + " in all");
  line("units", std::to_string(found.units) + " a step: shards of " + std::to_string(config.train.shard) +
                    " samples x " + std::to_string(learner.unit_groups()) + " task groups");
  char text[200];
  std::snprintf(text, sizeof text, "%.4g kB a step received by all ranks together, by %s; %zu numbers a unit",
                found.bytes / 1e3, found.by_columns ? "columns" : "rows", learner.accumulator_size());
  line("exchange", text);
  std::snprintf(text, sizeof text, "%.3g ms of computing a step expected, imbalance %.2f",
                found.seconds * 1e3, found.imbalance);
  line("time", text);
  line("watchdog", config.watchdog > 0 ? std::to_string(config.watchdog) + " s" : "off");
  std::printf("\n%5s  %-16s %-12s %7s %13s %7s %12s %9s\n", "rank", "host", "cores", "threads", "units",
              "cost", "bytes/step", "memory");
  for (std::size_t rank = 0; rank < found.ranks.size(); ++rank) {
    const Portion& portion = found.ranks[rank];
    const std::string units = std::to_string(portion.units.begin) + "-" + std::to_string(portion.units.end);
    std::printf("%5zu  %-16s %-12s %7d %13s %6.1f%% %12.0f %6.0f MB\n", rank, portion.place.host.c_str(),
                portion.place.cores.c_str(), portion.place.threads,
                portion.units.size() ? units.c_str() : "none", 100 * portion.share, portion.received,
                portion.memory / 1e6);
  }
  for (const std::string& advice : found.advice) std::printf("\n-> %s\n", advice.c_str());
  std::fflush(stdout);
}

}  // namespace

void dry_run(const Comm& comm, const Options& options, const Config& config, const Dataset& data,
             const Learner& learner, const Cores& cores) {
  std::vector<RankPlace> places = all_places(comm, this_place(comm, cores, options.common.threads));
  const bool simulated = options.has("ranks");
  comm.together([&] {
    if (!simulated) return;
    const int ranks = options.values["ranks"].as<int>();
    if (ranks < 1 || ranks > 65536)
      throw usage_error("--ranks: expected 1 to 65536, found " + std::to_string(ranks));
    if (comm.size() > 1)
      throw usage_error("--ranks: expected one process to simulate other ranks from, found " +
                        std::to_string(comm.size()) + "; start without mpirun, or leave --ranks out");
    places.assign(static_cast<std::size_t>(ranks), places.front());
  });
  if (!comm.root()) return;
  const Forecast found = forecast(config, data, learner, places);
  if (options.common.json)
    std::cout << to_json(found, config, learner, simulated).dump(2) << std::endl;
  else
    print(found, config, learner);
}

}  // namespace qmtl
