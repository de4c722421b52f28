// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/forecast.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "runtime/train/epoch.h"
#include "runtime/train/loop/reduction.h"
#include "runtime/train/sampler.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

double resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024;
  return 0;
}

std::vector<RankResources> all_places(const Ranks& ranks, const RankResources& own) {
  const Json json{own.host, own.cores, own.allowed, own.threads, own.memory, own.warnings};
  std::vector<RankResources> places;
  for (const std::string& text : ranks.gather(json.dump())) {
    const Json found = Json::parse(text);
    places.push_back({found[0], found[1], found[2], found[3], found[4], found[5]});
  }
  return places;
}

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
                  const std::vector<RankResources>& places) {
  Forecast found;
  const std::vector<std::size_t> training = training_rows(data, learner.spec());
  const std::size_t rows = training.size();
  found.batch = std::min(rows, static_cast<std::size_t>(config.train.batch));
  found.steps_per_epoch = Epochs(training, data, learner.spec(), config.train).steps();
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

}  // namespace

RankResources this_place(const Ranks& ranks, const Cores& cores, int asked) {
  return {ranks.host(),     core_list(),
          cores.allowed,    asked > 0 ? asked : cores.share(),
          resident_bytes(), core_warnings(cores, asked)};
}

Forecast forecast_run(const Ranks& ranks, const TrainJob& job, const RankResources& place,
                      std::optional<int> simulated) {
  std::vector<RankResources> places = all_places(ranks, place);
  ranks.together([&] {
    if (!simulated) return;
    if (*simulated < 1 || *simulated > 65536)
      throw usage_error("--ranks: expected 1 to 65536, found " + std::to_string(*simulated));
    if (ranks.size() > 1)
      throw usage_error("--ranks: expected one process to simulate other ranks from, found " +
                        std::to_string(ranks.size()) + "; start without mpirun, or leave --ranks out");
    places.assign(static_cast<std::size_t>(*simulated), places.front());
  });
  return forecast(job.config, job.data, *job.learner, places);
}

}  // namespace qmtl
