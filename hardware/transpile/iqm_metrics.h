// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "hardware/properties.h"
#include "runtime/base/json_field.h"

namespace qmtl {

/// The quality metrics of an IQM device: {"observations": [{"dut_field", "value", "invalid"?}, ...]}, as
/// IQM's server gives them for a calibration set (with that set's own observations, where they are appended).
/// Fields that say how well qubits, prx and cz work: metrics.rb.prx.IMPLEMENTATION.QB1.fidelity,
/// metrics.irb.cz.IMPLEMENTATION.QB1__QB2.fidelity, metrics.ssro.measure.IMPLEMENTATION.QB1.error_0_to_1,
/// .error_1_to_0 and .fidelity, characterization.model.QB1.t1_time and .t2_time (seconds),
/// gates.NAME.IMPLEMENTATION.QB1.duration (seconds), each with ":key=value" behind it or not. `names` are
/// those of the qubits in their order; without them QBn is qubit n - 1. Other parts (couplers, resonators)
/// and fields are left alone. Of several implementations the best counts, as that is what the server uses.
/// Throws the source's error naming the observation.
DeviceProperties iqm_properties(const SortedJsonField& root, std::span<const std::string> names = {});

}  // namespace qmtl
