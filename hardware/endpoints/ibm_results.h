// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "hardware/endpoint.h"
#include "hardware/endpoints/service_answer.h"

namespace qmtl {

/// Results of the sampler (version 2) for a job, in either encoding: samples as hexadecimal texts, or the
/// tagged PrimitiveResult with packed bit arrays. Register "c" holds the readings, bit 0 the lowest. Programs
/// at the end that have no results become JobResult::missing. Throws EndpointError (malformed) naming the
/// place.
JobResult read_ibm_results(const SortedJsonField& answer, const DeviceJob& job);

}  // namespace qmtl
