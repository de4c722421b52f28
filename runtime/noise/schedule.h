// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// An operation with its time slice. Slices count from 0; operations of one slice touch different qubits.
struct Timed {
  Op op;
  int moment = 0;
  bool operator==(const Timed&) const = default;
};

/// As soon as possible: every gate takes the first slice in which its qubits are free, behind all earlier
/// gates that share a qubit with it. cz gates commute with each other, so among neighbouring ones only the
/// slots count: a ring of them takes two slices (three for an odd number). This order, by slice and then by
/// the order given, is the circuit that noise acts on.
std::vector<Timed> schedule(std::span<const Op> ops, int qubits);

/// The operations that can reach the measured qubits, in order. Channels preserve traces, so that what lies
/// outside cannot change the measured qubits' state, whatever noise acts there.
std::vector<Timed> backward_cone(std::span<const Timed> timed, int qubits, std::span<const int> measured);

}  // namespace qmtl
