// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/layouts.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "hardware/transpile/embed.h"
#include "hardware/transpile/index.h"
#include "runtime/base/philox.h"

namespace qmtl {
namespace {

using Pairs = std::map<std::pair<int, int>, int>;  ///< how many gates each pair (lower, higher) has

Pairs interactions(std::span<const RoutedOp> ops) {
  Pairs pairs;
  for (const RoutedOp& op : ops)
    if (op.two_qubits()) ++pairs[std::minmax(op.op.q0, op.op.q1)];
  return pairs;
}

/// Sets of qubits that grow together.
class Union {
 public:
  explicit Union(int qubits) : root_(at(qubits)), size_(at(qubits), 1) {
    std::iota(root_.begin(), root_.end(), 0);
  }
  /// False if they are in one set already.
  bool join(int a, int b) {
    a = find(a), b = find(b);
    if (a == b) return false;
    root_[at(a)] = b;
    size_[at(b)] += size_[at(a)];
    return true;
  }
  int size(int q) { return size_[at(find(q))]; }

 private:
  int find(int q) {
    while (root_[at(q)] != q) q = root_[at(q)] = root_[at(root_[at(q)])];
    return q;
  }
  std::vector<int> root_, size_;
};

/// Logical qubits in a row, neighbours with gates between them.
struct QubitChain {
  std::vector<int> qubits;
  bool closed = false;
};

struct ProgramChains {
  std::vector<QubitChain> chains;  ///< longest first; every qubit with two-qubit gates is in one
  bool exact = true;               ///< the chains hold all pairs
};

/// Takes the pairs with the most gates while no qubit has more than two of them; what is left over are
/// chains. A chain is closed if its ends have gates and nothing else hangs on it.
ProgramChains chains_of(const Pairs& pairs, int qubits) {
  std::vector<std::pair<std::pair<int, int>, int>> sorted(pairs.begin(), pairs.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::vector<int>> links(at(qubits));
  Union linked(qubits), connected(qubits);
  for (const auto& [pair, count] : sorted) {
    const auto [a, b] = pair;
    connected.join(a, b);
    if (links[at(a)].size() > 1 || links[at(b)].size() > 1 || !linked.join(a, b)) continue;
    links[at(a)].push_back(b);
    links[at(b)].push_back(a);
  }
  ProgramChains result;
  std::vector<char> seen(at(qubits), false);
  std::size_t held = 0;
  for (int start = 0; start < qubits; ++start) {
    const bool end = links[at(start)].size() < 2 && connected.size(start) > 1;
    if (seen[at(start)] || !end) continue;
    QubitChain chain;
    for (int q = start; q >= 0;) {
      seen[at(q)] = true;
      chain.qubits.push_back(q);
      int next = -1;
      for (int other : links[at(q)])
        if (!seen[at(other)]) next = other;
      q = next;
    }
    const int size = static_cast<int>(chain.qubits.size());
    chain.closed = size > 2 && size == connected.size(start) &&
                   pairs.contains(std::minmax(chain.qubits.front(), chain.qubits.back()));
    held += chain.qubits.size() - (chain.closed ? 0 : 1);
    result.chains.push_back(std::move(chain));
  }
  std::stable_sort(result.chains.begin(), result.chains.end(), [](const QubitChain& a, const QubitChain& b) {
    return a.qubits.size() > b.qubits.size();
  });
  result.exact = held == pairs.size();
  return result;
}

/// A ring along a path, as two strands in turn: 0 | 1, n-1 | n-2, 2 | 3, n-3 | ... Half of the ring's pairs
/// are neighbours; all the others become so by one layer of swaps inside the groups.
std::vector<int> folded(int length) {
  std::vector<int> order{0};
  for (int low = 1, high = length - 1; low <= high; ++low, --high) {
    order.push_back(low % 2 == 1 ? low : high);
    if (low < high) order.push_back(low % 2 == 1 ? high : low);
  }
  return order;
}

/// Where the qubits of one chain go, or nothing.
using PlaceChain = std::function<std::optional<std::vector<int>>(const QubitChain&, const FreeQubits&)>;

std::optional<std::vector<int>> found(std::vector<int> places) {
  if (places.empty()) return std::nullopt;
  return places;
}

/// Chains one after another, then the other qubits on what is left.
std::optional<std::vector<int>> place_all(const ProgramChains& program, int qubits,
                                          const CouplingGraph& graph, const PlaceChain& place) {
  FreeQubits free(at(graph.qubits()), false);
  for (int q : graph.largest_part()) free[at(q)] = true;
  std::vector<int> layout(at(qubits), -1);
  for (const QubitChain& chain : program.chains) {
    const auto places = place(chain, free);
    if (!places) return std::nullopt;
    for (std::size_t i = 0; i < places->size(); ++i) {
      layout[at(chain.qubits[i])] = (*places)[i];
      free[at((*places)[i])] = false;
    }
  }
  int next = 0;
  for (int& physical : layout)
    if (physical < 0) {
      while (!free[at(next)]) ++next;
      physical = next++;
    }
  return layout;
}

/// On a longer cycle: `spread` the spare qubits evenly, or leave them all behind the last.
std::optional<std::vector<int>> with_spares(const std::vector<int>& cycle, std::size_t length, bool spread) {
  if (cycle.empty()) return std::nullopt;
  std::vector<int> places;
  for (std::size_t i = 0; i < length; ++i) places.push_back(cycle[spread ? i * cycle.size() / length : i]);
  return places;
}

bool all_coupled(const Pairs& pairs, const std::vector<int>& layout, const CouplingGraph& graph) {
  return std::all_of(pairs.begin(), pairs.end(), [&](const auto& entry) {
    return graph.coupled(layout[at(entry.first.first)], layout[at(entry.first.second)]);
  });
}

}  // namespace

std::vector<LayoutCandidate> layout_candidates(std::span<const RoutedOp> ops, int qubits,
                                               const CouplingGraph& graph) {
  const Pairs pairs = interactions(ops);
  std::vector<LayoutCandidate> list;
  std::vector<int> identity(at(qubits));
  std::iota(identity.begin(), identity.end(), 0);
  const auto& part = graph.largest_part();
  if (std::all_of(identity.begin(), identity.end(),
                  [&](int q) { return std::binary_search(part.begin(), part.end(), q); })) {
    if (all_coupled(pairs, identity, graph)) return {{"identity", identity}};
    list.push_back({"identity", identity});
  }

  const ProgramChains chains = chains_of(pairs, qubits);
  const auto on_path = [&](const QubitChain& chain, const FreeQubits& free) {
    return found(find_path(graph, free, static_cast<int>(chain.qubits.size())));
  };
  const auto on_cycle = [&](const QubitChain& chain, const FreeQubits& free) {
    return found(find_cycle(graph, free, static_cast<int>(chain.qubits.size())));
  };
  const auto exact = place_all(chains, qubits, graph, [&](const QubitChain& chain, const FreeQubits& free) {
    return chain.closed ? on_cycle(chain, free) : on_path(chain, free);
  });
  if (exact && chains.exact) return {{"chains", *exact}};
  if (exact) list.push_back({"chains", *exact});
  if (!chains.exact) {
    std::vector<std::pair<int, int>> wanted;
    for (const auto& [pair, count] : pairs) wanted.push_back(pair);
    std::vector<int> places = find_subgraph(graph, wanted, qubits);
    if (!places.empty()) return {{"subgraph", std::move(places)}};
  }

  const auto cycle_or = [&](const PlaceChain& otherwise) {
    return PlaceChain([&, otherwise](const QubitChain& chain, const FreeQubits& free) {
      if (!chain.closed) return on_path(chain, free);
      auto places = on_cycle(chain, free);
      return places ? places : otherwise(chain, free);
    });
  };
  const auto add = [&](const char* kind, const PlaceChain& place) {
    if (auto layout = place_all(chains, qubits, graph, place)) list.push_back({kind, std::move(*layout)});
  };
  if (std::any_of(chains.chains.begin(), chains.chains.end(),
                  [](const auto& chain) { return chain.closed; })) {
    for (bool spread : {false, true})
      add("spares", cycle_or([&](const QubitChain& chain, const FreeQubits& free) {
            constexpr int most_spares = 8;
            std::vector<int> cycle;
            const int length = static_cast<int>(chain.qubits.size());
            for (int more = 1; more <= most_spares && cycle.empty(); ++more)
              cycle = find_cycle(graph, free, length + more);
            return with_spares(cycle, chain.qubits.size(), spread);
          }));
    add("folded", cycle_or([&](const QubitChain& chain, const FreeQubits& free) {
          const auto path = on_path(chain, free);
          if (!path) return path;
          // order[i] sits at path[i]
          const std::vector<int> order = folded(static_cast<int>(path->size()));
          std::vector<int> places(path->size());
          for (std::size_t i = 0; i < order.size(); ++i) places[at(order[i])] = (*path)[i];
          return std::optional(places);
        }));
    add("line", cycle_or(on_path));
  }
  return list;
}

std::vector<int> compact_layout(std::span<const RoutedOp> ops, int qubits, const CouplingGraph& graph,
                                int variant) {
  const auto random = [&](int what, int number) {
    return philox({static_cast<std::uint32_t>(variant), static_cast<std::uint32_t>(what),
                   static_cast<std::uint32_t>(number), 1},
                  {0x656d6265u, 0x64646564u})[0];
  };
  // The device's qubits around one of them, nearest first.
  const auto& part = graph.largest_part();
  const int centre = part[random(0, 0) % part.size()];
  std::vector<int> places = part;
  std::stable_sort(places.begin(), places.end(),
                   [&](int a, int b) { return graph.distance(centre, a) < graph.distance(centre, b); });
  places.resize(at(qubits));
  std::sort(places.begin(), places.end());
  // The program's along its gates, each on the free place nearest to its placed neighbours.
  const Pairs pairs = interactions(ops);
  std::vector<std::vector<int>> all(at(qubits));
  for (const auto& [pair, count] : pairs) {
    all[at(pair.first)].push_back(pair.second);
    all[at(pair.second)].push_back(pair.first);
  }
  std::vector<int> layout(at(qubits), -1), order;
  std::vector<char> queued(at(qubits), false);
  const int first = static_cast<int>(random(1, 0) % static_cast<std::uint32_t>(qubits));
  for (int offset = 0; offset < qubits; ++offset) {
    const int root = (first + offset) % qubits;
    if (!queued[at(root)]) queued[at(root)] = true, order.push_back(root);
    for (std::size_t k = order.size() - 1; k < order.size(); ++k)
      for (int next : all[at(order[k])])
        if (!queued[at(next)]) queued[at(next)] = true, order.push_back(next);
  }
  for (int qubit : order) {
    std::size_t best = 0;
    std::pair<long, std::uint32_t> least{-1, 0};
    for (std::size_t i = 0; i < places.size(); ++i) {
      long sum = 0;
      for (int other : all[at(qubit)])
        if (layout[at(other)] >= 0) sum += graph.distance(places[i], layout[at(other)]);
      const std::pair key{sum, random(2, places[i])};
      if (least.first < 0 || key < least) best = i, least = key;
    }
    layout[at(qubit)] = places[best];
    places.erase(places.begin() + static_cast<std::ptrdiff_t>(best));
  }
  return layout;
}

}  // namespace qmtl
