// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hardware/target.h"

namespace qmtl {

/// What of a device is to be avoided: all but the qubits of the list `only` ("": none), and the qubits and
/// couplers of the list `avoid`. A list has qubits (3), ranges (7-9) and, to be avoided, couplers (12:13)
/// between commas. Throws Error (usage) naming the option and what is wrong: other texts, qubits that the
/// device does not have, pairs that it does not couple, no qubit left.
AvoidedParts avoided_parts(const std::string& only, const std::string& avoid, const DeviceTarget& target);

}  // namespace qmtl
