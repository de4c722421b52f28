// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/engine/part.h"
#include "runtime/engine/sample_device.h"

namespace qmtl::engine {

/// A part that a device computes sample by sample.
template <class Real>
class DevicePart final : public EnginePart<Real> {
 public:
  DevicePart(const Part& part, int outputs, bool second_moments);

  void bind(std::span<const double> params) override;
  std::size_t workspace(const KernelTable<Real>& kernels, bool gradient) const override;
  void run_tile(const KernelTable<Real>& kernels, const TileData<Real>& data, UnitSums<Real>* sums,
                Real* workspace) const override;
  UnitSums<Real> unit_sums(const KernelTable<Real>& kernels, std::size_t samples, LaneUse use) const override;
  std::size_t sums_size() const override;
  void add_sums(const UnitSums<Real>& unit, const Lanes<Real>& lanes, double* sums) const override;
  void finish(const double* sums, double* gradients) const override;

 private:
  std::unique_ptr<SampleDevice> device_;
  std::vector<int> angles_, params_;  ///< of the whole circuit
  std::vector<int> columns_;          ///< value columns: the outputs, then the second moments
  std::size_t outputs_;
};

}  // namespace qmtl::engine
