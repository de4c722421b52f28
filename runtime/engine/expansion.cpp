// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/expansion.h"

#include <numeric>

#include "runtime/base/error.h"
#include "runtime/engine/binding.h"
#include "runtime/engine/device_part.h"

namespace qmtl::engine {
namespace {

PauliExpansion expand(const Part& part, bool second_moments) {
  if (const auto& given = second_moments ? part.expansion_of_moments : part.expansion) return *given;
  std::optional<PauliExpansion> expansion = expand_pauli(part.cone.circuit, second_moments);
  if (!expansion)
    throw usage_error("plan 'pauli': an output has too many Pauli strings" +
                      std::string(second_moments ? " for the second moments that train.shots needs" : "") +
                      "; use engine.plan = \"cones\" or \"auto\", or fewer layers (circuit.layers)");
  return *std::move(expansion);
}

}  // namespace

template <class Real>
ExpansionPart<Real>::ExpansionPart(const Part& part, int outputs, bool second_moments,
                                   const KernelTable<double>& math)
    : math_(math),
      cone_(part.cone),
      expansion_(expand(part, second_moments)),
      params_(part.cone.params.size()),
      vertices_(static_cast<std::size_t>(expansion_.vertices)) {
  for (const PauliAngle& angle : expansion_.sample) {
    std::vector<int>& rows = bound_.sample_terms.emplace_back();
    for (int a : angle.angles) rows.push_back(cone_.angles[a]);
  }
  bound_.constant.resize(expansion_.sample.size());
  bound_.nodes = expansion_.nodes;
  bound_.first = expansion_.first;
  bound_.term_node = expansion_.term_node;
  bound_.coefficients.resize(expansion_.terms());
  bound_.columns = cone_.outputs;
  if (second_moments)
    for (int output : cone_.outputs) bound_.columns.push_back(output + outputs);
  std::vector<int> count(bound_.nodes.size() + 1, 0);
  for (int node : bound_.term_node) ++count[node + 1];
  std::partial_sum(count.begin(), count.end(), count.begin());
  bound_.node_first = count;
  bound_.node_terms.resize(bound_.term_node.size());
  for (std::size_t v = 0; v < bound_.columns.size(); ++v)
    for (int t = bound_.first[v]; t < bound_.first[v + 1]; ++t)
      bound_.node_terms[count[bound_.term_node[t]]++] = {t, bound_.columns[v]};
}

template <class Real>
double ExpansionPart<Real>::weight(const PauliRoot& root) const {
  double w = root.weight;
  for (int p : {root.first, root.second})
    if (p >= 0) w *= params_[p];
  return w;
}

template <class Real>
void ExpansionPart<Real>::bind(std::span<const double> params) {
  for (std::size_t i = 0; i < params_.size(); ++i) params_[i] = params[cone_.params[i]];
  const auto total = [&](const PauliAngle& angle) {
    double sum = angle.constant;
    for (int p : angle.params) sum += params_[p];
    return sum;
  };
  std::vector<double> angles;
  for (const PauliAngle& angle : expansion_.constant) angles.push_back(total(angle));
  cos_.resize(angles.size());
  sin_.resize(angles.size());
  math_.sincos(angles.data(), sin_.data(), cos_.data(), angles.size());
  for (std::size_t i = 0; i < expansion_.sample.size(); ++i)
    bound_.constant[i] = static_cast<Real>(total(expansion_.sample[i]));

  std::fill(vertices_.begin(), vertices_.end(), 0.0);
  for (const PauliRoot& root : expansion_.roots) vertices_[root.vertex] += weight(root);
  for (const PauliEdge& edge : expansion_.edges)
    vertices_[edge.to] +=
        edge.sign * (edge.trig == Trig::cos ? cos_ : sin_)[edge.angle] * vertices_[edge.from];
  std::vector<double> terms(expansion_.terms(), 0.0);
  for (const PauliLeaf& leaf : expansion_.leaves) terms[leaf.term] += leaf.sign * vertices_[leaf.vertex];
  bound_.coefficients.assign(terms.begin(), terms.end());
}

template <class Real>
std::size_t ExpansionPart<Real>::workspace(const KernelTable<Real>& kernels, bool) const {
  return kernels.expansion_workspace(bound_);
}

template <class Real>
void ExpansionPart<Real>::run_tile(const KernelTable<Real>& kernels, const TileData<Real>& data,
                                   UnitSums<Real>* sums, Real* workspace) const {
  kernels.run_expansion(bound_, data, sums, workspace);
}

template <class Real>
UnitSums<Real> ExpansionPart<Real>::unit_sums(const KernelTable<Real>&, std::size_t, LaneUse) const {
  UnitSums<Real> sums;
  sums.gate.assign(expansion_.sample.size(), 0.0);
  sums.phase.assign((expansion_.terms() + expansion_.terms() / 64 + 1) * tile, Real(0));
  return sums;
}

template <class Real>
std::size_t ExpansionPart<Real>::sums_size() const {
  return expansion_.sample.size() + expansion_.terms();
}

template <class Real>
void ExpansionPart<Real>::add_sums(const UnitSums<Real>& unit, const Lanes<Real>& lanes, double* sums) const {
  for (const double x : unit.gate) *sums++ += x;
  lanes.sum_rows(unit.phase.data(), unit.phase.size() / tile, expansion_.terms(), sums);
}

template <class Real>
void ExpansionPart<Real>::finish(const double* sums, double* gradients) const {
  std::vector<double> local(params_.size(), 0.0), bars(vertices_.size(), 0.0);
  for (std::size_t i = 0; i < expansion_.sample.size(); ++i, ++sums)
    for (int p : expansion_.sample[i].params) local[p] += *sums;
  for (const PauliLeaf& leaf : expansion_.leaves) bars[leaf.vertex] += leaf.sign * sums[leaf.term];
  std::vector<double> angles(expansion_.constant.size(), 0.0);
  for (auto edge = expansion_.edges.rbegin(); edge != expansion_.edges.rend(); ++edge) {
    const bool cosine = edge->trig == Trig::cos;
    const double c = cos_[edge->angle], s = sin_[edge->angle], bar = edge->sign * bars[edge->to];
    bars[edge->from] += (cosine ? c : s) * bar;
    angles[edge->angle] += (cosine ? -s : c) * bar * vertices_[edge->from];
  }
  for (std::size_t i = 0; i < angles.size(); ++i)
    for (int p : expansion_.constant[i].params) local[p] += angles[i];
  for (const PauliRoot& root : expansion_.roots) {
    const double bar = root.weight * bars[root.vertex];
    if (root.first >= 0) local[root.first] += bar * (root.second >= 0 ? params_[root.second] : 1.0);
    if (root.second >= 0) local[root.second] += bar * (root.first >= 0 ? params_[root.first] : 1.0);
  }
  for (std::size_t i = 0; i < local.size(); ++i) gradients[cone_.params[i]] += local[i];
}

template <class Real>
std::unique_ptr<EnginePart<Real>> make_part(const Part& part, int outputs, bool second_moments,
                                            Programs& programs, const StepKernels<Real>& step) {
  if (part.method == BlockMethod::pauli)
    return std::make_unique<ExpansionPart<Real>>(part, outputs, second_moments, step.math);
  if (part.method == BlockMethod::device)
    return std::make_unique<DevicePart<Real>>(part, outputs, second_moments);
  CompileOptions options{.complex = false, .products = !second_moments};
  if (starts_with_numbers(part)) {
    options.start = part.start->qubits;
    options.start_numbers = part.start->numbers;
  }
  return std::make_unique<BoundPart<Real>>(part, outputs, second_moments, programs, step, options);
}
template std::unique_ptr<EnginePart<float>> make_part<float>(const Part&, int, bool, Programs&,
                                                             const StepKernels<float>&);
template std::unique_ptr<EnginePart<double>> make_part<double>(const Part&, int, bool, Programs&,
                                                               const StepKernels<double>&);

template class ExpansionPart<float>;
template class ExpansionPart<double>;

}  // namespace qmtl::engine
