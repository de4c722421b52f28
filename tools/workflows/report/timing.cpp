// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <set>

#include "tools/workflows/report/format.h"
#include "tools/workflows/report/sections.h"

namespace qmtl::report {
namespace {

/// Seconds of one phase over some epochs.
struct PhaseTotal {
  std::string name;
  double mean = 0;                 ///< over the ranks
  std::vector<double> ranks = {};  ///< of each rank
};

/// The epochs that the newest number of ranks trained, summed up.
struct Breakdown {
  std::int64_t steps = 0;
  double seconds = 0;  ///< wall time
  std::vector<PhaseTotal> phases = {};
  const PhaseTotal* find(const std::string& name) const {
    for (const PhaseTotal& phase : phases)
      if (phase.name == name) return &phase;
    return nullptr;
  }
  std::size_t ranks() const { return phases.empty() ? 0 : phases.front().ranks.size(); }
};

std::size_t ranks_of(const TimingRecord& timing) {
  return timing.phases.empty() ? 0 : timing.phases.front().ranks.size();
}

Breakdown sum_up(const std::vector<TimingRecord>& timings) {
  Breakdown all;
  if (timings.empty()) return all;
  for (const TimingRecord& timing : timings) {
    if (timing.steps == 0 || ranks_of(timing) != ranks_of(timings.back())) continue;
    all.steps += timing.steps;
    all.seconds += timing.seconds;
    for (const PhaseSeconds& phase : timing.phases) {
      auto total = std::find_if(all.phases.begin(), all.phases.end(),
                                [&](const PhaseTotal& one) { return one.name == phase.phase; });
      if (total == all.phases.end())
        total = all.phases.insert(all.phases.end(),
                                  {phase.phase, 0, std::vector<double>(phase.ranks.size(), 0.0)});
      total->mean += phase.mean;
      for (std::size_t rank = 0; rank < std::min(total->ranks.size(), phase.ranks.size()); ++rank)
        total->ranks[rank] += phase.ranks[rank];
    }
  }
  return all;
}

std::string share(double part, double whole) { return whole > 0 ? fixed(100 * part / whole, 1) + " %" : "–"; }

/// Slowest rank against the mean.
double imbalance(const PhaseTotal& phase) {
  if (phase.ranks.empty() || !(phase.mean > 0)) return no_value;
  return *std::max_element(phase.ranks.begin(), phase.ranks.end()) / phase.mean;
}

Html colour(std::size_t index) {
  return Html::trusted("background:var(--c" + std::to_string(index % 8) + ")");
}

Html swatch(std::size_t index) {
  return element("i", {}, Html::trusted("class=\"swatch\" style=\"") + colour(index) + Html::trusted("\""));
}

/// The phases' shares side by side; the table below has the same in numbers.
Html bar_html(const Breakdown& all) {
  Html parts;
  for (std::size_t i = 0; i < all.phases.size(); ++i) {
    const double width = std::max(0.0, 100 * all.phases[i].mean / all.seconds);
    parts += element("i", {},
                     Html::trusted("style=\"width:" + fixed(std::min(width, 100.0), 2) + "%;") + colour(i) +
                         Html::trusted("\""));
  }
  return element("div", parts, Html::trusted("class=\"bar\" aria-hidden=\"true\"")) + Html::trusted("\n");
}

Html phase_table(const Breakdown& all) {
  Table table{"Time of a step", {{"phase", false}, {"mean of the ranks"}, {"share"}}, {}};
  const bool several = all.ranks() > 1;
  if (several) {
    table.columns.push_back({"slowest rank"});
    table.columns.push_back({"slowest / mean"});
  }
  const auto per_step = [&](double seconds) { return seconds / static_cast<double>(all.steps); };
  double seen = 0;
  for (std::size_t i = 0; i < all.phases.size(); ++i) {
    const PhaseTotal& phase = all.phases[i];
    seen += phase.mean;
    std::vector<Html> row{swatch(i) + text(phase.name), text(duration(per_step(phase.mean))),
                          text(share(phase.mean, all.seconds))};
    if (several) {
      row.push_back(text(duration(per_step(*std::max_element(phase.ranks.begin(), phase.ranks.end())))));
      row.push_back(text(fixed(imbalance(phase), 2)));
    }
    table.rows.push_back(std::move(row));
  }
  const double rest = std::max(0.0, all.seconds - seen);
  std::vector<Html> row{text("other"), text(duration(per_step(rest))), text(share(rest, all.seconds))};
  row.resize(table.columns.size());
  table.rows.push_back(std::move(row));
  return table.html();
}

Html phase_chart(const Run& run, const Breakdown& all, Charts& charts) {
  Chart chart{"Time of a step",
              "Seconds of each phase per step, mean of the ranks, per epoch.",
              {"epoch"},
              {"milliseconds"},
              {},
              {}};
  for (const PhaseTotal& phase : all.phases) {
    Series series{phase.name, {}};
    for (std::size_t e = 0; e < run.history.size(); ++e) {
      const TimingRecord& timing = run.timings[e];
      for (const PhaseSeconds& one : timing.phases)
        if (one.phase == phase.name && timing.steps > 0)
          series.points.push_back({static_cast<double>(run.history[e].epoch),
                                   1e3 * one.mean / static_cast<double>(timing.steps)});
    }
    chart.series.push_back(std::move(series));
  }
  return charts.add(chart);
}

/// What each rank computes and how long it waits for the others.
Html rank_chart(const Breakdown& all, Charts& charts) {
  if (all.ranks() < 2) return {};
  Chart chart{"Work of the ranks (line: mean of computing)",
              "Computing and waiting time of every rank per step.",
              {"rank"},
              {"milliseconds per step"},
              {},
              {}};
  for (const char* name : {"compute", "wait"}) {
    const PhaseTotal* phase = all.find(name);
    if (!phase) continue;
    Series series{name, {}, false};
    for (std::size_t rank = 0; rank < phase->ranks.size(); ++rank)
      series.points.push_back(
          {static_cast<double>(rank), 1e3 * phase->ranks[rank] / static_cast<double>(all.steps)});
    chart.series.push_back(std::move(series));
    if (std::string(name) == "compute")
      chart.marks.push_back({false, 1e3 * phase->mean / static_cast<double>(all.steps), ""});
  }
  return charts.add(chart);
}

std::size_t hosts_of(const RunStart& start) {
  std::set<std::string> hosts;
  for (const RankPlace& place : start.ranks) hosts.insert(place.host);
  return hosts.size();
}

std::string counted(std::size_t n, const std::string& what) {
  return count(static_cast<std::int64_t>(n)) + " " + what + (n == 1 ? "" : "s");
}

Html starts_table(const Run& run) {
  if (run.starts.size() < 2) return {};
  Table table{"Starts of the program", {{"time", false}, {"after step"}, {"ranks"}, {"hosts"}}, {}};
  table.columns.push_back({"program", false});
  for (const RunStart& start : run.starts)
    table.rows.push_back({text(moment(start.time)), text(count(start.step)),
                          text(count(static_cast<std::int64_t>(start.ranks.size()))),
                          text(count(static_cast<std::int64_t>(hosts_of(start)))), text(start.program)});
  return table.html();
}

Html restarts_table(const Run& run) {
  if (run.restarts.empty()) return {};
  Table table{"Restarts by qmtl supervise", {{"time", false}, {"exit code"}, {"reason", false}}, {}};
  table.columns.push_back({"newest checkpoint's step"});
  table.columns.push_back({"waited"});
  for (const RunRestart& restart : run.restarts)
    table.rows.push_back({text(moment(restart.time)), text(std::to_string(restart.exit_code)),
                          text(restart.reason), text(count(restart.step)), text(duration(restart.wait))});
  return table.html();
}

Html places_table(const RunStart& start) {
  Table table{"Ranks", {{"rank", false}, {"host", false}, {"process"}, {"cores", false}, {"threads"}}, {}};
  table.columns.push_back({"SIMD", false});
  for (const RankPlace& place : start.ranks)
    table.rows.push_back({text(std::to_string(place.rank)), text(place.host),
                          text(std::to_string(place.process)), text(place.cores),
                          text(std::to_string(place.threads)), text(place.simd)});
  return start.ranks.size() > 8 ? details("Where every rank ran", table.html()) : table.html();
}

}  // namespace

Html timing_html(const Run& run, Charts& charts) {
  const Breakdown all = sum_up(run.timings);
  if (all.steps == 0 || !(all.seconds > 0)) return {};
  std::vector<Fact> facts{{duration(all.seconds / static_cast<double>(all.steps)), "wall time of a step"},
                          {number(run.timings.back().samples_per_second), "samples/s, last epoch"}};
  if (!run.starts.empty() && !run.starts.back().ranks.empty())
    facts.push_back(
        {counted(run.starts.back().ranks.size(), "rank") + ", " +
             counted(static_cast<std::size_t>(run.starts.back().ranks.front().threads), "thread") +
             (run.starts.back().ranks.size() > 1 ? " each" : ""),
         "on " + counted(hosts_of(run.starts.back()), "host")});
  if (const PhaseTotal* compute = all.find("compute"); compute && all.ranks() > 1)
    facts.push_back({fixed(imbalance(*compute), 2), "imbalance: slowest rank's computing / mean"});
  if (!run.restarts.empty())
    facts.push_back({count(static_cast<std::int64_t>(run.restarts.size())), "restarts"});
  return element("h3", text("Where the time went")) + facts_html(facts) + bar_html(all) + phase_table(all) +
         charts_html(phase_chart(run, all, charts) + rank_chart(all, charts));
}

Html environment_html(const Run& run) {
  if (run.starts.empty())
    return run.restarts.empty() ? Html() : element("h3", text("Restarts")) + restarts_table(run);
  const RunStart& start = run.starts.back();
  return element("h3", text("Environment")) +
         definitions({{"program", text("qmtl " + start.program)},
                      {"MPI", text(start.mpi)},
                      {"HDF5", text(start.hdf5)},
                      {"processor", text(start.processor)},
                      {"system", text(start.system)},
                      {"started", text(moment(start.time))}}) +
         places_table(start) + starts_table(run) + restarts_table(run);
}

}  // namespace qmtl::report
