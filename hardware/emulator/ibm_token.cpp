// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "hardware/emulator/ibm_service.h"
#include "hardware/emulator/routes.h"

namespace qmtl {
namespace {

/// The fields of a form, decoded.
std::map<std::string, std::string> form_fields(const std::string& body) {
  std::map<std::string, std::string> fields;
  std::size_t at = 0;
  const auto decoded = [](const std::string& text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
      unsigned value = 0;
      const char* digits = text.data() + i + 1;
      if (text[i] == '%' && i + 2 < text.size() &&
          std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
        plain += static_cast<char>(value);
        i += 2;
      } else {
        plain += text[i] == '+' ? ' ' : text[i];
      }
    }
    return plain;
  };
  while (at < body.size()) {
    const std::size_t end = std::min(body.find('&', at), body.size());
    const std::string pair = body.substr(at, end - at);
    const std::size_t sign = std::min(pair.find('='), pair.size());
    fields[decoded(pair.substr(0, sign))] = sign < pair.size() ? decoded(pair.substr(sign + 1)) : "";
    at = end + 1;
  }
  return fields;
}

}  // namespace

WireReply IbmService::give_token(EmulatorCall& call) {
  const auto fields = form_fields(call.request.body);
  const auto field = [&](const char* key) { return fields.contains(key) ? fields.at(key) : ""; };
  const auto wrong = [](const char* code, const char* message) {
    return json_reply(400, {{"errorCode", code}, {"errorMessage", message}, {"errorDetails", ""}});
  };
  if (field("grant_type") != "urn:ibm:params:oauth:grant-type:apikey")
    return wrong("BXNIM0109E", "Property missing or empty: grant_type");
  if (!same_secret(field("apikey"), emulation_.options().token))
    return wrong("BXNIM0415E", "Provided API key could not be found.");
  const double now = emulation_.now(), lifetime = emulation_.tokens().lifetime();
  return json_reply(200, {{"access_token", emulation_.tokens().give(now)},
                          {"refresh_token", "not_supported"},
                          {"token_type", "Bearer"},
                          {"expires_in", static_cast<std::int64_t>(lifetime)},
                          {"expiration", static_cast<std::int64_t>(now + lifetime)},
                          {"scope", "ibm openid"}});
}

}  // namespace qmtl
