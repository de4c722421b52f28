// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "hardware/endpoint.h"
#include "hardware/endpoints/service_answer.h"

namespace qmtl {

/// Results of a job in the form that they have: the executor's tensors (v2.0), the sampler's samples as
/// hexadecimal texts, or its tagged PrimitiveResult with packed bit arrays. Register "c" holds the readings,
/// bit 0 the lowest. Programs at the end that have no results become JobResult::missing. Throws EndpointError
/// (malformed) naming the place.
JobResult read_ibm_results(const SortedJsonField& answer, const DeviceJob& job);

}  // namespace qmtl
