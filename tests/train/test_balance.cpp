// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "runtime/train/loop/balance.h"
#include "tests/train/toy.h"

using namespace qmtl;

namespace {

const std::vector<double> task_costs{1, 1, 2, 4, 8, 16};

/// Ranks that run units of known true cost at known speed: what the wall clock would show.
struct Cluster {
  std::vector<double> costs;  ///< true, of each task group
  std::vector<double> speeds;
  std::size_t shards = 4;

  std::size_t units() const { return shards * costs.size(); }
  int ranks() const { return static_cast<int>(speeds.size()); }
  double time(std::size_t unit, std::size_t rank) const { return costs[unit % costs.size()] / speeds[rank]; }

  std::vector<double> compute(const std::vector<Range>& cut) const {
    std::vector<double> seconds(cut.size(), 0.0);
    for (std::size_t rank = 0; rank < cut.size(); ++rank)
      for (std::size_t unit = cut[rank].begin; unit < cut[rank].end; ++unit)
        seconds[rank] += time(unit, rank);
    return seconds;
  }

  /// What the ranks measure where the planner thinks that a unit of group g costs planned[g].
  std::vector<RankMeasure> measure(const std::vector<Range>& cut, const std::vector<double>& planned) const {
    std::vector<RankMeasure> all;
    for (std::size_t rank = 0; rank < cut.size(); ++rank) {
      RankMeasure one{1, 0, std::vector<double>(costs.size(), 0.0), std::vector<double>(costs.size(), 0.0)};
      for (std::size_t unit = cut[rank].begin; unit < cut[rank].end; ++unit) {
        one.cost[unit % costs.size()] += planned[unit % costs.size()];
        one.seconds[unit % costs.size()] += time(unit, rank);
      }
      all.push_back(one);
    }
    return all;
  }

  std::vector<Range> cut(const std::vector<double>& planned, const Speeds& speeds_found) const {
    std::vector<double> by_unit;
    for (std::size_t unit = 0; unit < units(); ++unit)
      by_unit.push_back(planned[unit % costs.size()] * speeds_found.groups[unit % costs.size()]);
    return cut_by_cost(integer_costs(by_unit), integer_shares(speeds_found.ranks));
  }
};

Speeds all_alike(const Cluster& cluster) {
  return {std::vector<double>(cluster.costs.size(), 1.0), std::vector<double>(cluster.speeds.size(), 1.0)};
}

}  // namespace

TEST_CASE("uneven tasks are shared within a tenth on eight ranks, from the planner's costs",
          "[train][loop]") {
  for (std::size_t shards : {4u, 8u, 16u, 24u, 32u, 64u}) {
    const Cluster cluster{task_costs, std::vector<double>(8, 1.0), shards};
    const auto cut = cluster.cut(task_costs, all_alike(cluster));
    INFO(shards << " shards");
    CHECK(imbalance_of(cluster.compute(cut)).ratio <= 1.1);
  }
}

TEST_CASE("measured times correct costs that the planner got wrong", "[train][loop]") {
  for (std::size_t shards : {4u, 12u, 20u}) {
    const Cluster cluster{task_costs, std::vector<double>(8, 1.0), shards};
    const std::vector<double> equal(6, 1.0);
    auto cut = cluster.cut(equal, all_alike(cluster));
    INFO(shards << " shards");
    CHECK(imbalance_of(cluster.compute(cut)).ratio > 1.1);
    cut = cluster.cut(equal, estimate_speeds(cluster.measure(cut, equal)));
    CHECK(imbalance_of(cluster.compute(cut)).ratio <= 1.1);
  }
}

TEST_CASE("a slow rank gets less, in proportion to its speed", "[train][loop]") {
  Cluster cluster{task_costs, {1, 1, 1, 0.5, 1, 1, 1, 1}, 64};
  const std::vector<double> planned{1, 2, 2, 4, 4, 16};
  auto cut = cluster.cut(planned, all_alike(cluster));
  CHECK(imbalance_of(cluster.compute(cut)).rank == 3);
  const Speeds found = estimate_speeds(cluster.measure(cut, planned));
  // Every rank ran units of every group, so the two causes separate exactly.
  CHECK(found.ranks[3] / found.ranks[0] == Approx(0.5).epsilon(1e-6));
  for (std::size_t g = 1; g < 6; ++g)
    CHECK(found.groups[g] / found.groups[0] == Approx(task_costs[g] / planned[g]).epsilon(1e-6));
  cut = cluster.cut(planned, found);
  CHECK(imbalance_of(cluster.compute(cut)).ratio <= 1.1);
}

