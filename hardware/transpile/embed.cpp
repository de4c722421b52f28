// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/embed.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "hardware/transpile/index.h"
#include "runtime/base/philox.h"

namespace qmtl {
namespace {

/// Numbers that vary the searches; the same in every run.
double jitter(int restart, int step, int choice) {
  const auto word = philox({static_cast<std::uint32_t>(restart), static_cast<std::uint32_t>(step),
                            static_cast<std::uint32_t>(choice), 0},
                           {0x656d6265u, 0x64646564u});
  return static_cast<double>(word[0]) * 0x1p-32;
}

constexpr int restarts = 48;
constexpr int longest_cut = 6;      ///< steps that a detour may replace
constexpr int longest_detour = 12;  ///< steps that it may take
/// Single choices in all searches for one chain.
constexpr std::int64_t effort = 3'000'000;

/// A chain of coupled qubits that grows at its ends (open chains) and by detours.
class GrowingChain {
 public:
  GrowingChain(const CouplingGraph& graph, const FreeQubits& free, std::vector<int> chain, bool closed,
               std::int64_t& effort_left)
      : graph_(graph), free_(free), chain_(std::move(chain)), closed_(closed), effort_(effort_left) {
    for (int qubit : chain_) free_[at(qubit)] = false;
  }

  const std::vector<int>& qubits() const { return chain_; }

  /// Grows until it has the length; false when it cannot go on.
  bool grow(int length, int restart) {
    for (int step = 0; static_cast<int>(chain_.size()) < length; ++step) {
      if (effort_ < 0) return false;
      if (!closed_ && extend(restart, step)) continue;
      if (!detour(length - static_cast<int>(chain_.size()), restart, step)) return false;
    }
    return true;
  }

 private:
  int free_neighbours(int qubit) const {
    int count = 0;
    for (int next : graph_.neighbours(qubit)) count += free_[at(next)];
    return count;
  }

  /// By the qubit with the fewest ways to go on (Warnsdorff's rule), which would soon be out of reach.
  bool extend(int restart, int step) {
    int best = -1;
    bool at_front = false;
    double fewest = 0.0;
    for (bool front : {false, true})
      for (int next : graph_.neighbours(front ? chain_.front() : chain_.back())) {
        --effort_;
        if (!free_[at(next)]) continue;
        const double score = free_neighbours(next) + (restart > 0 ? jitter(restart, step, next) : 0.0);
        if (best < 0 || score < fewest) best = next, at_front = front, fewest = score;
      }
    if (best < 0) return false;
    chain_.insert(at_front ? chain_.begin() : chain_.end(), best);
    free_[at(best)] = false;
    return true;
  }

  struct Detour {
    std::size_t from = 0;  ///< position in the chain
    int cut = 0;           ///< steps that it replaces
    std::vector<int> through;
    double score = 0.0;
  };

  /// Replaces a piece of the chain by a longer way through free qubits that leaves few others stranded.
  bool detour(int missing, int restart, int step) {
    Detour best;
    const std::size_t size = chain_.size();
    for (std::size_t i = 0; i < size; ++i) {
      const auto parent = ways_from(chain_[i], std::min(longest_detour - 1, missing + longest_cut - 1));
      for (int cut = 1; cut <= longest_cut && at(cut) < size; ++cut) {
        if (!closed_ && i + at(cut) >= size) break;
        consider(best, i, cut, parent, closed_ ? missing : longest_detour, restart, step);
      }
    }
    if (best.through.empty()) return false;
    replace(best);
    return true;
  }

  /// parent[q] of the free qubits within `reach` steps of `from`.
  std::map<int, int> ways_from(int from, int reach) {
    std::map<int, int> parent;
    std::vector<std::pair<int, int>> queue{{from, 0}};
    for (std::size_t k = 0; k < queue.size() && queue[k].second < reach; ++k)
      for (int next : graph_.neighbours(queue[k].first)) {
        --effort_;
        if (free_[at(next)] && parent.emplace(next, queue[k].first).second)
          queue.push_back({next, queue[k].second + 1});
      }
    return parent;
  }

