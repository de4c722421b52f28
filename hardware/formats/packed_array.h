// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/base/npy.h"

namespace qmtl {

/// base64(zlib(npy)): how arrays travel in the JSON of IBM's runtime, {"__type__": "ndarray"}.
std::string pack_array(const NpyArray& array);
/// Throws Error (data); the array may take at most `most` bytes.
NpyArray unpack_array(std::string_view text, std::size_t most, const std::string& name);

}  // namespace qmtl
