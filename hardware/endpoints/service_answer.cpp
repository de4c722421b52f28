// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/service_answer.h"

#include <algorithm>
#include <cmath>

#include "hardware/endpoint.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

/// Counts before anything is built: a short text can describe very much or very deep JSON.
const char* excess(std::string_view text) {
  std::size_t depth = 0, values = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '[' || c == '{') ++depth, ++values;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (c == ',') ++values;
    if (depth > deepest_answer) return "lists inside each other";
    if (values > most_values) return "values";
  }
  return nullptr;
}

std::string described(const Json& value, const Redactor& redactor) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list of " + std::to_string(value.size());
  if (value.is_string()) return "'" + redactor.clean(value.get_ref<const std::string&>(), 60) + "'";
  return redactor.clean(value.dump(-1, ' ', true, Json::error_handler_t::replace), 60);
}

[[noreturn]] void malformed(const std::string& message) {
  throw EndpointError(EndpointFault::malformed, message);
}

/// Appends the steps from `root` to the value that is `sought` itself. Looked for only when something is
/// wrong: answers have millions of values, few of which are ever named.
bool find_place(const Json& root, const Json* sought, std::string& place) {
  if (&root == sought) return true;
  if (!root.is_structured()) return false;
  const std::size_t length = place.size();
  std::size_t index = 0;
  for (auto step = root.begin(); step != root.end(); ++step, ++index) {
    place += root.is_object() ? "." + step.key() : "[" + std::to_string(index) + "]";
    if (find_place(*step, sought, place)) return true;
    place.resize(length);
  }
  return false;
}

/// The parser's reason without its own identifier "[json.exception.parse_error.101] ".
std::string reason_of(const Json::exception& error) {
  const std::string reason = error.what();
  const std::size_t end = reason.find("] ");
  return reason.starts_with("[") && end != std::string::npos ? reason.substr(end + 2) : reason;
}

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

ServiceAnswer ServiceAnswer::parse(std::string_view body, const std::string& source,
                                   const Redactor& redactor) {
  if (const char* what = excess(body)) malformed(source + ": the answer has too many " + what);
  auto document = std::make_shared<Document>();
  document->source = source;
  document->redactor = &redactor;
  try {
    document->root = Json::parse(body);
  } catch (const Json::exception& error) {
    malformed(source + ": expected JSON: " + redactor.clean(reason_of(error), 200) + "; the answer begins '" +
              redactor.clean(body.substr(0, 4096), 80) + "'");
  }
  const Json& root = document->root;
  return {std::move(document), root};
}

void ServiceAnswer::wrong(const std::string& expected) const {
  wrong(expected, described(*value_, *document_->redactor));
}

void ServiceAnswer::wrong(const std::string& expected, const std::string& found) const {
  const Redactor& redactor = *document_->redactor;
  std::string place;
  find_place(document_->root, value_, place);
  place = redactor.clean(place.starts_with(".") ? place.substr(1) : place, 160);
  malformed(document_->source + ": " + (place.empty() ? "" : place + ": ") + "expected " + expected +
            ", found " + redactor.clean(found, 120));
}

ServiceAnswer ServiceAnswer::at(const std::string& key) const {
  const auto found = find(key);
  if (!found) wrong("the field " + key, "none");
  return *found;
}

std::optional<ServiceAnswer> ServiceAnswer::find(const std::string& key) const {
  if (!value_->is_object()) wrong("an object with the field " + key);
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return inner(*found);
}

std::optional<ServiceAnswer> ServiceAnswer::find_any(std::initializer_list<const char*> keys) const {
  for (const char* key : keys)
    if (auto found = find(key)) return found;
  return std::nullopt;
}

std::size_t ServiceAnswer::size() const {
  if (!value_->is_array()) wrong("a list");
  return value_->size();
}

ServiceAnswer ServiceAnswer::at(std::size_t index) const {
  if (index >= size()) wrong("more than " + std::to_string(index) + " elements");
  return inner((*value_)[index]);
}

std::vector<ServiceAnswer> ServiceAnswer::list() const {
  std::vector<ServiceAnswer> answers;
  answers.reserve(size());
  for (const Json& value : *value_) answers.push_back(inner(value));
  return answers;
}

std::vector<std::pair<std::string, ServiceAnswer>> ServiceAnswer::members() const {
  if (!value_->is_object()) wrong("an object");
  std::vector<std::pair<std::string, ServiceAnswer>> answers;
  for (const auto& [key, value] : value_->items()) answers.emplace_back(key, inner(value));
  return answers;
}

double ServiceAnswer::number() const {
  if (!value_->is_number()) wrong("a number");
  const double value = value_->get<double>();
  if (!std::isfinite(value)) wrong("a finite number");
  return value;
}

std::int64_t ServiceAnswer::integer(std::int64_t least, std::int64_t most) const {
  const double value = value_->is_number() ? value_->get<double>() : 0.5;
  // Above 2^53 a double no longer counts one by one.
  const bool whole = std::abs(value) <= 9007199254740992.0 && value == std::floor(value);
  if (!whole || value < static_cast<double>(least) || value > static_cast<double>(most))
    wrong("a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return static_cast<std::int64_t>(value);
}

bool ServiceAnswer::boolean() const {
  if (!value_->is_boolean()) wrong("true or false");
  return value_->get<bool>();
}

const std::string& ServiceAnswer::text() const {
  if (!value_->is_string()) wrong("a text");
  return value_->get_ref<const std::string&>();
}

const std::string& ServiceAnswer::identifier() const {
  const std::string& name = text();
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
  });
  if (!plain || name.empty() || name.size() > 200 || name.find("..") != std::string::npos || name == ".")
    wrong("an identifier of letters, digits, - and _");
  return name;
}

std::string service_words(std::string_view body, const Redactor& redactor) {
  constexpr std::size_t longest_error = 1 << 16;
  if (body.size() <= longest_error && !excess(body)) {
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
