// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

/// Base64 with padding (RFC 4648, section 4).
std::string base64_encoded(std::string_view bytes);
/// The bytes of base64 with padding; nothing if the text is anything else.
std::optional<std::string> base64_decoded(std::string_view text);

/// A part of a URL or form: everything but letters, digits and - . _ ~ becomes %XX (RFC 3986, section 2.1).
std::string url_encoded(std::string_view text, std::string_view digits = "0123456789ABCDEF");

/// zlib streams (RFC 1950). Nothing if the stream is damaged, cut, followed by other bytes, or holds more
/// than `longest` bytes.
std::optional<std::string> zlib_decoded(std::string_view bytes, std::size_t longest);
std::string zlib_encoded(std::string_view bytes);

}  // namespace qmtl
