// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hardware/credentials.h"
#include "runtime/base/json_field.h"

namespace qmtl {

/// Parses a service's answer, at most 64 levels and 12 million values of it. Whatever does not fit then is an
/// EndpointError (malformed) without secrets. `source` names the answer in messages ("GET https://..."), the
/// redactor must outlive it.
SortedJsonField parse_answer(std::string_view body, const std::string& source, const Redactor& redactor);

/// A name that may become part of a URL: 1 to 200 letters, digits and - _ . : without two dots.
const std::string& identifier(const SortedJsonField& field);

/// What a service says about an error, in its own words: {errors:[{code, message}]}, {error, message} and
/// their like, else the body itself. Clean for messages.
std::string service_words(std::string_view body, const Redactor& redactor);

}  // namespace qmtl
