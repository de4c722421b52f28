// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/device_part.h"

#include <algorithm>

namespace qmtl::engine {

template <class Real>
DevicePart<Real>::DevicePart(const Part& part, int outputs, bool second_moments)
    : device_(part.device(second_moments)),
      angles_(part.cone.angles),
      params_(part.cone.params),
      columns_(part.cone.outputs),
      outputs_(part.cone.outputs.size()) {
  if (second_moments)
    for (const int output : part.cone.outputs) columns_.push_back(output + outputs);
}

template <class Real>
void DevicePart<Real>::bind(std::span<const double> params) {
  std::vector<double> own;
  for (const int param : params_) own.push_back(params[static_cast<std::size_t>(param)]);
  device_->bind(own);
}

template <class Real>
std::size_t DevicePart<Real>::workspace(const KernelTable<Real>&, bool) const {
  return 0;
}

template <class Real>
void DevicePart<Real>::run_tile(const KernelTable<Real>&, const TileData<Real>& data, UnitSums<Real>* sums,
                                Real*) const {
  constexpr std::size_t rows = tile;
  std::vector<double> angles(angles_.size()), values(columns_.size()), cotangents(outputs_),
      slopes(angles_.size());
  for (std::size_t s = 0; s < data.samples; ++s) {
    const std::size_t number = data.first_sample + s;
    const SampleKey key{data.keys.seed, data.keys.step,
                        data.keys.samples ? data.keys.samples[number] : number};
    for (std::size_t a = 0; a < angles.size(); ++a)
      angles[a] = static_cast<double>(data.angles[static_cast<std::size_t>(angles_[a]) * rows + s]);
    if (!data.cotangents) {
      device_->forward(key, angles, values);
    } else {
      for (std::size_t o = 0; o < outputs_; ++o)
        cotangents[o] =
            static_cast<double>(data.cotangents[static_cast<std::size_t>(columns_[o]) * rows + s]);
      device_->vjp(key, angles, cotangents, values, slopes, sums->gate);
      for (std::size_t a = 0; a < angles.size(); ++a)
        data.angle_gradients[static_cast<std::size_t>(angles_[a]) * rows + s] += static_cast<Real>(slopes[a]);
    }
    for (std::size_t v = 0; v < values.size(); ++v)
      data.values[static_cast<std::size_t>(columns_[v]) * rows + s] = static_cast<Real>(values[v]);
  }
}

template <class Real>
UnitSums<Real> DevicePart<Real>::unit_sums(const KernelTable<Real>&, std::size_t, LaneUse) const {
  UnitSums<Real> sums;
  sums.gate.assign(device_->sums_size(), 0.0);
  return sums;
}

template <class Real>
std::size_t DevicePart<Real>::sums_size() const {
  return device_->sums_size();
}

template <class Real>
void DevicePart<Real>::add_sums(const UnitSums<Real>& unit, const Lanes<Real>&, double* sums) const {
  for (const double x : unit.gate) *sums++ += x;
}

template <class Real>
void DevicePart<Real>::finish(const double* sums, double* gradients) const {
  std::vector<double> own(params_.size(), 0.0);
  device_->finish({sums, device_->sums_size()}, own);
  for (std::size_t i = 0; i < own.size(); ++i) gradients[params_[i]] += own[i];
}

template class DevicePart<float>;
template class DevicePart<double>;

}  // namespace qmtl::engine
