// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "hardware/program.h"

namespace qmtl {

/// A program without gates that reads so many qubits of its own, for readers of results.
inline DeviceProgram reading(int qubits, std::vector<int> measured) {
  DeviceProgram program;
  program.name = "reading";
  program.qubits = qubits;
  program.measured = std::move(measured);
  return program;
}

}  // namespace qmtl
