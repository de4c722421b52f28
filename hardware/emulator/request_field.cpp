// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/request_field.h"

#include <algorithm>
#include <cmath>

namespace qmtl {
namespace {

constexpr int most_levels = 64;

std::string shown(const nlohmann::json& value) {
  const std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return text.size() > 60 ? text.substr(0, 60) + "..." : text;
}

}  // namespace

nlohmann::json parse_request(const std::string& body) {
  const auto shallow = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > most_levels)
      throw WireRefusal{400, 0, "expected at most " + std::to_string(most_levels) + " levels of JSON", {}};
    return true;
  };
  try {
    return nlohmann::json::parse(body, shallow);
  } catch (const nlohmann::json::exception& error) {
    throw WireRefusal{400, 0, std::string("expected JSON: ") + error.what(), {}};
  }
}

void RequestField::wrong(const std::string& expected) const {
  throw WireRefusal{
      400,
      0,
      (place_.empty() ? "body" : place_) + ": expected " + expected + ", found " + shown(*value_),
      {}};
}

std::optional<RequestField> RequestField::find(const std::string& key) const {
  if (!value_->is_object()) wrong("an object");
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return RequestField(*found, inner(key));
}

RequestField RequestField::at(const std::string& key) const {
  const auto field = find(key);
  if (!field) throw WireRefusal{400, 0, inner(key) + ": expected it, found nothing", {}};
  return *field;
}

std::vector<RequestField> RequestField::list() const {
  if (!value_->is_array()) wrong("a list");
  std::vector<RequestField> fields;
  for (std::size_t i = 0; i < value_->size(); ++i)
    fields.emplace_back((*value_)[i], place_ + "[" + std::to_string(i) + "]");
  return fields;
}

const std::string& RequestField::text() const {
  if (!value_->is_string()) wrong("a text");
  return value_->get_ref<const std::string&>();
}

bool RequestField::boolean() const {
  if (!value_->is_boolean()) wrong("true or false");
  return value_->get<bool>();
}

double RequestField::number() const {
  if (!value_->is_number()) wrong("a number");
  const double value = value_->get<double>();
  if (!std::isfinite(value)) wrong("a finite number");
  return value;
}

std::int64_t RequestField::integer(std::int64_t least, std::int64_t most) const {
  const std::string range = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  if (!value_->is_number_integer()) wrong(range);
  const double value = value_->get<double>();
  if (value < static_cast<double>(least) || value > static_cast<double>(most)) wrong(range);
  return value_->get<std::int64_t>();
}

void RequestField::only(std::initializer_list<std::string_view> keys) const {
  if (!value_->is_object()) wrong("an object");
  std::vector<std::string> unknown;
  for (const auto& [key, value] : value_->items())
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) unknown.push_back(key);
  if (unknown.empty()) return;
  throw WireRefusal{400, 0, inner(unknown[0]) + ": no such key", unknown};
}

}  // namespace qmtl
