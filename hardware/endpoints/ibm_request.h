// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "hardware/endpoint.h"

namespace qmtl {

/// The service's program that executes a job. IBM's clients have turned to the executor; the sampler is
/// announced to be removed from the service.
enum class IbmProgram : std::uint8_t { executor, sampler };

/// What a job needs besides its programs.
struct IbmJobOptions {
  std::string backend, session_id;
  IbmProgram program = IbmProgram::executor;
  std::int64_t max_seconds = 0;  ///< of the device, after which the service ends the job; 0: its own limit
  bool packed_values = false;    ///< sampler: parameter values as base64(zlib(npy)) instead of lists
  bool packed_results = false;   ///< sampler: results as Qiskit's tagged objects instead of lists of samples
};

/// The body of POST /jobs. Executor (v2.0): an item per sweep with OpenQASM 3 and a tensor of values, the
/// job's tag as passthrough_data, which comes back with the results. Sampler (version 2): a PUB per sweep,
/// always [OpenQASM 3, values, shots]. Values have the shape [rows, inputs], inputs in the order of their
/// names: the service sorts them. Throws Error (usage) for a tag that is too long and for an angle of rzz
/// outside [0, pi/2], which devices lack.
nlohmann::ordered_json ibm_job_body(const DeviceJob& job, const IbmJobOptions& options);

}  // namespace qmtl
