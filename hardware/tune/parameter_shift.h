// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "hardware/endpoint.h"
#include "hardware/replay/measured_values.h"
#include "hardware/split.h"

namespace qmtl {

/// Exact gradients of a program's outputs by the angles of its blocks, from executions alone: for a gate
/// exp(-i a P / 2) and any observable, d<O>/da = (<O>(a + s) - <O>(a - s)) / (2 sin s) (Mitarai et al. 2018,
/// Schuld et al. 2019). Blocks of one program do not act on what the others read, so one pair of executions
/// shifts a parameter of each: 1 + 2 k executions a sample for k parameters of the largest block, however
/// many blocks there are.
class ParameterShift {
 public:
  /// The program must have the blocks' parameters as inputs. Throws Error (usage) for a parameter that
  /// several gates or blocks use: the rule of two terms does not hold for it.
  ParameterShift(const Circuit& circuit, const HeadProgram& program);

  /// Trainable numbers of the circuit at which each sample is executed: `params` first, then pairs with
  /// shifted ones, up before down.
  std::vector<std::vector<double>> points(std::span<const double> params) const;

  /// Adds to gradient[circuit.params] from values[samples, points, outputs of the program] and
  /// cotangents[samples, outputs of the circuit] at the unshifted point. Sums over samples in order.
  void add_gradient(std::span<const ReadOutput> outputs, std::size_t samples, std::span<const double> values,
                    std::span<const double> cotangents, std::span<double> gradient) const;

 private:
  struct Shifted {
    int param, block;
    double shift;
  };
  std::vector<std::vector<Shifted>> pairs_;  ///< parameters that each pair of executions shifts
  std::vector<int> block_of_;                ///< of each of the circuit's outputs
};

/// Simultaneous perturbation (Spall 1992): two executions a sample whatever the number of parameters;
/// unbiased but for the step's square, with much more variance than shifts. `chosen` are the parameters that
/// move.
class Perturbation {
 public:
  /// Signs are a pure function of seed, step and parameter.
  Perturbation(std::span<const int> chosen, double size, std::uint64_t seed, std::int64_t step);

  /// params + size * signs, params - size * signs.
  std::vector<std::vector<double>> points(std::span<const double> params) const;

  /// Adds the estimate from the losses at both points.
  void add_gradient(double loss_up, double loss_down, std::span<double> gradient) const;

 private:
  std::vector<int> chosen_;
  std::vector<double> signs_;
  double size_;
};

/// Parameters of a program's blocks, ascending.
std::vector<int> block_params(std::span<const HeadProgram> programs);

/// A sweep of the program over samples and points: row sample * points + point. `angles` are [samples,
/// circuit angles].
Sweep point_sweep(const HeadProgram& head, const DeviceProgram& device,
                  std::span<const std::vector<double>> points, std::size_t samples,
                  std::span<const double> angles, std::size_t circuit_angles);

}  // namespace qmtl
