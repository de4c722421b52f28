// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/layers/chain.h"

namespace qmtl {

template <class Real>
void Chain<Real>::append(std::unique_ptr<Layer<Real>> layer, const std::string& prefix) {
  Slot slot;
  slot.tensor = static_cast<std::uint32_t>(params_.size());
  slot.begin = count_params(params_);
  layer->append_params(prefix, params_);
  slot.size = count_params(params_) - slot.begin;
  shape_ = layer->shape();
  slot.layer = std::move(layer);
  slots_.push_back(std::move(slot));
}

template <class Real>
void Chain<Real>::append(const std::vector<LayerSpec>& specs, LayerMaking& making, const std::string& where) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const std::string prefix = where + "." + std::to_string(i);
    for (auto& layer : make_layers<Real>(specs[i], shape_, making, prefix)) append(std::move(layer), prefix);
  }
}

template <class Real>
double Chain<Real>::cost() const {
  double sum = 0.0;
  for (const Slot& slot : slots_) sum += slot.layer->cost();
  return sum;
}

template <class Real>
void Chain<Real>::append_circuits(std::vector<LayerCircuit>& circuits) const {
  for (const Slot& slot : slots_) slot.layer->append_circuits(circuits);
}

template <class Real>
void Chain<Real>::initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const {
  for (const Slot& slot : slots_)
    slot.layer->initial(random, tensor + slot.tensor, values.subspan(slot.begin, slot.size));
}

template <class Real>
void Chain<Real>::bind(std::span<const double> params) {
  for (const Slot& slot : slots_) slot.layer->bind(params.subspan(slot.begin, slot.size));
}

template <class Real>
void Chain<Real>::forward(const Pass& pass, Matrix<Real>& x, Matrix<Real>& y,
                          std::vector<LayerCache<Real>>& caches) const {
  caches.resize(slots_.size());
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    x.swap(caches[i].input);
    slots_[i].layer->forward(pass, caches[i].input, y, caches[i]);
    x.swap(y);
  }
  x.swap(y);
}

template <class Real>
void Chain<Real>::backward(const std::vector<LayerCache<Real>>& caches, Matrix<Real> dy, Matrix<Real>* dx,
                           std::span<double> gradient) const {
  Matrix<Real> below;
  for (std::size_t i = slots_.size(); i-- > 0;) {
    Matrix<Real>* target = i > 0 || dx != nullptr ? &below : nullptr;
    slots_[i].layer->backward(caches[i], dy, target, gradient.subspan(slots_[i].begin, slots_[i].size));
    if (target != nullptr) std::swap(dy, below);
  }
  if (dx != nullptr) *dx = std::move(dy);
}

template <class Real>
void Chain<Real>::backward_last(const std::vector<LayerCache<Real>>& caches, const Matrix<Real>& dy,
                                std::span<double> gradient) const {
  slots_.back().layer->backward(caches.back(), dy, nullptr, gradient);
}

template class Chain<float>;
template class Chain<double>;

}  // namespace qmtl