  void consider(Detour& best, std::size_t i, int cut, const std::map<int, int>& parent, int most, int restart,
                int step) const {
    const int from = chain_[i], to = chain_[(i + at(cut)) % chain_.size()];
    for (int last : graph_.neighbours(to)) {
      if (!parent.contains(last)) continue;
      std::vector<int> through;
      for (int q = last; q != from; q = parent.at(q)) through.push_back(q);
      const int gain = static_cast<int>(through.size()) + 1 - cut;
      if (gain <= 0 || gain > most) continue;
      std::reverse(through.begin(), through.end());
      int others = 0;
      for (int q : through) others += free_neighbours(q);
      const double inside = 2.0 * static_cast<double>(through.size() - 1);
      const double score = (others - inside) / static_cast<double>(through.size()) +
                           jitter(restart, step, from * 64 + last % 64) * (restart > 0 ? 1.0 : 0.01);
      if (best.through.empty() || score < best.score) best = {i, cut, std::move(through), score};
    }
  }

  void replace(const Detour& detour) {
    // Turned so that the piece lies behind the first qubit and does not wrap.
    if (closed_)
      std::rotate(chain_.begin(), chain_.begin() + static_cast<std::ptrdiff_t>(detour.from), chain_.end());
    const std::size_t from = closed_ ? 0 : detour.from;
    const auto first = chain_.begin() + static_cast<std::ptrdiff_t>(from) + 1;
    const auto last = first + detour.cut - 1;
    for (auto q = first; q != last; ++q) free_[at(*q)] = true;
    const auto gap = chain_.erase(first, last);
    chain_.insert(gap, detour.through.begin(), detour.through.end());
    for (int q : detour.through) free_[at(q)] = false;
  }

  const CouplingGraph& graph_;
  FreeQubits free_;
  std::vector<int> chain_;
  bool closed_;
  std::int64_t& effort_;
};

/// A shortest cycle through `start` among free qubits, or nothing: two branches of a breadth-first tree meet.
std::vector<int> shortest_cycle(const CouplingGraph& graph, const FreeQubits& free, int start) {
  std::vector<int> parent(at(graph.qubits()), -1), branch(at(graph.qubits()), -1);
  std::vector<int> queue{start};
  branch[at(start)] = start;
  for (std::size_t k = 0; k < queue.size(); ++k) {
    const int here = queue[k];
    for (int next : graph.neighbours(here)) {
      if (!free[at(next)] || next == parent[at(here)]) continue;
      if (branch[at(next)] < 0) {
        parent[at(next)] = here;
        branch[at(next)] = here == start ? next : branch[at(here)];
        queue.push_back(next);
      } else if (here != start && next != start && branch[at(next)] != branch[at(here)]) {
        std::vector<int> cycle;
        for (int q = here; q >= 0; q = parent[at(q)]) cycle.push_back(q);
        std::reverse(cycle.begin(), cycle.end());
        for (int q = next; q != start; q = parent[at(q)]) cycle.push_back(q);
        return cycle;
      }
    }
  }
  return {};
}

bool bipartite(const CouplingGraph& graph) {
  for (int a : graph.largest_part())
    for (int b : graph.neighbours(a))
      if ((graph.distance(graph.largest_part()[0], a) + graph.distance(graph.largest_part()[0], b)) % 2 == 0)
        return false;
  return true;
}

std::vector<int> free_list(const FreeQubits& free) {
  std::vector<int> list;
  for (std::size_t q = 0; q < free.size(); ++q)
    if (free[q]) list.push_back(static_cast<int>(q));
  return list;
}

int start_of(const std::vector<int>& list, int restart) {
  return list[restart == 0
                  ? 0
                  : static_cast<std::size_t>(jitter(restart, -1, 0) * static_cast<double>(list.size()))];
}

}  // namespace

std::vector<int> find_cycle(const CouplingGraph& graph, const FreeQubits& free, int length) {
  const std::vector<int> list = free_list(free);
  if (length < 3 || static_cast<int>(list.size()) < length || (length % 2 == 1 && bipartite(graph)))
    return {};
  std::int64_t left = effort;
  for (int restart = 0; restart < restarts && left > 0; ++restart) {
    std::vector<int> cycle = shortest_cycle(graph, free, start_of(list, restart));
    left -= graph.qubits();
    if (cycle.empty() || static_cast<int>(cycle.size()) > length) continue;
    GrowingChain chain(graph, free, std::move(cycle), true, left);
    if (chain.grow(length, restart)) return chain.qubits();
  }
  return {};
}

std::vector<int> find_path(const CouplingGraph& graph, const FreeQubits& free, int length) {
  const std::vector<int> list = free_list(free);
  if (static_cast<int>(list.size()) < length) return {};
  std::int64_t left = effort;
  for (int restart = 0; restart < restarts && left > 0; ++restart) {
    GrowingChain chain(graph, free, {start_of(list, restart)}, false, left);
    if (!chain.grow(length, restart)) continue;
    std::vector<int> path = chain.qubits();
    path.resize(at(length));
    return path;
  }
  return {};
}

namespace {

/// Depth-first with the condition that no two placed qubits are farther apart than in the program.
class SubgraphSearch {
 public:
  SubgraphSearch(const CouplingGraph& graph, std::span<const std::pair<int, int>> pairs, int qubits)
      : graph_(graph),
        pattern_(pattern_target(pairs, qubits), qubits),
        place_(at(qubits), -1),
        taken_(at(graph.qubits()), true) {
    for (int q : graph.largest_part()) taken_[at(q)] = false;
    std::vector<char> seen(at(qubits), false);
    // The best connected first, then along the gates.
    std::vector<int> by_degree(at(qubits));
    for (int q = 0; q < qubits; ++q) by_degree[at(q)] = q;
    std::stable_sort(by_degree.begin(), by_degree.end(), [&](int a, int b) {
      return pattern_.neighbours(a).size() > pattern_.neighbours(b).size();
    });
    for (int root : by_degree) {
      if (seen[at(root)]) continue;
      seen[at(root)] = true;
      order_.push_back(root);
      for (std::size_t k = order_.size() - 1; k < order_.size(); ++k)
        for (int next : pattern_.neighbours(order_[k]))
          if (!seen[at(next)]) {
            seen[at(next)] = true;
            order_.push_back(next);
          }
    }
  }

