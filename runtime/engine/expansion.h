// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/engine/part.h"

namespace qmtl::engine {

/// A part that is evaluated as a Pauli expansion: no statevector. The coefficients of its terms follow from
/// the parameters once per step.
template <class Real>
class ExpansionPart final : public EnginePart<Real> {
 public:
  ExpansionPart(const Part& part, int outputs, bool second_moments, const KernelTable<double>& math);

  void bind(std::span<const double> params) override;
  std::size_t workspace(const KernelTable<Real>& kernels, bool gradient) const override;
  void run_tile(const KernelTable<Real>& kernels, const TileData<Real>& data, UnitSums<Real>* sums,
                Real* workspace) const override;
  UnitSums<Real> unit_sums(const KernelTable<Real>& kernels, std::size_t samples, LaneUse use) const override;
  /// Sample angles, terms.
  std::size_t sums_size() const override;
  void add_sums(const UnitSums<Real>& unit, const Lanes<Real>& lanes, double* sums) const override;
  void finish(const double* sums, double* gradients) const override;

 private:
  double weight(const PauliRoot& root) const;

  const KernelTable<double>& math_;
  Cone cone_;
  PauliExpansion expansion_;
  BoundExpansion<Real> bound_;
  std::vector<double> params_, cos_, sin_;  ///< of the part; cosines and sines of the constant angles
  std::vector<double> vertices_;            ///< [vertices] coefficients
};

}  // namespace qmtl::engine
