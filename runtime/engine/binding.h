// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/engine/operators.h"
#include "runtime/engine/part.h"

namespace qmtl::engine {

/// A part that runs statevectors: its program, with the tables that follow from its parameters.
template <class Real>
class BoundPart final : public EnginePart<Real> {
 public:
  /// As make_part.
  BoundPart(const Part& part, int outputs, bool second_moments, Programs& programs,
            const StepKernels<Real>& step, const CompileOptions& options);
  BoundPart(const BoundPart&) = delete;
  BoundPart& operator=(const BoundPart&) = delete;

  const Bound<Real>& bound() const { return bound_; }
  /// Numbers in the whole circuit of the part's own parameters, and their gradients.
  const std::vector<int>& params() const { return cone_.params; }
  std::vector<double> local_gradients(const double* sums) const;
  void clear(UnitSums<Real>& sums, int lanes) const;

  void bind(std::span<const double> params) override;
  std::size_t workspace(const KernelTable<Real>& kernels, bool gradient) const override;
  void run_tile(const KernelTable<Real>& kernels, const TileData<Real>& data, UnitSums<Real>* sums,
                Real* workspace) const override;
  bool uses_amplitudes(const KernelTable<Real>& kernels, std::size_t samples, LaneUse use) const override;
  UnitSums<Real> unit_sums(const KernelTable<Real>& kernels, std::size_t samples, LaneUse use) const override;
  /// Gates, phases [slots][2^qubits], weights, operators.
  std::size_t sums_size() const override;
  void add_sums(const UnitSums<Real>& unit, const Lanes<Real>& lanes, double* sums) const override;
  void finish(const double* sums, double* gradients) const override;

 private:
  void bind_gates();
  void bind_tables();
  void bind_diagonals();
  void bind_registers();
  /// Whether tiles may run with amplitudes as lanes, which read tables of their own.
  bool has_amplitude_tables() const;
  /// Calls each(number, register, block, first value in the register) for every operator block, in parallel.
  template <class Each>
  void for_operators(const Each& each) const;
  RegisterOperators<Real> register_of(const std::vector<int>& qubits) const;
  std::size_t weights() const;
  std::vector<double> diagonal(const std::vector<StringTerm>& terms, int positions) const;

  StepKernels<Real> step_;
  Cone cone_;
  BlockMethod method_;
  int outputs_;
  bool second_moments_;
  std::shared_ptr<const Program> shared_program_;
  const Program& program_;
  std::vector<double> params_;
  Bound<Real> bound_;
  mutable std::vector<std::vector<BlockOperator<Real>>> operators_;  ///< operator method: [registers][blocks]
};

}  // namespace qmtl::engine
