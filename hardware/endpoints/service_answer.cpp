// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/service_answer.h"

#include <algorithm>

#include "hardware/endpoint.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

constexpr JsonLimits answer_limits{64, std::size_t{12} << 20};

/// One error of a service: its code and its sentences.
std::string words_of(const Json& error) {
  if (error.is_string()) return error.get<std::string>();
  if (!error.is_object()) return "";
  std::string words;
  for (const char* key :
       {"code", "errorCode", "error", "message", "errorMessage", "errorDetails", "title", "solution"}) {
    const auto found = error.find(key);
    if (found == error.end()) continue;
    std::string part;
    if (found->is_string()) part = found->get<std::string>();
    if (found->is_number_integer()) part = found->dump();
    if (found->is_object()) part = words_of(*found);
    if (!part.empty()) words += (words.empty() ? "" : ": ") + part;
  }
  return words;
}

}  // namespace

SortedJsonField parse_answer(std::string_view body, const std::string& source, const Redactor& redactor) {
  JsonSource answer;
  answer.name = source;
  answer.fail = [](const std::string& message) { throw EndpointError(EndpointFault::malformed, message); };
  answer.clean = [&redactor](std::string_view text, std::size_t most) { return redactor.clean(text, most); };
  return SortedJsonField::parse(body, std::move(answer), answer_limits);
}

const std::string& identifier(const SortedJsonField& field) {
  const std::string& name = field.text();
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
  });
  if (!plain || name.empty() || name.size() > 200 || name.find("..") != std::string::npos || name == ".")
    field.wrong("an identifier of letters, digits, - and _");
  return name;
}

std::string service_words(std::string_view body, const Redactor& redactor) {
  constexpr std::size_t longest_error = 1 << 16;
  if (body.size() <= longest_error && !exceeds(body, answer_limits)) {
    const Json json = Json::parse(body, nullptr, false);
    std::string words;
    if (json.is_object() && json.contains("errors") && json["errors"].is_array())
      for (const Json& error : json["errors"]) words += (words.empty() ? "" : "; ") + words_of(error);
    if (words.empty() && !json.is_discarded()) words = words_of(json);
    if (!words.empty()) return redactor.clean(words);
  }
  return body.empty() ? "no reason given" : redactor.clean(body);
}

}  // namespace qmtl
