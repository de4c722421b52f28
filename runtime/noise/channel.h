// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <complex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qmtl {

/// Row-major matrix on one or two qubits: the first dim * dim entries are used, dim = 2^arity. Basis index =
/// bit of the first qubit + 2 * bit of the second.
using SmallMatrix = std::array<std::complex<double>, 16>;
SmallMatrix scaled(SmallMatrix matrix, double factor);

/// A quantum channel on one or two qubits by its Kraus operators: rho -> sum_k K_k rho K_k^dagger.
struct Channel {
  std::string name;  ///< for messages
  int arity = 1;
  std::vector<SmallMatrix> kraus;

  int dim() const { return 1 << arity; }
};

// The channels that noise models are made of, with the definitions of Qiskit Aer's standard errors
// (qiskit_aer.noise). All throw Error (usage) that names the parameter, its range and what was found.

/// rho -> (1 - p) rho + p I / 2^arity, 0 <= p <= 4^arity / (4^arity - 1).
Channel depolarising(double p, int arity);

/// rho -> sum_P p_P P rho P over labels of I, X, Y, Z; the rightmost letter acts on the first qubit. All
/// labels have the length 1 or 2; what the probabilities leave to 1 goes to the identity.
Channel pauli_channel(std::span<const std::pair<std::string, double>> probabilities);

/// Decay of |1> with probability gamma towards the mixture diag(1 - excited, excited).
Channel amplitude_damping(double gamma, double excited = 0.0);

/// Kraus operators diag(1, sqrt(1 - lambda)), diag(0, sqrt(lambda)): coherence times sqrt(1 - lambda).
Channel phase_damping(double lambda);

/// Relaxation for a time with the constants t1, t2 <= 2 t1 (one unit for all three; infinite constants are
/// allowed): populations approach diag(1 - excited, excited) as 1 - exp(-time / t1), coherence decays as
/// exp(-time / t2). Built from its Choi matrix, which also covers t2 > t1.
Channel thermal_relaxation(double t1, double t2, double time, double excited = 0.0);

/// Any channel by its Kraus operators; checked.
Channel kraus_channel(int arity, std::vector<SmallMatrix> operators);

/// Throws Error (usage) beginning with `where` unless the channel is completely positive and trace
/// preserving: arity 1 or 2, finite entries, |sum_k K_k^dagger K_k - I| <= 1e-9 in every entry.
void check_channel(const Channel& channel, const std::string& where);

/// Average gate fidelity of the channel with the identity (Nielsen 2002): (sum_k |tr K_k|^2 + d) / (d^2 + d).
double average_fidelity(const Channel& channel);

/// The channel on Pauli coefficients r_P = tr(rho P): R_ij = tr(P_i C(P_j)) / 2^arity, row-major, 4^arity
/// rows. A row or column is numbered by (first qubit's Pauli) + 4 * (second's), I X Y Z = 0 1 2 3. The
/// first row is (1, 0, ...): trace preservation.
std::vector<double> transfer_matrix(const Channel& channel);

}  // namespace qmtl
