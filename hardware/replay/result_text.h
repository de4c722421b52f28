// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hardware/endpoint.h"

namespace qmtl {

/// A job's results as they are kept: counts as received, what was dropped and what is missing, as JSON.
std::string result_text(const std::string& tag, const JobResult& result);
/// SHA-256 of such a text: what the journal holds of it.
std::string result_digest(const std::string& text);
/// Throws Error (data) naming `file` and what is wrong; the counts' shape is checked by check_result.
JobResult parse_result(const std::string& text, const std::string& file);

/// Throws EndpointError (malformed) naming the job's tag, sweep and row: results with other sweeps or rows
/// than the job, bitstrings that are not one character 0 or 1 for each reading, more shots than were asked
/// for, or none where nothing is said to be missing.
void check_result(const DeviceJob& job, const JobResult& result);

}  // namespace qmtl
