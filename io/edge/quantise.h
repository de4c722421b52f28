// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "io/edge/model.h"

namespace qmtl {

enum class EdgePacking : std::uint8_t { none, int8, int16 };
EdgePacking parse_edge_packing(std::string_view text);

/// Packs the weights of dense and convolution layers into whole numbers with a scale for each output;
/// activations stay float. The scales are calibrated on `x`, whole samples one after another: each is the one
/// of several that makes the expected square error of its output smallest, given the mean squares of what the
/// layer gets from them.
void quantise(EdgeModel& model, EdgePacking packing, std::span<const float> x);

}  // namespace qmtl
