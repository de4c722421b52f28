// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hardware/credentials.h"

namespace qmtl {

/// How much JSON of a stranger is taken apart.
inline constexpr std::size_t deepest_answer = 64;                  ///< lists and objects inside each other
inline constexpr std::size_t most_values = std::size_t{12} << 20;  ///< of one answer

/// A value inside a service's JSON that knows its place. Every accessor throws EndpointError (malformed) that
/// names the answer and the place ("GET https://...: results[0].data"), what was expected and what was found,
/// without secrets. Fields that nobody asks for are ignored.
class ServiceAnswer {
 public:
  /// Parses a body. `source` names it in messages; `redactor` must outlive the answer.
  static ServiceAnswer parse(std::string_view body, const std::string& source, const Redactor& redactor);

  ServiceAnswer at(const std::string& key) const;                   ///< a field that must be there
  std::optional<ServiceAnswer> find(const std::string& key) const;  ///< nothing if it is absent or null
  /// The first of these fields that is there: services spell some in two ways.
  std::optional<ServiceAnswer> find_any(std::initializer_list<const char*> keys) const;
  std::size_t size() const;  ///< of a list
  ServiceAnswer at(std::size_t index) const;
  std::vector<ServiceAnswer> list() const;
  /// The fields of an object, sorted by name.
  std::vector<std::pair<std::string, ServiceAnswer>> members() const;

  double number() const;                                              ///< finite
  std::int64_t integer(std::int64_t least, std::int64_t most) const;  ///< a whole number
  bool boolean() const;
  const std::string& text() const;
  /// A name that may become part of a URL: 1 to 200 letters, digits and - _ . : without two dots.
  const std::string& identifier() const;

  bool is_object() const { return value_->is_object(); }
  bool is_list() const { return value_->is_array(); }
  bool is_number() const { return value_->is_number(); }
  bool is_text() const { return value_->is_string(); }
  const nlohmann::json& raw() const { return *value_; }

  [[noreturn]] void wrong(const std::string& expected) const;
  [[noreturn]] void wrong(const std::string& expected, const std::string& found) const;

 private:
  struct Document {
    nlohmann::json root;
    std::string source;
    const Redactor* redactor;
  };
  ServiceAnswer(std::shared_ptr<const Document> document, const nlohmann::json& value)
      : document_(std::move(document)), value_(&value) {}
  ServiceAnswer inner(const nlohmann::json& value) const { return {document_, value}; }

  std::shared_ptr<const Document> document_;
  const nlohmann::json* value_;
};

/// What a service says about an error, in its own words: {errors:[{code, message}]}, {error, message} and
/// their like, else the body itself. Clean for messages.
std::string service_words(std::string_view body, const Redactor& redactor);

}  // namespace qmtl
