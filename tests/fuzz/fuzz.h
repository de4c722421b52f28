// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"

namespace qmtl {

// What a fuzz target defines; fuzz.cpp runs it.

/// Reads any bytes; ends the program if a promise does not hold.
void fuzz_one(std::string_view input);
/// Inputs that are right, to be damaged.
std::vector<std::string> fuzz_seeds();

// What targets ask for.

/// Ends the program if it does not hold.
void require(bool holds, const char* what);
/// A refusal of data that are named "input": one line of ASCII, shorter than `most`.
void check_refusal(const Error& error, std::size_t most);

}  // namespace qmtl
