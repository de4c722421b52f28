// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "hardware/mitigation/readout.h"

namespace qmtl {

/// A calibration as it is kept: of which device, and from when.
struct CalibrationRecord {
  std::string place, backend;  ///< EndpointInfo's
  std::int64_t time = 0;       ///< seconds since 1970 at which it was measured
  ReadoutCalibration calibration;
  bool operator==(const CalibrationRecord&) const = default;
};

/// JSON text; numbers come back to the bit.
std::string calibration_text(const CalibrationRecord& record);
/// Throws Error (data) naming `file` and the field.
CalibrationRecord parse_calibration(const std::string& text, const std::string& file);

/// Whether a record is of this device, holds all these qubits and pairs and is at most `age` seconds old.
bool still_good(const CalibrationRecord& record, const std::string& place, const std::string& backend,
                std::span<const int> qubits, std::span<const std::pair<int, int>> pairs, std::int64_t now,
                std::int64_t age);

}  // namespace qmtl
