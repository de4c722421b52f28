// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace qmtl {

/// Parses JSON of at most 64 levels. Throws Error (data) with file and place. Json is nlohmann::ordered_json,
/// whose objects keep the text's order, or nlohmann::json, which sorts them.
template <class Json = nlohmann::ordered_json>
Json parse_json(std::string_view text, const std::string& file);
extern template nlohmann::ordered_json parse_json(std::string_view, const std::string&);
extern template nlohmann::json parse_json(std::string_view, const std::string&);

/// As text, on one line or with so many spaces a level; bytes that are no UTF-8 are replaced.
std::string json_text(const nlohmann::ordered_json& value, int indent = -1);

/// The number, or null where it is not finite: JSON has no NaN.
nlohmann::ordered_json json_number(double value);
/// The same with six significant digits: for what is measured or drawn.
nlohmann::ordered_json json_rounded(double value);

/// The parser's reason, without its own identifier, as one line of ASCII: it quotes the text, which may be
/// anything.
std::string json_reason(const nlohmann::json::exception& error);

}  // namespace qmtl
