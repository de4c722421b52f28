// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

// What a fuzz target defines; fuzz.cpp runs it.

/// Reads any bytes; ends the program if a promise does not hold.
void fuzz_one(std::string_view input);
/// Inputs that are right, to be damaged.
std::vector<std::string> fuzz_seeds();

}  // namespace qmtl
