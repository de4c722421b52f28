#include "runtime/model/backbone.h"

#include <algorithm>

namespace qmtl {

template <class Real>
void Backbone<Real>::append(Chain& chain, std::unique_ptr<Layer<Real>> layer, const std::string& prefix) {
  Slot slot;
  slot.tensor = static_cast<std::uint32_t>(params_.size());
  slot.begin = count_params(params_);
  layer->append_params(prefix, params_);
  slot.size = count_params(params_) - slot.begin;
  slot.layer = std::move(layer);
  chain.push_back(std::move(slot));
}

template <class Real>
std::size_t Backbone<Real>::append_specs(Chain& chain, const std::vector<LayerSpec>& specs, std::size_t width,
                                         const std::string& prefix) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const std::string where = prefix + "." + std::to_string(i);
    for (auto& layer : make_layers<Real>(specs[i], width, layers_, where)) {
      width = layer->outputs();
      append(chain, std::move(layer), where);
    }
    ++layers_;
  }
  return width;
}

template <class Real>
Backbone<Real>::Backbone(const ModelSpec& spec, std::size_t width) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    const auto branch = std::find_if(spec.backbone.branches.begin(), spec.backbone.branches.end(),
                                     [&](const BranchSpec& b) { return b.input == spec.inputs[i]; });
    Chain chain;
    std::size_t columns = spec.input_widths[i];
    if (branch != spec.backbone.branches.end())
      columns = append_specs(chain, branch->layers, columns, "branch." + branch->input);
    branches_.push_back(std::move(chain));
    branch_widths_.push_back(columns);
    total += columns;
  }
  total = append_specs(trunk_, spec.backbone.trunk, total, "trunk");
  append(trunk_, make_dense<Real>(total, width, false), "representation");
}

template <class Real>
void Backbone<Real>::initial(const InitialValues& random, std::span<double> values) const {
  for_each_slot([&](const Slot& slot) {
    slot.layer->initial(random, slot.tensor, values.subspan(slot.begin, slot.size));
  });
}

template <class Real>
void Backbone<Real>::bind(std::span<const double> params) {
  for_each_slot([&](const Slot& slot) { slot.layer->bind(params.subspan(slot.begin, slot.size)); });
}

template <class Real>
void Backbone<Real>::run(const Chain& chain, const Pass& pass, Matrix<Real> x, Matrix<Real>& y,
                         std::vector<LayerCache<Real>>& caches) const {
  caches.resize(chain.size());
  for (std::size_t i = 0; i < chain.size(); ++i) {
    chain[i].layer->forward(pass, x, y, caches[i]);
    std::swap(x, y);
  }
  std::swap(x, y);
}

template <class Real>
void Backbone<Real>::run_back(const Chain& chain, const std::vector<LayerCache<Real>>& caches,
                              Matrix<Real> dy, Matrix<Real>* dx, std::span<double> gradient) const {
  Matrix<Real> below;
  for (std::size_t i = chain.size(); i-- > 0;) {
    Matrix<Real>* target = i > 0 || dx != nullptr ? &below : nullptr;
    chain[i].layer->backward(caches[i], dy, target, gradient.subspan(chain[i].begin, chain[i].size));
    if (target != nullptr) std::swap(dy, below);
  }
  if (dx != nullptr) *dx = std::move(dy);
}

template <class Real>
void Backbone<Real>::forward(const Pass& pass, std::span<const Matrix<Real>> inputs, Matrix<Real>& z,
                             Cache& cache) const {
  cache.branches.resize(branches_.size());
  Eigen::Index total = 0;
  for (std::size_t columns : branch_widths_) total += static_cast<Eigen::Index>(columns);
  Matrix<Real> joined(inputs[0].rows(), total), part;
  Eigen::Index column = 0;
  for (std::size_t i = 0; i < branches_.size(); ++i) {
    run(branches_[i], pass, inputs[i], part, cache.branches[i]);
    joined.middleCols(column, part.cols()) = part;
    column += part.cols();
  }
  run(trunk_, pass, std::move(joined), z, cache.trunk);
}

template <class Real>
void Backbone<Real>::backward(const Cache& cache, const Matrix<Real>& dz, std::span<double> gradient) const {
  const bool deeper =
      std::any_of(branches_.begin(), branches_.end(), [](const Chain& c) { return !c.empty(); });
  Matrix<Real> joined;
  run_back(trunk_, cache.trunk, dz, deeper ? &joined : nullptr, gradient);
  Eigen::Index column = 0;
  for (std::size_t i = 0; i < branches_.size(); ++i) {
    const auto columns = static_cast<Eigen::Index>(branch_widths_[i]);
    if (!branches_[i].empty())
      run_back(branches_[i], cache.branches[i], joined.middleCols(column, columns), nullptr, gradient);
    column += columns;
  }
}

template class Backbone<float>;
template class Backbone<double>;

}  // namespace qmtl
