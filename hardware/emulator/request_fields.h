// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json_field.h"

namespace qmtl {

/// What a service answers instead of doing what it was asked for.
struct WireRefusal {
  int status = 400;
  int code = 0;  ///< the service's own, if it has one
  std::string message;
  std::vector<std::string> keys;  ///< of the request's body that are not understood
};

/// Parses a request's body. Throws WireRefusal (400) for anything but JSON, and for more than 64
/// levels or 12 million values.
nlohmann::json parse_request(const std::string& body);

/// A parsed body, which must stay: whatever of it does not fit is a WireRefusal (400) that names place, what
/// was expected and what was found.
SortedJsonField request_fields(const nlohmann::json& body);

/// Throws WireRefusal (400) unless the field is an object that has no other keys.
void only(const SortedJsonField& field, std::initializer_list<std::string_view> keys);

}  // namespace qmtl
