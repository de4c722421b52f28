// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// Reads the body of IBM's POST /jobs: parameters as dictionaries, nested arrays or packed numpy arrays.
/// Throws WireRefusal with the service's codes.
std::shared_ptr<EmulatedJob> read_ibm_job(const nlohmann::json& body, const EmulatorOptions& options);

/// Names and sizes of the classical registers that an OpenQASM program declares, in order.
std::vector<ClassicalRegister> classical_registers(std::string_view qasm);

}  // namespace qmtl
