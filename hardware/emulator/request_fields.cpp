// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/request_fields.h"

namespace qmtl {

nlohmann::json parse_request(const std::string& body) {
  constexpr JsonLimits limits{64, std::size_t{12} << 20};
  if (exceeds(body, limits))
    throw WireRefusal{400,
                      0,
                      "expected at most " + std::to_string(limits.depth) + " levels and " +
                          std::to_string(limits.values) + " values of JSON",
                      {}};
  try {
    return nlohmann::json::parse(body);
  } catch (const nlohmann::json::exception& error) {
    throw WireRefusal{400, 0, "expected JSON: " + json_reason(error), {}};
  }
}

SortedJsonField request_fields(const nlohmann::json& body) {
  JsonSource request;
  request.strict_integers = true;
  request.fail = [](const std::string& message) {
    // Only what is said of the whole body names no place.
    throw WireRefusal{400, 0, (message.starts_with("expected ") ? "body: " : "") + message, {}};
  };
  return {body, std::move(request)};
}

void only(const SortedJsonField& field, std::initializer_list<std::string_view> keys) {
  const std::vector<std::string> unknown = field.keys_besides(keys);
  if (unknown.empty()) return;
  const std::string place = field.place();
  throw WireRefusal{400, 0, (place.empty() ? "" : place + ".") + unknown[0] + ": no such key", unknown};
}

}  // namespace qmtl
