// SPDX-License-Identifier: Apache-2.0
#include "tools/program/text/dry_run.h"

#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

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
  line("exchange",
       fmt::format("{:.4g} kB a step received by all ranks together, by {}; {} numbers a unit",
                   found.bytes / 1e3, found.by_columns ? "columns" : "rows", learner.accumulator_size()));
  line("time", fmt::format("{:.3g} ms of computing a step expected, imbalance {:.2f}", found.seconds * 1e3,
                           found.imbalance));
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

void print_forecast(const Forecast& found, const TrainJob& job, bool simulated, bool json) {
  if (json)
    std::cout << to_json(found, job.config, *job.learner, simulated).dump(2) << std::endl;
  else
    print(found, job.config, *job.learner);
}

}  // namespace qmtl
