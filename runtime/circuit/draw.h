// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/circuit/circuit.h"

namespace qmtl {

struct DrawOptions {
  int width = 100;  ///< columns of the terminal; longer circuits continue below
  int qubits = 6;   ///< qubits shown of each part; the others become one line "..."
  int blocks = 1;   ///< task blocks shown, from the first
  int rows = 2;     ///< how often a part may continue below before the rest is only counted
};

/// The shared stage and the first task blocks as text (UTF-8), one wire a qubit, time to the right. RY(a3) is
/// a rotation by the sample's angle 3, RY(p3) by parameter 3; ● on both qubits is a CZ, ● and ⊕ a CX. Gates
/// are moved left as far as they commute or act on other qubits.
std::string draw(const Circuit& circuit, const DrawOptions& options = {});

}  // namespace qmtl
