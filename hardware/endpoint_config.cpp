// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoint_config.h"

#include <charconv>
#include <cmath>

namespace qmtl {
namespace {

[[noreturn]] void wrong(const std::string& file, const std::string& key, const std::string& expected,
                        const std::string& found) {
  throw usage_error(file + ": " + key + ": expected " + expected + ", found '" + found + "'");
}

template <typename Number>
Number parsed(const std::string& file, const std::string& key, const std::string& text,
              const std::string& expected) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || last != end) wrong(file, key, expected, text);
  return number;
}

}  // namespace

bool EndpointSettings::has(const std::string& key) {
  known_.insert(key);
  return values_.contains(key);
}

std::string EndpointSettings::text(const std::string& key) {
  if (!has(key)) throw usage_error(file_ + ": expected a key " + key + ", found none");
  return values_.at(key);
}

std::string EndpointSettings::text(const std::string& key, const std::string& otherwise) {
  return has(key) ? values_.at(key) : otherwise;
}

double EndpointSettings::number(const std::string& key, double otherwise) {
  if (!has(key)) return otherwise;
  const auto number = parsed<double>(file_, key, values_.at(key), "a number");
  if (!std::isfinite(number)) wrong(file_, key, "a finite number", values_.at(key));
  return number;
}

std::int64_t EndpointSettings::integer(const std::string& key, std::int64_t otherwise) {
  return has(key) ? parsed<std::int64_t>(file_, key, values_.at(key), "an integer") : otherwise;
}

bool EndpointSettings::boolean(const std::string& key, bool otherwise) {
  if (!has(key)) return otherwise;
  const std::string& text = values_.at(key);
  if (text != "true" && text != "false") wrong(file_, key, "true or false", text);
  return text == "true";
}

void EndpointSettings::finish() const {
  std::string names;
  for (const std::string& key : known_) names += (names.empty() ? "" : ", ") + key;
  for (const auto& [key, value] : values_)
    if (!known_.contains(key))
      throw usage_error(file_ + ": unknown key " + key + "; this kind of endpoint knows " + names);
}

}  // namespace qmtl
