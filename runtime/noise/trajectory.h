// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "runtime/noise/noise_model.h"
#include "runtime/noise/program.h"
#include "runtime/noise/pure_state.h"
#include "runtime/noise/random.h"

namespace qmtl {

/// A channel as trajectories use it: one Kraus operator is picked with probability <K^dagger K>, and the
/// state normalised again (Dalibard, Castin and Moelmer 1992).
struct Unravelling {
  explicit Unravelling(const Channel& channel);

  int arity;
  bool mixture;  ///< every K^dagger K is a multiple of the identity: no need to look at the state
  std::vector<double> probability;   ///< mixture only
  std::vector<SmallMatrix> kraus;    ///< mixture: the unitaries
  std::vector<SmallMatrix> effects;  ///< K^dagger K; empty for mixtures
  std::vector<bool> identity;        ///< the operator is a multiple of the identity
};

/// The operator that a channel draws in a state for a uniform u, divided by the root of its probability
/// there; nothing where that is no change.
std::optional<SmallMatrix> draw(const Unravelling& channel, const Step& step, double u,
                                const PureState& state);
/// The outcome of measuring a qubit.
bool draw_outcome(const PureState::Reduced& rho, double u);

/// A program run as pure-state trajectories: 2^peak amplitudes, in double precision. Qubits that are dropped
/// are measured, which is what tracing out means for the average.
class TrajectoryProgram {
 public:
  /// Keeps a reference to `channels`, one for each of the model's.
  TrajectoryProgram(const Program& program, const NoiseTable& noise,
                    const std::vector<Unravelling>& channels);

  void bind(std::span<const double> params) { params_.assign(params.begin(), params.end()); }

  /// Matrices of the rotations for the angles of a sample, by operation: shared by its trajectories.
  std::vector<PureState::One> rotations(std::span<const double> angles) const;

  /// Adds the probabilities of the measured qubits' bitstrings in the final state of one trajectory to
  /// sum[2^measured]; for programs that keep their measured qubits. Errors of the measurement are not
  /// included.
  void add_probabilities(std::span<const PureState::One> rotations, const NoiseRandom& random,
                         const NoiseRandom::At& at, std::span<double> sum) const;

  /// One shot of a program that releases its measured qubits: bits[i] is what is read for measured qubit i,
  /// errors included.
  void shot(std::span<const PureState::One> rotations, const NoiseRandom& random, const NoiseRandom::At& at,
            std::vector<bool>& bits) const;

 private:
  template <class Measured>
  void run(std::span<const PureState::One> rotations, const NoiseRandom& random, const NoiseRandom::At& at,
           PureState& state, Measured measured) const;

  Program program_;
  const std::vector<Unravelling>& channels_;
  std::vector<ReadoutError> readout_;
  std::vector<double> params_;
};

}  // namespace qmtl
