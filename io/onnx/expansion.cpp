// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "io/onnx/model.h"
#include "runtime/base/error.h"
#include "runtime/circuit/plan/plan.h"
#include "runtime/model/heads/pauli_coefficients.h"

namespace qmtl {
namespace {

/// The products of cosines and sines that all parts need, each once. A node's numbers are those of the tables
/// here; node 0 is the empty product.
class ProductTable {
 public:
  int angle(const PauliAngle& angle) {
    const auto [known, added] = angles_.try_emplace(angle, static_cast<int>(angles_.size()));
    if (added) ordered_.push_back(angle);
    return known->second;
  }
  int node(int parent, int factor) {
    const auto [known, added] = known_.try_emplace({parent, factor}, static_cast<int>(nodes_.size()));
    if (added) nodes_.push_back({parent, factor, nodes_[static_cast<std::size_t>(parent)].degree + 1});
    return known->second;
  }

  struct Node {
    int parent, factor, degree;
  };
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<PauliAngle>& angles() const { return ordered_; }

 private:
  std::map<PauliAngle, int> angles_;
  std::vector<PauliAngle> ordered_;
  std::map<std::pair<int, int>, int> known_;
  std::vector<Node> nodes_{{-1, -1, 0}};
};

std::vector<int> mapped(const std::vector<int>& numbers, const std::vector<int>& map) {
  std::vector<int> out;
  for (int n : numbers) out.push_back(map[static_cast<std::size_t>(n)]);
  std::sort(out.begin(), out.end());
  return out;
}

/// One output as a sum over nodes of the table.
struct NodeSum {
  int output;
  std::vector<std::pair<int, double>> terms;
};

void append_sums(const BoundCircuit& bound, const Cone& cone, ProductTable& table,
                 std::vector<NodeSum>& sums) {
  const std::optional<PauliExpansion> expansion = expand_pauli(cone.circuit, false);
  if (!expansion) throw usage_error("a circuit was planned as Pauli strings that are too many");
  std::vector<int> angles, nodes{0};
  for (const PauliAngle& angle : expansion->sample)
    angles.push_back(
        table.angle({mapped(angle.params, cone.params), mapped(angle.angles, cone.angles), angle.constant}));
  for (std::size_t n = 1; n < expansion->nodes.size(); ++n) {
    const auto [parent, factor] = expansion->nodes[n];
    nodes.push_back(table.node(nodes[static_cast<std::size_t>(parent)],
                               2 * angles[static_cast<std::size_t>(factor / 2)] + factor % 2));
  }
  std::vector<double> params;
  for (int p : cone.params) params.push_back(bound.params[static_cast<std::size_t>(p)]);
  const std::vector<double> coefficients = pauli_coefficients(*expansion, params);
  for (std::size_t v = 0; v < cone.outputs.size(); ++v) {
    NodeSum sum{cone.outputs[v], {}};
    for (int t = expansion->first[v]; t < expansion->first[v + 1]; ++t) {
      const auto term = static_cast<std::size_t>(t);
      sum.terms.emplace_back(nodes[static_cast<std::size_t>(expansion->term_node[term])], coefficients[term]);
    }
    sums.push_back(std::move(sum));
  }
}

/// Cosines, then sines, of the table's angles: [2 angles, batch].
OnnxValue add_factors(OnnxGraph& graph, const BoundCircuit& bound, const ProductTable& table,
                      const OnnxValue& angles) {
  std::vector<WeightedColumns> rows;
  std::vector<double> constants;
  for (const PauliAngle& angle : table.angles()) {
    WeightedColumns& row = rows.emplace_back();
    for (int a : angle.angles) row.emplace_back(static_cast<std::size_t>(a), 1.0);
    double& constant = constants.emplace_back(angle.constant);
    for (int p : angle.params) constant += bound.params[static_cast<std::size_t>(p)];
  }
  const OnnxValue sums =
      graph.combine(angles, static_cast<std::size_t>(bound.circuit.angles), rows, constants);
  const OnnxValue turned = graph.transpose(sums, {1, 0});
  return graph.concat({graph.node("Cos", {turned}), graph.node("Sin", {turned})}, 0);
}

struct ProductColumns {
  OnnxValue value;                 ///< [batch, nodes but the first]
  std::vector<std::size_t> place;  ///< [nodes] column
};

/// All products, those of d factors from those of d - 1. Samples lie innermost, so that a gathered row is one
/// copy.
ProductColumns add_products(OnnxGraph& graph, const ProductTable& table, const OnnxValue& factors) {
  const auto& nodes = table.nodes();
  const auto angles = static_cast<int>(table.angles().size());
  std::vector<std::vector<std::size_t>> levels;
  for (std::size_t n = 1; n < nodes.size(); ++n) {
    const auto level = static_cast<std::size_t>(nodes[n].degree - 1);
    if (level == levels.size()) levels.emplace_back();
    levels[level].push_back(n);
  }
  ProductColumns products{{}, std::vector<std::size_t>(nodes.size(), 0)};
  std::vector<OnnxValue> values;
  std::size_t column = 0, below = 0;
  for (std::size_t l = 0; l < levels.size(); ++l) {
    std::vector<std::int64_t> factor_rows, parents;
    for (std::size_t n : levels[l]) {
      const int factor = nodes[n].factor;
      factor_rows.push_back(factor % 2 * angles + factor / 2);
      parents.push_back(
          static_cast<std::int64_t>(products.place[static_cast<std::size_t>(nodes[n].parent)] - below));
    }
    const OnnxValue last = graph.gather(factors, factor_rows, 0);
    values.push_back(l == 0 ? last : graph.multiply(graph.gather(values.back(), parents, 0), last));
    below = column;
    for (std::size_t n : levels[l]) products.place[n] = column++;
  }
  products.value = graph.transpose(graph.concat(values, 0), {1, 0});
  return products;
}

}  // namespace

OnnxOutputs add_onnx_expansions(OnnxGraph& graph, const BoundCircuit& bound, std::span<const Part> parts,
                                const OnnxValue& angles) {
  ProductTable table;
  std::vector<NodeSum> sums;
  for (const Part& part : parts) append_sums(bound, part.cone, table, sums);
  if (table.nodes().size() == 1) table.node(0, 2 * table.angle({{}, {0}}));  // outputs that are all constant
  OnnxOutputs outputs;
  std::vector<WeightedColumns> rows(sums.size());
  std::vector<double> constants(sums.size(), 0.0);
  const OnnxValue factors = add_factors(graph, bound, table, angles);
  const ProductColumns products = add_products(graph, table, factors);
  for (std::size_t o = 0; o < sums.size(); ++o) {
    outputs.numbers.push_back(sums[o].output);
    for (const auto& [node, coefficient] : sums[o].terms) {
      if (node == 0)
        constants[o] += coefficient;
      else
        rows[o].emplace_back(products.place[static_cast<std::size_t>(node)], coefficient);
    }
  }
  outputs.value = graph.combine(products.value, table.nodes().size() - 1, rows, constants);
  return outputs;
}

}  // namespace qmtl
