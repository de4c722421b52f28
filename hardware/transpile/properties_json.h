// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hardware/properties.h"
#include "runtime/base/json_field.h"
#include "runtime/noise/backend_properties.h"

namespace qmtl {

/// Of gates that programs may hold, and as their stand-ins u2, u3, u, prx and r for pulses and ecr for cx
/// where the device lists none of its own: what they are made of.
DeviceProperties device_properties(const BackendProperties& backend);

/// The properties of an IBM backend, or the quality metrics of an IQM device (iqm_metrics.h). Throws Error
/// (data) naming `file`, place and qubit.
DeviceProperties parse_properties(std::string_view json, const std::string& file);

}  // namespace qmtl
