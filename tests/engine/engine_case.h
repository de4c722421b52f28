// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/engine/engine.h"

/// One circuit with its inputs and the oracle's answers, and the body that compares an engine with them.
namespace qmtl::test {

/// A problem: angles and cotangents of `samples` samples (row-major) that are exact in float, and what the
/// oracle says. Every array of one sample is a row, so that the first rows are a problem of their own.
struct Problem {
  /// Angles or parameters that are one number: [of a half, of the half undone]. An engine may give the sum of
  /// their gradients to either.
  using Ties = std::vector<std::array<std::size_t, 2>>;

  AnsatzSpec spec;
  Circuit circuit;
  bool second_moments = false;
  std::size_t samples = 0;
  std::vector<double> angles, params, cotangents;
  Ties tied_angles, tied_params;
  std::vector<double> values;           ///< [samples, columns]
  std::vector<double> angle_gradients;  ///< [samples, angles]
  std::vector<double> param_gradients;  ///< [samples, params]: each sample's own part
  std::vector<double> d_angles, d_params,
      directional;  ///< a random direction and each sample's derivative in it

  double uses = 1;  ///< how often the angle or parameter is used that is used most

  std::size_t columns() const;
  bool trained_weights() const;
};

Problem make_problem(const AnsatzSpec& spec, std::size_t samples, bool second_moments, std::uint64_t seed);
/// The same with angles given, [samples, spec.angles()], and parameters if there are any in `params`.
Problem make_problem(const AnsatzSpec& spec, const std::vector<double>& angles, bool second_moments,
                     std::uint64_t seed, const std::vector<double>& params = {});

/// The same for a circuit; angles are [samples, circuit.angles].
Problem make_problem(const Circuit& circuit, const std::vector<double>& angles, bool second_moments,
                     std::uint64_t seed, const std::vector<double>& params = {});

template <class Real>
struct Answer {
  std::vector<Real> values, angle_gradients;
  std::vector<double> param_gradients;
  bool operator==(const Answer&) const = default;
};

/// Runs the first `batch` samples of the problem; checks that the cotangent callback sees whole tiles in
/// order.
template <class Real>
Answer<Real> run(const Engine<Real>& engine, const Problem& problem, std::size_t batch);

/// An engine bound to the problem's parameters.
template <class Real>
Engine<Real> make_engine(const Problem& problem, PlanKind plan, SimdTarget target = SimdTarget::best);

/// The comparison; failures print the circuit, plan, precision, target and batch.
template <class Real>
void check_against_oracle(const Problem& problem, const Answer<Real>& answer, std::size_t batch);

}  // namespace qmtl::test
