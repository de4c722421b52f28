// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "runtime/circuit/pauli/pauli.h"

namespace qmtl {

/// The coefficients of an expansion's terms [terms], given the parameters of the circuit that was expanded.
std::vector<double> pauli_coefficients(const PauliExpansion& expansion, std::span<const double> params);

}  // namespace qmtl
