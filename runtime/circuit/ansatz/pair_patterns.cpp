// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "runtime/base/names.h"
#include "runtime/circuit/layers.h"

namespace qmtl {
namespace {

constexpr Names<LayerEncoding> encodings{"encoding", {"none", "amplitude"}};
constexpr Names<PairPattern> patterns{"pattern",
                                      {"line", "reverse-line", "ring", "circular", "step", "pairwise",
                                       "bricks", "sca", "full", "all-to-all", "star"}};

}  // namespace

std::vector<std::pair<int, int>> pattern_pairs(PairPattern pattern, int range, int qubits, int layer) {
  std::vector<std::pair<int, int>> pairs;
  const auto every = [&](int first, int step) {
    for (int i = first; i + 1 < qubits; i += step) pairs.push_back({i, i + 1});
  };
  switch (pattern) {
    case PairPattern::line:
      every(0, 1);
      break;
    case PairPattern::reverse_line:
      for (int i = qubits - 2; i >= 0; --i) pairs.push_back({i, i + 1});
      break;
    case PairPattern::ring:
      every(0, 1);
      if (qubits > 2) pairs.push_back({qubits - 1, 0});
      break;
    case PairPattern::circular:
      if (qubits > 2) pairs.push_back({qubits - 1, 0});
      every(0, 1);
      break;
    case PairPattern::step:
      for (int i = 0; i < qubits; ++i)
        if (const int other = (i + range) % qubits; other != i) pairs.push_back({i, other});
      break;
    case PairPattern::pairwise:
      every(0, 2);
      every(1, 2);
      break;
    case PairPattern::bricks:
      every(layer % 2, 2);
      break;
    case PairPattern::sca: {
      if (qubits > 2) pairs.push_back({qubits - 1, 0});
      every(0, 1);
      const auto count = static_cast<std::ptrdiff_t>(pairs.size());
      if (count > 0) std::rotate(pairs.begin(), pairs.end() - layer % count, pairs.end());
      if (layer % 2 == 1)
        for (auto& [a, b] : pairs) std::swap(a, b);
      break;
    }
    case PairPattern::full:
      for (int i = 0; i < qubits; ++i)
        for (int j = i + 1; j < qubits; ++j) pairs.push_back({i, j});
      break;
    case PairPattern::all_to_all:
      for (int i = qubits - 1; i >= 0; --i)
        for (int j = qubits - 1; j >= 0; --j)
          if (i != j) pairs.push_back({i, j});
      break;
    case PairPattern::star:
      for (int i = 1; i < qubits; ++i) pairs.push_back({0, i});
      break;
  }
  return pairs;
}

std::string_view name(LayerEncoding value) { return encodings.name(value); }
LayerEncoding parse_layer_encoding(std::string_view text) { return encodings.parse(text); }
std::string_view name(PairPattern value) { return patterns.name(value); }
PairPattern parse_pattern(std::string_view text) { return patterns.parse(text); }

}  // namespace qmtl
