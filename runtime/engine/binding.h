#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/engine/kernels.h"
#include "runtime/engine/operators.h"

namespace qmtl::engine {

/// One part of a plan, compiled, with the tables that follow from its parameters; and the way from a unit's
/// sums to parameter gradients.
template <class Real>
class BoundPart {
 public:
  /// `outputs`: of the whole circuit; second moments go to columns outputs + o. `complex_start`: the states
  /// that the kernels get in place of |0...0> have imaginary parts.
  BoundPart(const Part& part, int outputs, bool second_moments, bool complex_start = false);
  BoundPart(BoundPart&& other) noexcept;

  void bind(std::span<const double> params);
  const Bound<Real>& bound() const { return bound_; }

  UnitSums<Real> unit_sums(int lanes) const;
  void clear(UnitSums<Real>& sums, int lanes) const;
  /// What a gradient needs of a unit, as doubles that add up over units: gates, phases [slots][2^qubits],
  /// weights, operators.
  std::size_t sums_size() const;
  void add_sums(const UnitSums<Real>& unit, const Lanes<Real>& lanes, double* sums) const;
  /// Adds the part's parameter gradients to `gradients` (whole circuit). Linear in the sums.
  void finish(const double* sums, double* gradients) const;

 private:
  void bind_gates();
  void bind_tables();
  void bind_diagonals();
  void bind_registers();
  RegisterOperators<Real> register_of(const std::vector<int>& qubits) const;
  std::size_t weights() const;
  std::vector<double> diagonal(const std::vector<StringTerm>& terms, int positions) const;
  void add_phase_gradients(const double* phases, std::vector<double>& gradients) const;

  Cone cone_;
  BlockMethod method_;
  int outputs_;
  bool second_moments_;
  Program program_;
  std::vector<double> params_;
  Bound<Real> bound_;
  std::vector<std::vector<BlockOperator<Real>>> operators_;  ///< operator method: [registers][blocks]
};

}  // namespace qmtl::engine
