// SPDX-License-Identifier: Apache-2.0
#include "io/files/json_fields.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// What is there, cut to a length that fits into a message.
std::string described(const nlohmann::ordered_json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list of " + std::to_string(value.size());
  std::string text = json_text(value);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

}  // namespace

nlohmann::ordered_json parse_json(std::string_view text, const std::string& file) {
  try {
    return nlohmann::ordered_json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    std::string reason = error.what();
    // The library puts its own identifier before the reason: "[json.exception.parse_error.101] ...".
    if (const std::size_t end = reason.find("] "); reason.starts_with("[") && end != std::string::npos)
      reason.erase(0, end + 2);
    // It quotes the text, which may be anything: a message stays one readable line.
    std::replace_if(
        reason.begin(), reason.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    throw data_error(file + ": not valid JSON, the file is damaged or of another kind: " + reason);
  }
}

std::string json_text(const nlohmann::ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

nlohmann::ordered_json json_number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return value;
}

nlohmann::ordered_json json_rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  char digits[40];
  std::snprintf(digits, sizeof digits, "%.6g", value);
  return std::strtod(digits, nullptr);
}

void JsonField::wrong(const std::string& expected) const {
  throw data_error(file_ + ": " + (place_.empty() ? "" : place_ + ": ") + "expected " + expected +
                   ", found " + described(*value_));
}

JsonField JsonField::at(const std::string& key) const {
  if (!value_->is_object()) wrong("an object with the field " + key);
  const auto found = value_->find(key);
  if (found == value_->end())
    throw data_error(file_ + ": expected the field " + inner(key) +
                     ", found none; the file is incomplete or of another version");
  return {*found, file_, inner(key)};
}

std::optional<JsonField> JsonField::find(const std::string& key) const {
  if (!value_->is_object()) wrong("an object");
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return JsonField(*found, file_, inner(key));
}

std::vector<JsonField> JsonField::list() const {
  if (!value_->is_array()) wrong("a list");
  std::vector<JsonField> fields;
  for (std::size_t i = 0; i < value_->size(); ++i)
    fields.emplace_back((*value_)[i], file_, place_ + "[" + std::to_string(i) + "]");
  return fields;
}

std::vector<std::pair<std::string, JsonField>> JsonField::members() const {
  if (!value_->is_object()) wrong("an object");
  std::vector<std::pair<std::string, JsonField>> fields;
  for (const auto& [key, value] : value_->items())
    fields.emplace_back(key, JsonField(value, file_, inner(key)));
  return fields;
}

double JsonField::number() const {
  if (!value_->is_number()) wrong("a number");
  return value_->get<double>();
}

double JsonField::number_or_nan() const {
  return value_->is_null() ? std::numeric_limits<double>::quiet_NaN() : number();
}

std::int64_t JsonField::count() const {
  const double value = value_->is_number() ? value_->get<double>() : -1;
  // Above 2^53 a double no longer counts one by one.
  if (!(value >= 0) || value > 9007199254740992.0 || value != std::floor(value))
    wrong("a whole number from 0");
  return static_cast<std::int64_t>(value);
}

bool JsonField::boolean() const {
  if (!value_->is_boolean()) wrong("true or false");
  return value_->get<bool>();
}

const std::string& JsonField::text() const {
  if (!value_->is_string()) wrong("a text");
  return value_->get_ref<const std::string&>();
}

std::string JsonField::shown() const {
  if (value_->is_string()) return value_->get<std::string>();
  return json_text(*value_);
}

void require_json_format(const JsonField& root, const std::string& format, std::int64_t newest_version) {
  const JsonField field = root.at("format");
  if (field.text() != format) field.wrong("\"" + format + "\"");
  const JsonField version = root.at("version");
  if (version.count() < 1 || version.count() > newest_version)
    version.wrong("a version from 1 to " + std::to_string(newest_version) +
                  " (a newer one needs a newer program)");
}

}  // namespace qmtl
