// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "hardware/mitigation/row_reading.h"
#include "hardware/split.h"

namespace qmtl {

/// The outputs that a program of split_head measures, in the order of its blocks. `params` are the circuit's
/// trainable numbers: readout weights are among them.
std::vector<ReadOutput> read_outputs(const Circuit& circuit, std::span<const double> params,
                                     const HeadProgram& head);

}  // namespace qmtl
