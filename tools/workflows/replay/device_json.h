// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "hardware/target.h"
#include "hardware/transpile/success.h"
#include "runtime/base/json_field.h"

namespace qmtl {

/// A device with all that decides how programs are written for it: the same programs follow from what is read
/// back, whatever the device says of itself by then.
nlohmann::ordered_json device_json(const DeviceTarget& target);
/// Throws the source's error naming the field.
DeviceTarget parse_device(const JsonField& root);

/// device.json in the folder of something that goes on later: what the device said when it began. Without
/// one, `now`.
DeviceTarget kept_device(const std::string& folder, const DeviceTarget& now);
/// Writes device.json, if it is not there and the device says more of itself than gates and pairs.
void keep_device(const std::string& folder, const DeviceTarget& device);

/// {"gates", "readout", "waiting", "product"}.
nlohmann::ordered_json success_json(const SuccessEstimate& success);

}  // namespace qmtl
