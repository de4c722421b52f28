// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <span>

#include "runtime/circuit/circuit.h"

/// A dense double-precision simulator that shares no code with the engine: every gate is written as the sum
/// of Kronecker products of one-qubit matrices over the whole 2^n space. Slow and obvious.
namespace qmtl::oracle {

/// Matrix of one gate on `qubits` qubits, [2^qubits, 2^qubits]; qubit 0 is the least significant bit of an
/// index.
Eigen::MatrixXcd gate_matrix(const Op& op, double angle, int qubits);

/// Outputs of one sample; with second moments also the expectation of every squared observable behind them.
Eigen::VectorXd values(const Circuit& circuit, std::span<const double> angles, std::span<const double> params,
                       bool second_moments = false);

struct Gradient {
  Eigen::VectorXd angles, params;
};

/// Gradient of sum_o cotangents[o] * values[o] for one sample, by the parameter-shift rule on every gate
/// (exact) and by linearity in the readout weights. Second moments take part if there are 2 * outputs
/// cotangents.
Gradient parameter_shift(const Circuit& circuit, std::span<const double> angles,
                         std::span<const double> params, std::span<const double> cotangents);

/// Derivative of sum_o cotangents[o] * values[o] in the direction (d_angles, d_params) by the central
/// difference of fourth order with the given step: error about step^4 * (fifth derivative) / 30 + 2 eps /
/// step.
double finite_difference(const Circuit& circuit, std::span<const double> angles,
                         std::span<const double> params, std::span<const double> cotangents,
                         std::span<const double> d_angles, std::span<const double> d_params,
                         double step = 1e-3);

}  // namespace qmtl::oracle
