// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/order.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace qmtl {
namespace {

/// Beyond these sizes fewer candidates are tried, so that wide circuits are ordered in linear time.
constexpr std::size_t max_starts = 24, max_candidates = 24;

/// The cone as chains of operations per qubit, and how far each has been run.
class Search {
 public:
  Search(std::span<const Timed> cone, int qubits, std::span<const int> kept)
      : cone_(cone),
        chain_(static_cast<std::size_t>(qubits)),
        kept_(static_cast<std::size_t>(qubits), false) {
    for (std::size_t i = 0; i < cone.size(); ++i) {
      chain_[at(cone[i].op.q0)].push_back(static_cast<int>(i));
      if (cone[i].op.q1 >= 0) chain_[at(cone[i].op.q1)].push_back(static_cast<int>(i));
    }
    for (int qubit : kept) kept_[at(qubit)] = true;
    for (int q = 0; q < qubits; ++q)
      if (!chain_[at(q)].empty() && !kept_[at(q)]) droppable_.push_back(q);
    clear();
  }

  const std::vector<int>& droppable() const { return droppable_; }

  /// Runs everything; `first` is finished first if it is a qubit (-1: free choice).
  Order run(int first) {
    clear();
    std::vector<int> waiting = droppable_;
    while (!waiting.empty()) {
      int chosen = first;
      if (chosen < 0) chosen = best_of(waiting);
      first = -1;
      for (int op : ancestors(chosen)) step(op);
      std::erase_if(waiting, [&](int q) { return next_[at(q)] == chain_[at(q)].size(); });
    }
    for (std::size_t i = 0; i < cone_.size(); ++i)
      if (!done_[i]) step(static_cast<int>(i));
    return order_;
  }

 private:
  static std::size_t at(int number) { return static_cast<std::size_t>(number); }

  void clear() {
    next_.assign(chain_.size(), 0);
    done_.assign(cone_.size(), false);
    live_ = 0;
    order_ = {};
  }

  int best_of(const std::vector<int>& waiting) {
    int best = -1;
    std::tuple<int, int, double> least;
    for (std::size_t c = 0; c < std::min(waiting.size(), max_candidates); ++c) {
      const std::vector<int> list = ancestors(waiting[c]);
      const Order before = order_;
      const int live_before = live_;
      order_.ops.clear();
      order_.cost = 0;
      for (int op : list) step(op);
      const std::tuple<int, int, double> score{order_.peak, live_, order_.cost};
      for (auto op = list.rbegin(); op != list.rend(); ++op) undo(*op);
      order_ = before;
      live_ = live_before;
      if (best < 0 || score < least) best = waiting[c], least = score;
    }
    return best;
  }

  /// The operations not yet run that the last one of a qubit needs, itself included, in order.
  std::vector<int> ancestors(int qubit) {
    std::vector<int> found, stack{chain_[at(qubit)].back()};
    std::vector<bool>& seen = seen_;
    seen.resize(cone_.size(), false);
    while (!stack.empty()) {
      const int op = stack.back();
      stack.pop_back();
      if (done_[at(op)] || seen[at(op)]) continue;
      seen[at(op)] = true;
      found.push_back(op);
      for (int q : {cone_[at(op)].op.q0, cone_[at(op)].op.q1}) {
        if (q < 0) continue;
        const auto& chain = chain_[at(q)];
        const auto here = std::lower_bound(chain.begin(), chain.end(), op);
        if (here != chain.begin()) stack.push_back(*(here - 1));
      }
    }
    for (int op : found) seen[at(op)] = false;
    std::sort(found.begin(), found.end());
    return found;
  }

  void step(int number) {
    const Op& op = cone_[at(number)].op;
    for (int q : {op.q0, op.q1})
      if (q >= 0 && next_[at(q)] == 0) ++live_;
    order_.peak = std::max(order_.peak, live_);
    order_.cost += std::pow(4.0, live_);
    order_.ops.push_back(number);
    done_[at(number)] = true;
    for (int q : {op.q0, op.q1})
      if (q >= 0 && ++next_[at(q)] == chain_[at(q)].size() && !kept_[at(q)]) --live_;
  }

  void undo(int number) {
    const Op& op = cone_[at(number)].op;
    done_[at(number)] = false;
    for (int q : {op.q0, op.q1})
      if (q >= 0) --next_[at(q)];
  }

  std::span<const Timed> cone_;
  std::vector<std::vector<int>> chain_;
  std::vector<bool> kept_;
  std::vector<int> droppable_;
  std::vector<std::size_t> next_;  ///< operations run of each qubit's chain
  std::vector<bool> done_, seen_;
  int live_ = 0;
  Order order_;
};

}  // namespace

Order find_order(std::span<const Timed> cone, int qubits, std::span<const int> kept) {
  Search search(cone, qubits, kept);
  Order best = search.run(-1);
  if (search.droppable().size() <= max_starts)
    for (int first : search.droppable()) {
      Order other = search.run(first);
      if (std::tie(other.peak, other.cost) < std::tie(best.peak, best.cost)) best = std::move(other);
    }
  return best;
}

}  // namespace qmtl
