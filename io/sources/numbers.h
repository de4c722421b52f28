// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace qmtl {

/// How a table writes numbers. Both are short texts in UTF-8; no thousands: the empty text.
struct NumberFormat {
  std::string decimal = ".", thousands;
};

/// The number a text is, or false if it is not wholly one. What is too small for a double is zero, what is
/// too large is infinite.
bool parse_number(std::string_view text, double& value);
/// As above, in a table's own format; groups between thousands signs must have three digits.
bool parse_number(std::string_view text, const NumberFormat& format, double& value);

/// One text for every way to write one decimal number, exact whatever its length ("1.10", "+1.1e0" and "1.1"
/// are one); "" for what is no finite number.
std::string canonical_number(std::string_view text);

}  // namespace qmtl
