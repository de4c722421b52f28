// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// Reads the body of IonQ's POST /jobs: a circuit, several, or OpenQASM 3. Children of a job with several
/// circuits get ids made from its own. Throws WireRefusal; a program that is wrong in itself makes a job that
/// has failed, as the service's preflight does.
std::shared_ptr<EmulatedJob> read_ionq_job(const nlohmann::json& body, const std::string& id,
                                           const EmulatorOptions& options);

/// Names of the backends; "simulator" is the first.
std::span<const std::string_view> ionq_backends();
/// Throws WireRefusal (404) for another.
void check_ionq_backend(const std::string& backend);

}  // namespace qmtl
