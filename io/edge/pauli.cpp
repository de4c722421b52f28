// SPDX-License-Identifier: Apache-2.0
#include "io/edge/pauli.h"

#include <algorithm>

#include "runtime/model/heads/pauli_coefficients.h"

namespace qmtl {
EdgePauli::EdgePauli(const PauliExpansion& expansion, const std::vector<double>& params) {
  for (const PauliAngle& angle : expansion.sample) {
    StringAngle sum;
    sum.constant = angle.constant;
    for (int a : angle.angles) sum.angles[a] += 1.0;
    for (int p : angle.params) sum.constant += params[static_cast<std::size_t>(p)];
    sums_.push_back(std::move(sum));
  }
  const std::vector<double> coefficients = pauli_coefficients(expansion, params);
  const std::size_t values = expansion.first.size() - 1;
  constants_.assign(values, 0.0);
  std::vector<std::vector<Leaf>> leaves(expansion.nodes.size());
  for (std::size_t v = 0; v < values; ++v)
    for (auto t = static_cast<std::size_t>(expansion.first[v]);
         t < static_cast<std::size_t>(expansion.first[v + 1]); ++t) {
      const int node = expansion.term_node[t];
      if (node == 0)
        constants_[v] += coefficients[t];
      else
        leaves[static_cast<std::size_t>(node)].push_back({static_cast<std::uint32_t>(v), coefficients[t]});
    }
  std::vector<std::vector<std::size_t>> children(expansion.nodes.size());
  for (std::size_t n = 1; n < expansion.nodes.size(); ++n)
    children[static_cast<std::size_t>(expansion.nodes[n].parent)].push_back(n);
  // Depth first, with a stack of its own: (node, depth).
  std::vector<std::pair<std::size_t, std::uint32_t>> open;
  const auto open_children = [&](std::size_t node, std::uint32_t depth) {
    for (auto child = children[node].rbegin(); child != children[node].rend(); ++child)
      open.emplace_back(*child, depth);
  };
  open_children(0, 0);
  while (!open.empty()) {
    const auto [n, depth] = open.back();
    open.pop_back();
    const auto factor = static_cast<std::uint32_t>(expansion.nodes[n].factor);
    leaves_ += leaves[n].size();
    nodes_.push_back({factor / 2, (factor & 1) != 0, depth, std::move(leaves[n])});
    open_children(n, depth + 1);
  }
}

bool EdgePauli::fits() const {
  const bool shallow =
      std::all_of(nodes_.begin(), nodes_.end(), [](const TreeNode& node) { return node.depth < 255; });
  return shallow && 2 * sums_.size() <= 0x10000 && constants_.size() < 0x10000;
}

void EdgePauli::collect(EdgeAngles& angles) {
  for (const StringAngle& sum : sums_) pair_.push_back(angles.pair(sum));
}

void EdgePauli::lower(EdgeBuilder& builder, EdgeValue pairs, EdgeValue target,
                      const std::vector<EdgeReadout>& readouts, std::size_t pair_count) const {
  std::uint32_t depth = 0;
  for (const TreeNode& node : nodes_) depth = std::max(depth, node.depth + 1);
  const EdgeValue stack = builder.tensor(depth + 1);
  EdgeOp& op = builder.add(QE_PAULI, pairs.tensor == EdgeValue::none ? stack : pairs, target, stack);
  op.variant = depth;
  op.extra = static_cast<std::uint32_t>(constants_.size());
  op.b = static_cast<std::uint32_t>(2 * pair_count);
  for (std::size_t v = 0; v < constants_.size(); ++v)
    op.floats.push_back(static_cast<float>(readouts[v].start + readouts[v].factor * constants_[v]));
  std::vector<std::uint32_t> values;
  for (const TreeNode& node : nodes_) {
    const std::uint32_t word = node.depth << 24 | (2 * pair_[node.sum] + (node.sine ? 1 : 0));
    // The number of leaves has 8 bits; the same node again takes further ones.
    std::size_t first = 0;
    do {
      const std::size_t count = std::min<std::size_t>(255, node.leaves.size() - first);
      op.words.push_back(word | static_cast<std::uint32_t>(count) << 16);
      first += count;
    } while (first < node.leaves.size());
    for (const Leaf& leaf : node.leaves) {
      op.floats.push_back(static_cast<float>(readouts[leaf.value].factor * leaf.coefficient));
      values.push_back(leaf.value);
    }
  }
  op.a = static_cast<std::uint32_t>(values.size());
  op.c = static_cast<std::uint32_t>(op.words.size());
  if (values.size() % 2 != 0) values.push_back(0);
  for (std::size_t i = 0; i < values.size(); i += 2) op.words.push_back(values[i] | values[i + 1] << 16);
}

}  // namespace qmtl
