// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

/// What a service answers instead of doing what it was asked for.
struct WireRefusal {
  int status = 400;
  int code = 0;  ///< the service's own, if it has one
  std::string message;
  std::vector<std::string> keys;  ///< of the request's body that are not understood
};

/// Parses a request's body. Throws WireRefusal (400) for anything but JSON, and for more than 64 levels.
nlohmann::json parse_request(const std::string& body);

/// A value in a request's body that knows its place. Whatever does not fit is a WireRefusal (400) that names
/// place, what was expected and what was found. Refers to the parsed body.
class RequestField {
 public:
  explicit RequestField(const nlohmann::json& value, std::string place = "")
      : value_(&value), place_(std::move(place)) {}

  RequestField at(const std::string& key) const;
  std::optional<RequestField> find(const std::string& key) const;  ///< nothing if absent or null
  std::vector<RequestField> list() const;
  const std::string& text() const;
  bool boolean() const;
  double number() const;
  std::int64_t integer(std::int64_t least, std::int64_t most) const;
  /// An object that has no other keys.
  void only(std::initializer_list<std::string_view> keys) const;

  const nlohmann::json& json() const { return *value_; }
  const std::string& place() const { return place_; }
  [[noreturn]] void wrong(const std::string& expected) const;

 private:
  std::string inner(const std::string& key) const { return place_.empty() ? key : place_ + "." + key; }

  const nlohmann::json* value_;
  std::string place_;
};

}  // namespace qmtl
