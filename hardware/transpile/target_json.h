// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hardware/target.h"

namespace qmtl {

/// The target of an IBM backend configuration (JSON with backend_name, n_qubits, basis_gates, coupling_map;
/// other keys are left alone; a coupling_map that is null or missing couples all pairs). `file` is for
/// messages. Throws Error (data) naming file and key: no JSON, wrong types, qubits out of range.
DeviceTarget parse_target(std::string_view json, const std::string& file);

/// The device that properties of an IBM backend describe: its qubits, gates and pairs, with how well they
/// work. Throws Error (data) naming file, place and qubit.
DeviceTarget target_of_properties(std::string_view json, const std::string& file);

/// Replaces the basis by a list like "cz,rz,sx,x". Throws Error (usage) for unknown names.
void set_basis(DeviceTarget& target, std::string_view names);

/// A file with a configuration or with properties, else the name of a topology (topologies.h).
DeviceTarget find_target(const std::string& file_or_name);

}  // namespace qmtl
