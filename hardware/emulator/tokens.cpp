// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/tokens.h"

#include <nlohmann/json.hpp>
#include <random>

#include "hardware/http/text_codes.h"
#include "runtime/base/hash.h"

namespace qmtl {
namespace {

/// Base64 as URLs have it (RFC 4648, section 5), without padding.
std::string base64_url(const std::string& bytes) {
  std::string text = base64_encoded(bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::string from_base64_url(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (text.size() % 4 != 0) text += '=';
  return base64_decoded(text).value_or("");
}

}  // namespace

AccessTokens::AccessTokens(double lifetime_seconds) : secret_(random_hex(64)), lifetime_(lifetime_seconds) {}

std::string AccessTokens::signature(const std::string& text) const {
  Sha256 hash;
  hash.update_text(secret_);
  hash.update_text(text);
  const auto digest = hash.digest();
  return base64_url(std::string(digest.begin(), digest.end()));
}

std::string AccessTokens::give(double now) {
  const auto issued = static_cast<std::int64_t>(now);
  const nlohmann::json header{{"alg", "HS256"}, {"typ", "JWT"}};
  const nlohmann::json payload{{"iss", "qmtl emulate"},
                               {"sub", "emulated"},
                               {"iat", issued},
                               {"exp", issued + static_cast<std::int64_t>(lifetime_)},
                               {"number", given_++}};
  const std::string text = base64_url(header.dump()) + "." + base64_url(payload.dump());
  return text + "." + signature(text);
}

bool AccessTokens::valid(const std::string& token, double now) const {
  const std::size_t first = token.find('.'), last = token.rfind('.');
  if (first == std::string::npos || first == last) return false;
  const std::string text = token.substr(0, last);
  if (!same_secret(token.substr(last + 1), signature(text))) return false;
  const auto payload = nlohmann::json::parse(from_base64_url(text.substr(first + 1)));
  return payload["exp"].get<double>() > now && payload["number"].get<std::uint64_t>() >= first_valid_;
}

bool same_secret(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) return false;
  unsigned differences = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differences |= static_cast<unsigned>(a[i] ^ b[i]);
  return differences == 0;
}

std::string random_hex(std::size_t digits) {
  std::random_device device;
  std::string text;
  while (text.size() < digits) text += "0123456789abcdef"[device() & 15];
  return text;
}

}  // namespace qmtl
