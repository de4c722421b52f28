// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/train/state.h"

namespace qmtl {

/// What training may change: `params` without what the patterns of train.frozen name. A tensor that is frozen
/// in part becomes several entries of its name, decay and part, each a range of the flat vector with the
/// shape [size]. A pattern is
/// - the name of a tensor, or the beginning of names up to a dot: "trunk" is all of trunk.0.weight, ...;
/// - "name[first:last]": the elements first .. last - 1 along the tensor's last dimension (of a matrix [d,
///   outputs]: columns).
/// Throws Error (usage) for a pattern that names nothing, and if nothing is left to train.
std::vector<ParamInfo> trained_params(const std::vector<ParamInfo>& params,
                                      const std::vector<std::string>& frozen);

std::size_t count_numbers(const std::vector<ParamInfo>& params);

}  // namespace qmtl
