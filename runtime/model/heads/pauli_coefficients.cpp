// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/heads/pauli_coefficients.h"

#include "runtime/base/math.h"

namespace qmtl {

std::vector<double> pauli_coefficients(const PauliExpansion& expansion, std::span<const double> params) {
  const auto param = [&](int p) { return p < 0 ? 1.0 : params[static_cast<std::size_t>(p)]; };
  std::vector<double> vertices(static_cast<std::size_t>(expansion.vertices), 0.0);
  for (const PauliRoot& root : expansion.roots)
    vertices[static_cast<std::size_t>(root.vertex)] += root.weight * param(root.first) * param(root.second);
  for (const PauliEdge& edge : expansion.edges) {
    double angle = 0.0;
    for (int p : expansion.constant[static_cast<std::size_t>(edge.angle)].params) angle += param(p);
    vertices[static_cast<std::size_t>(edge.to)] +=
        edge.sign * (edge.trig == Trig::cos ? math::cos(angle) : math::sin(angle)) *
        vertices[static_cast<std::size_t>(edge.from)];
  }
  std::vector<double> terms(expansion.terms(), 0.0);
  for (const PauliLeaf& leaf : expansion.leaves)
    terms[static_cast<std::size_t>(leaf.term)] += leaf.sign * vertices[static_cast<std::size_t>(leaf.vertex)];
  return terms;
}

}  // namespace qmtl
