// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one error type: qmtl::Error carries the program's exit code and what the program would print. An
// installed tree has that header in this one's place.
#include "../../../../runtime/base/error.h"
