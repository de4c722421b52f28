// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace qmtl {

/// A qubit or position as an index: numbers of qubits are int everywhere, so that -1 can mean none.
inline std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace qmtl
