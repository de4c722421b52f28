// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "runtime/circuit/circuit.h"
#include "runtime/model/params.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// Initial values of the trainable numbers of `circuit` and `layout`, which are assemble(ansatz): normals of
/// the stage's deviation, as head.start and head.shared_start say; readout weights 1 / count. `tensor` keys
/// the random numbers.
///
/// Identity blocks (Grant, Wossnig, Ostaszewski and Benedetti 2019): the layers between two uploads (for a
/// task block: all its layers) are taken in pairs, the second of which undoes the first. In the first layer
/// of a pair the rotations that commute with the entangler are random, in the second they have the opposite
/// sign; all other angles are 0, and so are those of a last layer without a partner. Commuting are: without
/// an entangler the first of the listed rotations, with CZ the RZ, with CX none. The entanglers cancel where
/// every CZ occurs an even number of times: two layers of cz-line or cz-ring, four of brickwork-cz. A CZ
/// layer that is left over is diagonal, so that no Z readout right behind it sees it. Layers of CX do not
/// cancel.
/// Trained factors of inputs start at 1, whatever is asked for.
void start_circuit(const HeadSpec& head, const AnsatzSpec& ansatz, const Circuit& circuit,
                   const ParamLayout& layout, const InitialValues& random, std::uint32_t tensor,
                   std::span<double> values);

/// Throws Error (usage) that names the key where an identity start is asked for and no angles give one:
/// behind CX entanglers, except an even number of layers on two qubits.
void check_start(const HeadSpec& head, const AnsatzSpec& ansatz);

}  // namespace qmtl
