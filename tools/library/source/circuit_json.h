// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "runtime/model/heads/head_function.h"

namespace qmtl {

/// What TaskHead::circuit() documents, of a head that has one.
nlohmann::ordered_json circuit_json(const HeadFunction& head);

}  // namespace qmtl