TEST_CASE("ranks with more threads count as faster by as much", "[train][loop]") {
  const Cluster cluster{{1}, {1, 1}, 30};
  const std::vector<double> planned{1};
  auto measured = cluster.measure(cluster.cut(planned, all_alike(cluster)), planned);
  measured[1].threads = 2;
  CHECK(cluster.cut(planned, estimate_speeds(measured)) == std::vector<Range>{{0, 10}, {10, 30}});
}

TEST_CASE("ranks and groups that measured nothing count as the others", "[train][loop]") {
  std::vector<RankMeasure> measured{{1, 0, {2, 0}, {4, 0}}, {1, 0, {0, 0}, {0, 0}}};
  const Speeds found = estimate_speeds(measured);
  CHECK(found.ranks == std::vector<double>{1.0, 1.0});
  CHECK(found.groups[0] == Approx(2.0));
  CHECK(estimate_speeds({}).ranks.empty());
  CHECK(imbalance_of(std::vector<double>{0, 0}).ratio == 1.0);
}

TEST_CASE("a real model's gradient has the same bits however its units are cut and exchanged",
          "[train][loop]") {
  const Dataset data = toy::dataset(90);
  for (const char* head : {"qmtl", "linear", "hybrid"}) {
    Config config = toy::config(head, data);
    config.train.task_groups = 4;
    const auto learner = make_learner(config.model, config.train, data, standardise(data, config.model));
    learner->bind(learner->initial(5));
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < 90; ++row) rows.push_back(row);
    const StepBatch batch = toy::batch(data, config.model, rows);
    const std::size_t units = learner->units(rows.size()), width = learner->accumulator_size();
    REQUIRE(units == 24);
    REQUIRE(learner->unit_groups() == 4);
    std::vector<double> all(units * width, 0.0);
    for (std::size_t unit = 0; unit < units; ++unit)
      learner->run_unit(unit, batch, std::span(all).subspan(unit * width, width));

    std::vector<double> expected;
    std::mt19937 random(1);
    for (int ranks : {1, 2, 3, 8, 13})
      for (int trial = 0; trial < 4; ++trial) {
        std::vector<std::uint64_t> shares(static_cast<std::size_t>(ranks), 1);
        for (auto& share : shares) share = trial == 0 ? 1 : 1 + random() % largest_share;
        const std::vector<std::uint64_t> equal(units, 1);
        const Reduction plan =
            plan_reduction(cut_by_cost(equal, shares), units, width, ExchangeKind::columns);
        std::vector<double> sums;
        for (const Range& own : plan.ranges)
          for (const Range& node : aligned_nodes(own, units)) {
            std::vector<double> part(all.begin() + static_cast<std::ptrdiff_t>(own.begin * width),
                                     all.begin() + static_cast<std::ptrdiff_t>(own.end * width));
            reduce_node(part, width, own.begin, node, units);
            const auto first = part.begin() + static_cast<std::ptrdiff_t>((node.begin - own.begin) * width);
            sums.insert(sums.end(), first, first + static_cast<std::ptrdiff_t>(width));
          }
        // Each rank finishes the tree of its columns.
        std::vector<double> found;
        for (const Range& columns : plan.columns) {
          std::vector<double> slice;
          for (std::size_t node = 0; node < plan.nodes.size(); ++node)
            for (std::size_t c = columns.begin; c < columns.end; ++c) slice.push_back(sums[node * width + c]);
          finish_tree(slice, columns.size(), plan.nodes, units);
          found.insert(found.end(), slice.begin(),
                       slice.begin() + static_cast<std::ptrdiff_t>(columns.size()));
        }
        if (expected.empty()) expected = found;
        INFO(head << ", " << ranks << " ranks, trial " << trial);
        REQUIRE(found.size() == width);
        CHECK(std::memcmp(found.data(), expected.data(), width * sizeof(double)) == 0);
      }
  }
}

TEST_CASE("many ranks receive about two rows each instead of one from every rank", "[train][loop]") {
  const std::size_t width = 10000, row = width * sizeof(double);
  for (int ranks : {4, 64, 1024}) {
    const auto units = static_cast<std::size_t>(ranks) * 4;
    const Reduction rows = plan_reduction(cut_evenly(units, ranks), units, width, ExchangeKind::rows);
    const Reduction automatic = plan_reduction(cut_evenly(units, ranks), units, width);
    INFO(ranks << " ranks");
    CHECK(rows.received(0) == static_cast<std::size_t>(ranks - 1) * row);
    CHECK_FALSE(automatic.columns.empty());
    // A column more or less: they are cut into whole numbers.
    CHECK(static_cast<double>(automatic.received(0)) <= 2.2 * static_cast<double>(row));
  }
  CHECK(plan_reduction(cut_evenly(8, 2), 8, width).columns.empty());
  CHECK(plan_reduction(cut_evenly(8, 8), 8, 10).columns.empty());
  CHECK(plan_reduction(cut_evenly(8, 1), 8, width).received(0) == 0);
}
