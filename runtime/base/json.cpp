// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/json.h"

#include <cmath>
#include <cstdlib>

#include "runtime/base/error.h"
#include "runtime/base/json_field.h"
#include "runtime/base/text.h"

namespace qmtl {

template <class Json>
Json parse_json(std::string_view text, const std::string& file) {
  constexpr JsonLimits limits;
  if (exceeds(text, limits))
    throw data_error(file + ": expected at most " + std::to_string(limits.depth) +
                     " levels of JSON, found more; the file is damaged or of another kind");
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    throw data_error(file +
                     ": not valid JSON, the file is damaged or of another kind: " + json_reason(error));
  }
}

template nlohmann::ordered_json parse_json(std::string_view, const std::string&);
template nlohmann::json parse_json(std::string_view, const std::string&);

std::string json_text(const nlohmann::ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

nlohmann::ordered_json json_number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return value;
}

nlohmann::ordered_json json_rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::strtod(significant(value, 6).c_str(), nullptr);
}

std::string json_reason(const nlohmann::json::exception& error) {
  // "[json.exception.parse_error.101] parse error at line 1, ..."
  std::string reason = error.what();
  if (const std::size_t end = reason.find("] "); reason.starts_with("[") && end != std::string::npos)
    reason.erase(0, end + 2);
  return printable(reason, reason.size());
}

}  // namespace qmtl
