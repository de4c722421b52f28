// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hardware/endpoint.h"
#include "hardware/endpoints/service_answer.h"

namespace qmtl {

/// A device of IQM as its server describes it. Numbers of qubits are places in the chip's list of names,
/// which calibrations do not change.
struct IqmDevice {
  std::vector<std::string> qubits;
  std::vector<std::pair<int, int>> coupling;  ///< pairs that are calibrated for cz, of usable qubits
  std::set<int> usable;                       ///< calibrated for prx and measure
};

/// From the static architecture [{qubits, ...}] and the dynamic one {gates: {name: {implementations: {name:
/// {loci}}}}}, what is calibrated now. Throws EndpointError: malformed, or refused for a device whose qubits
/// are coupled by resonators (MOVE gates), or of which nothing is calibrated.
IqmDevice read_iqm_device(const SortedJsonField& chip, const SortedJsonField& calibrated);

/// measurement_counts of a job: for each circuit {measurement_keys: ["c"], counts: {bits: count}}, the first
/// character the first qubit of the measurement. `heralded`: shots may be missing, those are dropped. Throws
/// EndpointError (malformed).
JobResult read_iqm_counts(const SortedJsonField& answer, const DeviceJob& job, bool heralded);

}  // namespace qmtl
