// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "hardware/endpoint.h"

namespace qmtl {

/// What a job needs besides its programs.
struct IbmJobOptions {
  std::string backend, session_id;
  std::int64_t max_seconds = 0;  ///< of the device, after which the service ends the job; 0: its own limit
  bool packed_values = false;    ///< parameter values as base64(zlib(npy)) instead of lists
  bool packed_results = false;   ///< results as Qiskit's tagged objects instead of lists of samples
};

/// The body of POST /jobs for the sampler, version 2: a PUB per sweep, always [OpenQASM 3, values, shots].
/// Values have the shape [rows, inputs], inputs in the order of their names: the service sorts them. Throws
/// Error (usage) for a tag that is too long and for an angle of rzz outside [0, pi/2], which devices lack.
nlohmann::ordered_json ibm_job_body(const DeviceJob& job, const IbmJobOptions& options);

}  // namespace qmtl
