// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qmtl {

/// Parses JSON, keeping the order of objects. Throws Error (data) with file and place.
nlohmann::ordered_json parse_json(std::string_view text, const std::string& file);

/// As text, on one line or with so many spaces a level; bytes that are no UTF-8 are replaced.
std::string json_text(const nlohmann::ordered_json& value, int indent = -1);

/// The number, or null where it is not finite: JSON has no NaN.
nlohmann::ordered_json json_number(double value);
/// The same with six significant digits: for what is measured or drawn.
nlohmann::ordered_json json_rounded(double value);

/// A value inside a JSON file that knows its place: every error is an Error (data) that names file and field
/// ("variants[2].summary.mean"), what was expected and what was found. Refers to the parsed text, which must
/// stay. Fields that nobody asks for are ignored.
class JsonField {
 public:
  JsonField(const nlohmann::ordered_json& value, std::string file, std::string place = "")
      : value_(&value), file_(std::move(file)), place_(std::move(place)) {}

  JsonField at(const std::string& key) const;                   ///< a field that must be there
  std::optional<JsonField> find(const std::string& key) const;  ///< nothing if it is absent or null
  std::vector<JsonField> list() const;
  /// The fields of an object, in the file's order.
  std::vector<std::pair<std::string, JsonField>> members() const;

  double number() const;         ///< finite
  double number_or_nan() const;  ///< null is NaN: undefined
  std::int64_t count() const;    ///< a whole number from 0
  bool boolean() const;
  const std::string& text() const;
  std::string shown() const;  ///< whatever it is, as people would write it

  const std::string& file() const { return file_; }
  [[noreturn]] void wrong(const std::string& expected) const;

 private:
  std::string inner(const std::string& key) const { return place_.empty() ? key : place_ + "." + key; }

  const nlohmann::ordered_json* value_;
  std::string file_, place_;
};

/// Checks the fields `format` and `version` (1 .. newest) of a file's object.
void require_json_format(const JsonField& root, const std::string& format, std::int64_t newest_version);

}  // namespace qmtl
