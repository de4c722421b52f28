#pragma once

#include <string>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// Reads an explicit circuit from a JSON file:
///   {"qubits": n, "angles": A, "params": P, "shared": [op...],
///    "blocks": [{"qubits": [q...], "ops": [op...], "outputs": [[[[q...], weight]...]...]}...]}
/// op = [gate, q, "x", angle] or [gate, q, "p", parameter] for a rotation, [gate, q0, q1] for cx and cz; an
/// output is a list of Z-strings with their weights. Throws Error (data) that names file, place, what was
/// expected and found.
Circuit read_circuit(const std::string& path);

}  // namespace qmtl
