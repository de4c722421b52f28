// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "runtime/base/text.h"
#include "runtime/circuit/pauli/pauli.h"

namespace qmtl {
namespace {

std::string text_of(const PauliAngle& angle) {
  std::string text;
  for (int a : angle.angles) text += (text.empty() ? "a" : "+a") + std::to_string(a);
  for (int p : angle.params) text += (text.empty() ? "p" : "+p") + std::to_string(p);
  if (angle.constant != 0.0 || text.empty())
    text += (angle.constant < 0 ? "-" : text.empty() ? "" : "+") + significant(std::abs(angle.constant), 4);
  return text;
}

/// Every way from a root to the vertex, as products.
void paths(const PauliExpansion& e, int vertex, double sign, const std::string& tail, std::size_t most,
           std::vector<std::pair<double, std::string>>& out) {
  if (out.size() > most) return;
  for (const PauliRoot& root : e.roots) {
    if (root.vertex != vertex) continue;
    std::string text;
    for (int p : {root.first, root.second})
      if (p >= 0) text += "p" + std::to_string(p) + " ";
    out.emplace_back(sign * root.weight, text + tail);
  }
  for (const PauliEdge& edge : e.edges)
    if (edge.to == vertex)
      paths(e, edge.from, sign * edge.sign,
            std::string(edge.trig == Trig::cos ? "cos(" : "sin(") +
                text_of(e.constant[static_cast<std::size_t>(edge.angle)]) + ") " + tail,
            most, out);
}

}  // namespace

std::string describe_pauli(const PauliExpansion& e, std::size_t value, std::size_t most) {
  std::vector<std::pair<double, std::string>> products;
  for (const PauliLeaf& leaf : e.leaves) {
    if (leaf.term < e.first[value] || leaf.term >= e.first[value + 1]) continue;
    std::string factors;
    for (int n = e.term_node[static_cast<std::size_t>(leaf.term)]; n > 0;
         n = e.nodes[static_cast<std::size_t>(n)].parent) {
      const int factor = e.nodes[static_cast<std::size_t>(n)].factor;
      factors = (factor % 2 ? "sin(" : "cos(") + text_of(e.sample[static_cast<std::size_t>(factor / 2)]) +
                ") " + factors;
    }
    paths(e, leaf.vertex, leaf.sign, factors, most, products);
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(most, products.size()); ++i) {
    const auto& [weight, product] = products[i];
    text += weight < 0 ? (i ? "- " : "-") : (i ? "+ " : "");
    text +=
        (std::abs(weight) == 1.0 && !product.empty() ? "" : significant(std::abs(weight), 4) + " ") + product;
  }
  if (products.size() > most) text += "+ ...";
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text.empty() ? "0" : text;
}

}  // namespace qmtl