  std::vector<int> run() { return place_from(0) ? place_ : std::vector<int>{}; }

 private:
  static DeviceTarget pattern_target(std::span<const std::pair<int, int>> pairs, int qubits) {
    return {"program", qubits, {}, {pairs.begin(), pairs.end()}};
  }

  bool fits(int qubit, int physical) const {
    if (taken_[at(physical)] || graph_.neighbours(physical).size() < pattern_.neighbours(qubit).size())
      return false;
    for (std::size_t k = 0; k < order_.size() && place_[at(order_[k])] >= 0; ++k)
      if (pattern_.distance(qubit, order_[k]) < pattern_.qubits() &&
          graph_.distance(physical, place_[at(order_[k])]) > pattern_.distance(qubit, order_[k]))
        return false;
    return true;
  }

  bool place_from(std::size_t k) {
    if (k == order_.size()) return true;
    const int qubit = order_[k];
    std::span<const int> candidates = graph_.largest_part();
    for (int other : pattern_.neighbours(qubit))
      if (place_[at(other)] >= 0) candidates = graph_.neighbours(place_[at(other)]);
    for (int physical : candidates) {
      if (--budget_ < 0) return false;
      if (!fits(qubit, physical)) continue;
      place_[at(qubit)] = physical;
      taken_[at(physical)] = true;
      if (place_from(k + 1)) return true;
      place_[at(qubit)] = -1;
      taken_[at(physical)] = false;
    }
    return false;
  }

  const CouplingGraph& graph_;
  CouplingGraph pattern_;
  std::vector<int> order_, place_;
  FreeQubits taken_;
  int budget_ = 50'000;
};

}  // namespace

std::vector<int> find_subgraph(const CouplingGraph& graph, std::span<const std::pair<int, int>> pairs,
                               int qubits) {
  if (pairs.empty() || qubits > static_cast<int>(graph.largest_part().size())) return {};
  return SubgraphSearch(graph, pairs, qubits).run();
}

}  // namespace qmtl
