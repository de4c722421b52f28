// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

#include "runtime/base/error.h"

namespace qmtl {

/// What is told of an exception that may come from anywhere: Errors as they are; what the machine lacks and
/// the system refuses with the way out, as data; everything else as a fault of this program.
Error any_error(const std::exception& error);

}  // namespace qmtl
