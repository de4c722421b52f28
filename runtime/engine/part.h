// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "runtime/circuit/plan/plan.h"
#include "runtime/engine/kernels.h"
#include "runtime/engine/unitary.h"

namespace qmtl::engine {

/// One part of a plan, compiled: how a tile runs through it, and the way from a unit's sums to parameter
/// gradients.
template <class Real>
class EnginePart {
 public:
  virtual ~EnginePart() = default;

  /// Parameters of the whole circuit.
  virtual void bind(std::span<const double> params) = 0;

  /// Reals of working memory for run_tile.
  virtual std::size_t workspace(const KernelTable<Real>& kernels, bool gradient) const = 0;
  /// Writes the part's value columns; with sums also adds to angle gradients and to the sums.
  virtual void run_tile(const KernelTable<Real>& kernels, const TileData<Real>& data, UnitSums<Real>* sums,
                        Real* workspace) const = 0;

  /// Whether a tile of so many samples has amplitudes as lanes.
  virtual bool uses_amplitudes(const KernelTable<Real>&, std::size_t, LaneUse) const { return false; }

  /// Sums of a unit of so many samples, all zero.
  virtual UnitSums<Real> unit_sums(const KernelTable<Real>& kernels, std::size_t samples,
                                   LaneUse use) const = 0;
  /// What a gradient needs of a unit, as doubles that add up over units.
  virtual std::size_t sums_size() const = 0;
  virtual void add_sums(const UnitSums<Real>& unit, const Lanes<Real>& lanes, double* sums) const = 0;
  /// Adds the part's parameter gradients to `gradients` (whole circuit). Linear in the sums.
  virtual void finish(const double* sums, double* gradients) const = 0;
};

/// Whether the part's state begins with numbers of the sample.
inline bool starts_with_numbers(const Part& part) { return part.start && part.start->column >= 0; }

/// `outputs`: of the whole circuit; second moments go to columns outputs + o.
template <class Real>
std::unique_ptr<EnginePart<Real>> make_part(const Part& part, int outputs, bool second_moments,
                                            Programs& programs, const StepKernels<Real>& step);

}  // namespace qmtl::engine
