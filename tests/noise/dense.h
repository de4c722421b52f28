// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <map>
#include <string>
#include <vector>

#include "runtime/circuit/circuit.h"
#include "runtime/noise/noise_model.h"
#include "runtime/noise/schedule.h"

/// A slow, obvious simulator of noise: a dense density matrix of all qubits, gates and Pauli operators as
/// Kronecker products, every channel by what its definition says happens to the matrix elements. It shares no
/// code with runtime/noise.
namespace qmtl::noise_test {

using Density = Eigen::MatrixXcd;

/// A channel by its kind and numbers, as a user would write it.
struct Physical {
  std::string kind;  ///< depolarising, amplitude, phase, thermal, pauli
  std::vector<double> numbers;
  std::map<std::string, double> paulis;  ///< pauli: labels, rightmost letter = first qubit
};

std::string describe(const Physical& physical);
/// The library's channel of that description.
Channel make_channel(const Physical& physical, int arity);

/// The state after a channel on the listed qubits, by its definition.
Density after(const Density& rho, const Physical& physical, const std::vector<int>& qubits, int total);

/// What acts after a gate: a channel and the qubits it takes of the gate's.
struct Rule {
  Gate gate;
  std::vector<int> only;  ///< empty: anywhere
  Physical physical;
  bool both =
      false;  ///< a two-qubit channel on the whole gate; else one-qubit channels on each of its qubits
};

NoiseModel make_model(const std::vector<Rule>& rules);

/// The whole register's density matrix after the scheduled operations, all angles given per operation.
Density run(const std::vector<Timed>& timed, const std::vector<double>& op_angles, int qubits,
            const std::vector<Rule>& rules);

/// Probabilities of reading the measured qubits, bit i = measured[i], with a confusion matrix per qubit.
std::vector<double> probabilities(const Density& rho, const std::vector<int>& measured,
                                  const std::map<int, ReadoutError>& errors);

}  // namespace qmtl::noise_test
