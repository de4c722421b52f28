// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/model/data.h"
#include "runtime/train/state.h"

namespace qmtl {

// Values as bytes, for messages between the ranks of one job (which run the same program on the same kind of
// machine: numbers travel as they lie in memory). Nothing is written to files in this form.

/// The whole data set, hash included.
std::string to_bytes(const Dataset& data);
/// Throws Error (data) if the bytes are not what to_bytes made.
Dataset dataset_from_bytes(const std::string& bytes);

std::string to_bytes(const TrainState& state);
TrainState state_from_bytes(const std::string& bytes);

std::string to_bytes(const Statistics& statistics);
Statistics statistics_from_bytes(const std::string& bytes);

}  // namespace qmtl
