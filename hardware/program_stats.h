#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "hardware/program.h"

namespace qmtl {

/// What a program asks of a device. Depths are the longest chains of gates that share qubits; readings do not
/// count.
struct ProgramStats {
  std::map<std::string, std::size_t> gates;  ///< how many of each name
  int depth = 0;
  int two_qubit_depth = 0;  ///< of two-qubit gates alone
};

ProgramStats program_stats(const DeviceProgram& program);

}  // namespace qmtl
