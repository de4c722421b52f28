// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/layers/backbone.h"

#include <algorithm>

namespace qmtl {

template <class Real>
typename Backbone<Real>::Place Backbone<Real>::adopt(const std::vector<ParamInfo>& params) {
  const Place place{static_cast<std::uint32_t>(params_.size()), count_params(params_), count_params(params)};
  for (const ParamInfo& info : params) append_param(params_, info.name, info.shape, info.head, info.decay);
  return place;
}

template <class Real>
Backbone<Real>::Backbone(const ModelSpec& spec, std::size_t width, SimdTarget target) : trunk_(Shape()) {
  LayerMaking making{.cost = spec.cost, .target = target};
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    const auto branch = std::find_if(spec.backbone.branches.begin(), spec.backbone.branches.end(),
                                     [&](const BranchSpec& b) { return b.input == spec.inputs[i]; });
    Chain<Real> chain(input_shape(spec, i));
    if (branch != spec.backbone.branches.end())
      chain.append(branch->layers, making, "branch." + branch->input);
    shapes.push_back(chain.shape());
    branch_places_.push_back(adopt(chain.params()));
    branches_.push_back(std::move(chain));
  }
  fusion_ = make_fusion<Real>(spec, shapes);
  fusion_place_ = adopt(fusion_->params());
  trunk_ = Chain<Real>(fusion_->shape());
  trunk_.append(spec.backbone.trunk, making, "trunk");
  trunk_.append(make_dense<Real>(trunk_.shape().size(), width, false), "representation");
  trunk_place_ = adopt(trunk_.params());
}

template <class Real>
double Backbone<Real>::cost() const {
  double sum = fusion_->cost() + trunk_.cost();
  for (const Chain<Real>& branch : branches_) sum += branch.cost();
  return sum;
}

template <class Real>
std::vector<LayerCircuit> Backbone<Real>::circuits() const {
  std::vector<LayerCircuit> found;
  for (const Chain<Real>& branch : branches_) branch.append_circuits(found);
  trunk_.append_circuits(found);
  return found;
}

template <class Real>
void Backbone<Real>::initial(const InitialValues& random, std::span<double> values) const {
  for (std::size_t i = 0; i < branches_.size(); ++i)
    branches_[i].initial(random, branch_places_[i].tensor, branch_places_[i].of(values));
  fusion_->initial(random, fusion_place_.tensor, fusion_place_.of(values));
  trunk_.initial(random, trunk_place_.tensor, trunk_place_.of(values));
}

template <class Real>
void Backbone<Real>::bind(std::span<const double> params) {
  for (std::size_t i = 0; i < branches_.size(); ++i) branches_[i].bind(branch_places_[i].of(params));
  fusion_->bind(fusion_place_.of(params));
  trunk_.bind(trunk_place_.of(params));
}

template <class Real>
void Backbone<Real>::forward(const Pass& pass, std::span<Matrix<Real>> inputs, Matrix<Real>& z,
                             Cache& cache) const {
  cache.branches.resize(branches_.size());
  cache.values.resize(branches_.size());
  for (std::size_t i = 0; i < branches_.size(); ++i)
    branches_[i].forward(pass, inputs[i], cache.values[i], cache.branches[i]);
  fusion_->forward(cache.values, cache.joined, cache.fusion);
  trunk_.forward(pass, cache.joined, z, cache.trunk);
}

template <class Real>
void Backbone<Real>::backward(const Cache& cache, const Matrix<Real>& dz, std::span<double> gradient) const {
  const bool deeper = fusion_place_.size > 0 || std::any_of(branches_.begin(), branches_.end(),
                                                            [](const auto& chain) { return !chain.empty(); });
  Matrix<Real> joined;
  trunk_.backward(cache.trunk, dz, deeper ? &joined : nullptr, trunk_place_.of(gradient));
  if (!deeper) return;
  std::vector<Matrix<Real>> values;
  fusion_->backward(cache.fusion, joined, values, fusion_place_.of(gradient));
  for (std::size_t i = 0; i < branches_.size(); ++i)
    if (!branches_[i].empty())
      branches_[i].backward(cache.branches[i], std::move(values[i]), nullptr, branch_places_[i].of(gradient));
}

template <class Real>
void Backbone<Real>::backward_representation(const Cache& cache, const Matrix<Real>& dz,
                                             std::span<double> gradient) const {
  trunk_.backward_last(cache.trunk, dz, gradient);
}

template class Backbone<float>;
template class Backbone<double>;

}  // namespace qmtl
