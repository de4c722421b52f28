// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

bool is_zip(std::string_view bytes);

/// The .npy file called `array` (without its ending) in an NPZ archive, plain or deflated; "": the only one.
/// Throws Error (data) that names the arrays there are, or says that the archive is damaged.
/// Source: PKWARE, .ZIP File Format Specification 6.3.10
std::string npz_member(std::string_view bytes, const std::string& array, const std::string& path);

/// The names of an archive's arrays, without their ending, in its order.
std::vector<std::string> npz_names(std::string_view bytes, const std::string& path);

}  // namespace qmtl
