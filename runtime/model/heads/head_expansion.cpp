// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/heads/head_expansion.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "runtime/circuit/cones/cones.h"
#include "runtime/model/heads/pauli_coefficients.h"

namespace qmtl {
namespace {

std::vector<int> mapped(const std::vector<int>& numbers, const std::vector<int>& map) {
  std::vector<int> out;
  for (const int n : numbers) out.push_back(map[static_cast<std::size_t>(n)]);
  std::sort(out.begin(), out.end());
  return out;
}

/// Collects the products of several blocks, each product once for every logit.
class Writer {
 public:
  Writer(const BoundHead& head, std::size_t columns)
      : params_(bound_params(head.circuit, head.trained)), sums_(columns) {
    made_.constants.assign(columns, 0.0);
    made_.nodes.push_back({-1, -1});
  }

  /// Adds weight * output of a block that was expanded alone to a logit.
  void add(const Cone& cone, const PauliExpansion& expansion, std::size_t output, std::size_t column,
           double weight) {
    std::vector<double> params;
    for (const int p : cone.params) params.push_back(params_[static_cast<std::size_t>(p)]);
    const std::vector<double> coefficients = pauli_coefficients(expansion, params);
    for (int t = expansion.first[output]; t < expansion.first[output + 1]; ++t) {
      const auto term = static_cast<std::size_t>(t);
      std::vector<int> factors;
      for (int n = expansion.term_node[term]; n > 0;) {
        const PauliNode node = expansion.nodes[static_cast<std::size_t>(n)];
        const PauliAngle& angle = expansion.sample[static_cast<std::size_t>(node.factor / 2)];
        factors.push_back(2 * number_of({mapped(angle.params, cone.params), mapped(angle.angles, cone.angles),
                                         angle.constant}) +
                          node.factor % 2);
        n = node.parent;
      }
      std::sort(factors.begin(), factors.end());
      if (factors.empty())
        made_.constants[column] += weight * coefficients[term];
      else
        sums_[column][factors] += weight * coefficients[term];
    }
  }

  HeadExpansion finish(const Circuit& circuit) && {
    const auto coordinates = coordinates_of_angles(circuit);
    for (std::size_t column = 0; column < sums_.size(); ++column)
      for (const auto& [factors, coefficient] : sums_[column]) {
        if (coefficient == 0.0) continue;
        std::set<int> seen;
        for (const int factor : factors)
          for (const int a : made_.angles[static_cast<std::size_t>(factor / 2)].angles)
            seen.insert(coordinates[static_cast<std::size_t>(a)].begin(),
                        coordinates[static_cast<std::size_t>(a)].end());
        made_.terms.push_back(
            {column, coefficient, node_of(factors), factors, static_cast<int>(seen.size()),
             coefficient * coefficient * std::ldexp(1.0, -static_cast<int>(factors.size()))});
      }
    return std::move(made_);
  }

 private:
  int number_of(const PauliAngle& angle) {
    const auto [known, added] = angles_.try_emplace(angle, static_cast<int>(made_.angles.size()));
    if (added) {
      HeadExpansion::Angle bound{angle.angles, angle.constant, !angle.params.empty()};
      for (const int p : angle.params) bound.phase += params_[static_cast<std::size_t>(p)];
      made_.angles.push_back(std::move(bound));
    }
    return known->second;
  }

  int node_of(const std::vector<int>& factors) {
    int node = 0;
    for (const int factor : factors) {
      const auto [known, added] = nodes_.try_emplace({node, factor}, static_cast<int>(made_.nodes.size()));
      if (added) made_.nodes.push_back({node, factor});
      node = known->second;
    }
    return node;
  }

  std::vector<double> params_;
  std::vector<std::map<std::vector<int>, double>> sums_;  ///< of each logit: coefficient of its products
  std::map<PauliAngle, int> angles_;
  std::map<std::pair<int, int>, int> nodes_;
  HeadExpansion made_;
};

}  // namespace

void HeadExpansion::terms_of(std::span<const double> sample, std::span<double> values) const {
  std::vector<double> factors, products(nodes.size(), 1.0);
  for (const Angle& angle : angles) {
    double sum = angle.phase;
    for (const int a : angle.angles) sum += sample[static_cast<std::size_t>(a)];
    factors.push_back(std::cos(sum));
    factors.push_back(std::sin(sum));
  }
  for (std::size_t n = 1; n < nodes.size(); ++n)
    products[n] = products[static_cast<std::size_t>(nodes[n].parent)] *
                  factors[static_cast<std::size_t>(nodes[n].factor)];
  for (std::size_t t = 0; t < terms.size(); ++t)
    values[t] = terms[t].coefficient * products[static_cast<std::size_t>(terms[t].node)];
}

std::optional<HeadExpansion> expand_head(const BoundHead& head, std::size_t first_column, std::size_t columns,
                                         std::size_t limit) {
  // The outputs of a block are expanded together: they share most of their strings.
  struct Use {
    std::size_t output, column;
    double weight;
  };
  const std::vector<int> begin = output_begin(head.circuit);
  std::map<int, std::vector<Use>> uses;
  Writer writer(head, columns);
  std::vector<double> biases;
  for (std::size_t c = 0; c < columns; ++c) {
    const ReadoutColumn& column = head.readout.columns[first_column + c];
    biases.push_back(column.bias);
    for (std::size_t i = 0; i < column.outputs.size(); ++i) {
      const auto output = static_cast<int>(column.outputs[i]);
      const auto block =
          static_cast<int>(std::upper_bound(begin.begin(), begin.end(), output) - begin.begin()) - 1;
      uses[block].push_back({static_cast<std::size_t>(output - begin[static_cast<std::size_t>(block)]), c,
                             column.weights[i] / head.readout.divisor});
    }
  }
  for (const auto& [block, of_block] : uses) {
    const Cone cone = restrict_blocks(head.circuit, block, block + 1);
    const std::optional<PauliExpansion> expansion = expand_pauli(cone.circuit, false, limit);
    if (!expansion) return std::nullopt;
    for (const Use& use : of_block) writer.add(cone, *expansion, use.output, use.column, use.weight);
  }
  HeadExpansion made = std::move(writer).finish(head.circuit);
  for (std::size_t c = 0; c < columns; ++c) made.constants[c] += biases[c];
  return made;
}

std::vector<std::vector<int>> coordinates_of_angles(const Circuit& circuit) {
  std::vector<std::vector<int>> all(static_cast<std::size_t>(circuit.angles));
  for (std::size_t a = 0; a < all.size(); ++a) {
    if (circuit.angle_of.empty()) {
      all[a] = {static_cast<int>(a)};
      continue;
    }
    std::set<int> seen;
    for (const Monomial& term : circuit.angle_of[a].terms)
      for (const int input : term.inputs) {
        if (input < circuit.sample_inputs()) seen.insert(input);
        for (const AmplitudeEncoding& encoding : circuit.encodings)
          if (input >= encoding.first && input < encoding.first + encoding.rotations())
            seen.insert(encoding.of.begin(), encoding.of.end());
      }
    all[a].assign(seen.begin(), seen.end());
  }
  return all;
}

}  // namespace qmtl
