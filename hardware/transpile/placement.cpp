// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/placement.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "hardware/transpile/index.h"
#include "hardware/transpile/success.h"

namespace qmtl {
namespace {

constexpr double out_of_reach = std::numeric_limits<double>::infinity();
/// What is less than this better is not: sums in another order differ by roundings.
constexpr double slack = 1e-9;
constexpr long search_budget = 2'000'000, improve_budget = 1'000'000, window_budget = 4'000;

/// Coupled like the pattern; without pairs nothing is.
DeviceTarget shape_of(const PlacementPattern& pattern) {
  DeviceTarget target;
  target.name = "program";
  target.qubits = static_cast<int>(pattern.qubits.size());
  for (const PlacementPattern::Pair& pair : pattern.pairs) target.coupling.push_back({pair.a, pair.b});
  return target;
}

}  // namespace

PlacementPattern::PlacementPattern(const DeviceProgram& program, const std::vector<int>& of,
                                   const DeviceQuality& quality)
    : qubits(of.size()) {
  std::vector<int> number(at(program.qubits), -1);
  for (std::size_t i = 0; i < of.size(); ++i) number[at(of[i])] = static_cast<int>(i);
  std::map<std::pair<int, int>, std::size_t> index;
  for (const DeviceOp& op : program.ops) {
    const int a = number[at(op.q0)];
    if (op.q1 < 0) {
      ++qubits[at(a)].gates[static_cast<std::size_t>(op.gate)];
      continue;
    }
    const int b = number[at(op.q1)];
    const auto [entry, fresh] = index.try_emplace(std::minmax(a, b), pairs.size());
    if (fresh) pairs.push_back({a, b, {}});
    ++pairs[entry->second].gates[static_cast<std::size_t>(op.gate)];
  }
  for (int qubit : program.measured) qubits[at(number[at(qubit)])].read = true;
  const std::vector<double> waiting = waiting_times(program, quality);
  for (std::size_t i = 0; i < of.size(); ++i) qubits[i].waiting = waiting[at(of[i])];
}

PlacementSearch::PlacementSearch(const PlacementPattern& pattern, const CouplingGraph& graph,
                                 const DeviceQuality& quality)
    : pattern_(pattern),
      graph_(graph),
      shape_(shape_of(pattern), static_cast<int>(pattern.qubits.size())),
      pairs_(pattern.qubits.size()),
      node_cost_(pattern.qubits.size(), std::vector<double>(at(graph.qubits()), 0.0)),
      least_node_(pattern.qubits.size(), out_of_reach),
      best_cost_(out_of_reach),
      place_(pattern.qubits.size(), -1),
      taken_(at(graph.qubits()), false) {
  for (int p = 0; p < graph.qubits(); ++p)
    if (quality.usable(p)) usable_.push_back(p);
  for (std::size_t q = 0; q < pattern.qubits.size(); ++q) {
    const PlacementPattern::Qubit& qubit = pattern.qubits[q];
    for (int p : usable_) {
      double cost = error_cost(quality.waiting_error(p, qubit.waiting));
      if (qubit.read) cost += error_cost(quality.readout_error(p));
      for (const DeviceGateInfo& row : device_gates)
        if (const int count = qubit.gates[static_cast<std::size_t>(row.gate)]; count > 0)
          cost += count * error_cost(quality.error(row.gate, p));
      node_cost_[q][at(p)] = cost;
      least_node_[q] = std::min(least_node_[q], cost);
    }
  }
  std::size_t edges = 0;
  for (int p = 0; p < graph.qubits(); ++p) {
    first_edge_.push_back(edges);
    edges += graph.neighbours(p).size();
  }
  std::map<std::array<int, device_gates.size()>, std::size_t> kinds;
  for (std::size_t i = 0; i < pattern.pairs.size(); ++i) {
    const PlacementPattern::Pair& pair = pattern.pairs[i];
    pairs_[at(pair.a)].push_back(i);
    pairs_[at(pair.b)].push_back(i);
    const auto [kind, fresh] = kinds.try_emplace(pair.gates, edge_cost_.size());
    kind_.push_back(kind->second);
    if (fresh) {
      std::vector<double>& costs = edge_cost_.emplace_back();
      for (int p = 0; p < graph.qubits(); ++p)
        for (int next : graph.neighbours(p)) {
          double cost = 0;
          for (const DeviceGateInfo& row : device_gates)
            if (const int count = pair.gates[static_cast<std::size_t>(row.gate)]; count > 0)
              cost += quality.usable(row.gate, p, next) ? count * error_cost(quality.error(row.gate, p, next))
                                                        : out_of_reach;
          costs.push_back(cost);
        }
    }
    const std::vector<double>& costs = edge_cost_[kind->second];
    least_pair_.push_back(costs.empty() ? out_of_reach : *std::min_element(costs.begin(), costs.end()));
  }
}

double PlacementSearch::pair_cost(const PlacementPattern::Pair& pair, int a, int b) const {
  const auto neighbours = graph_.neighbours(a);
  const auto found = std::lower_bound(neighbours.begin(), neighbours.end(), b);
  if (found == neighbours.end() || *found != b) return out_of_reach;
  const std::size_t kind = kind_[static_cast<std::size_t>(&pair - pattern_.pairs.data())];
  return edge_cost_[kind][first_edge_[at(a)] + static_cast<std::size_t>(found - neighbours.begin())];
}

/// Of a qubit at a place, with its pairs to those that are placed already.
double PlacementSearch::added_cost(int qubit, int physical) const {
  double cost = node_cost_[at(qubit)][at(physical)];
  for (std::size_t i : pairs_[at(qubit)]) {
    const PlacementPattern::Pair& pair = pattern_.pairs[i];
    const int other = place_[at(pair.a == qubit ? pair.b : pair.a)];
    if (other < 0) continue;
    cost += pair.a == qubit ? pair_cost(pair, physical, other) : pair_cost(pair, other, physical);
    if (cost == out_of_reach) return cost;
  }
  return cost;
}

/// No two placed qubits may be farther apart than in the pattern.
bool PlacementSearch::fits(int qubit, int physical) const {
  if (taken_[at(physical)] || graph_.neighbours(physical).size() < pairs_[at(qubit)].size()) return false;
  if (shape_.complete() || pairs_[at(qubit)].empty()) return true;
  for (std::size_t other = 0; other < place_.size(); ++other) {
    if (place_[other] < 0) continue;
    const int apart = shape_.distance(qubit, static_cast<int>(other));
    if (apart < shape_.qubits() && graph_.distance(physical, place_[other]) > apart) return false;
  }
  return true;
}

void PlacementSearch::put(int qubit, int physical) {
  place_[at(qubit)] = physical;
  taken_[at(physical)] = true;
}

void PlacementSearch::take_off(int qubit) {
  taken_[at(place_[at(qubit)])] = false;
  place_[at(qubit)] = -1;
}

/// Places all but the free ones, and orders these: along the pairs from what is placed, else from `root`,
/// then from the best connected; qubits without pairs last.
void PlacementSearch::begin(const std::vector<int>& places, const std::vector<char>& free, int root) {
  std::fill(taken_.begin(), taken_.end(), false);
  std::fill(place_.begin(), place_.end(), -1);
  const std::size_t count = place_.size();
  std::vector<char> seen(count, false);
  std::vector<int> queue;
  for (std::size_t q = 0; q < count; ++q)
    if (!free[q]) put(static_cast<int>(q), places[q]), seen[q] = true, queue.push_back(static_cast<int>(q));
  order_.clear();
  std::size_t next = 0;
  const auto follow = [&] {
    for (; next < queue.size(); ++next)
      for (std::size_t i : pairs_[at(queue[next])])
        for (int end : {pattern_.pairs[i].a, pattern_.pairs[i].b})
          if (!seen[at(end)]) seen[at(end)] = true, order_.push_back(end), queue.push_back(end);
  };
  follow();
  std::vector<int> roots(count);
  for (std::size_t q = 0; q < count; ++q) roots[q] = static_cast<int>(q);
  std::stable_sort(roots.begin(), roots.end(),
                   [&](int a, int b) { return pairs_[at(a)].size() > pairs_[at(b)].size(); });
  if (root >= 0) roots.insert(roots.begin(), root);
  for (int start : roots)
    if (!seen[at(start)]) {
      seen[at(start)] = true;
      order_.push_back(start);
      queue.push_back(start);
      follow();
    }
  // A pair is paid for by that of its ends which is placed later.
  ahead_.assign(order_.size() + 1, 0.0);
  std::vector<std::size_t> rank(count, 0);
  for (std::size_t k = 0; k < order_.size(); ++k) rank[at(order_[k])] = k + 1;
  for (std::size_t k = order_.size(); k-- > 0;) {
    const int qubit = order_[k];
    ahead_[k] = ahead_[k + 1] + least_node_[at(qubit)];
    for (std::size_t i : pairs_[at(qubit)]) {
      const PlacementPattern::Pair& pair = pattern_.pairs[i];
      if (rank[at(pair.a == qubit ? pair.b : pair.a)] < k + 1) ahead_[k] += least_pair_[i];
    }
  }
}

void PlacementSearch::descend(std::size_t depth, double cost) {
  if (depth == order_.size()) {
    best_ = place_;
    best_cost_ = cost;
    return;
  }
  const int qubit = order_[depth];
  std::span<const int> places = usable_;
  for (std::size_t i : pairs_[at(qubit)]) {
    const PlacementPattern::Pair& pair = pattern_.pairs[i];
    const int other = place_[at(pair.a == qubit ? pair.b : pair.a)];
    if (other >= 0) places = graph_.neighbours(other);
  }
  std::vector<std::pair<double, int>> ways;
  for (int physical : places) {
    if (--budget_ < 0) return;
    if (!fits(qubit, physical)) continue;
    const double more = added_cost(qubit, physical);
    if (cost + more + ahead_[depth + 1] < best_cost_ - slack) ways.push_back({more, physical});
  }
  std::sort(ways.begin(), ways.end());
  for (const auto& [more, physical] : ways) {
    if (!(cost + more + ahead_[depth + 1] < best_cost_ - slack)) return;
    put(qubit, physical);
    descend(depth + 1, cost + more);
    take_off(qubit);
    if (budget_ < 0) return;
  }
}

void PlacementSearch::search() {
  if (pattern_.qubits.size() > usable_.size() || graph_.complete()) return;
  const std::vector<char> all(place_.size(), true);
  begin({}, all, -1);
  if (order_.empty()) return;
  std::vector<int> roots = usable_;
  const int first = order_.front();
  std::stable_sort(roots.begin(), roots.end(),
                   [&](int a, int b) { return node_cost_[at(first)][at(a)] < node_cost_[at(first)][at(b)]; });
  budget_ = 0;
  for (int root : roots) {
    // What one start leaves over, the next may use.
    budget_ = std::max(budget_, 0L) + search_budget / static_cast<long>(roots.size());
    if (!fits(first, root)) continue;
    const double cost = node_cost_[at(first)][at(root)];
    put(first, root);
    if (cost + ahead_[1] < best_cost_ - slack) descend(1, cost);
    take_off(first);
  }
}

void PlacementSearch::offer(const std::vector<int>& places) {
  begin(places, std::vector<char>(place_.size(), true), -1);
  double cost = 0;
  for (std::size_t q = 0; q < places.size(); ++q) {
    cost += added_cost(static_cast<int>(q), places[q]);
    put(static_cast<int>(q), places[q]);
  }
  if (cost < best_cost_ - slack) best_ = places, best_cost_ = cost;
}

void PlacementSearch::improve() {
  if (best_.empty() || graph_.complete()) return;
  const int count = static_cast<int>(place_.size());
  long left = improve_budget;
  for (bool better = true; better && left > 0;) {
    better = false;
    for (int size : {2, 5, 9, 14})
      for (int centre = 0; centre < count && left > 0; ++centre) {
        std::vector<char> free(at(count), false);
        std::vector<int> window{centre};
        free[at(centre)] = true;
        for (std::size_t k = 0; k < window.size(); ++k)
          for (std::size_t i : pairs_[at(window[k])])
            for (int end : {pattern_.pairs[i].a, pattern_.pairs[i].b})
              if (!free[at(end)] && static_cast<int>(window.size()) < size)
                free[at(end)] = true, window.push_back(end);
        begin(best_, free, centre);
        double cost = 0;
        for (int q = 0; q < count; ++q)
          if (!free[at(q)]) cost += node_cost_[at(q)][at(best_[at(q)])];
        for (const PlacementPattern::Pair& pair : pattern_.pairs)
          if (!free[at(pair.a)] && !free[at(pair.b)])
            cost += pair_cost(pair, best_[at(pair.a)], best_[at(pair.b)]);
        const double before = best_cost_;
        budget_ = window_budget;
        descend(0, cost);
        left -= window_budget - std::max(budget_, 0L);
        better = better || best_cost_ < before - slack;
      }
  }
}

}  // namespace qmtl
