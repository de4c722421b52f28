// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/json_field.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

[[noreturn]] void fail(const JsonSource& source, const std::string& message) {
  if (source.fail) source.fail(message);
  throw data_error(message);
}

std::string cleaned(const JsonSource& source, std::string_view text, std::size_t most) {
  if (source.clean) return source.clean(text, most);
  return std::string(text.substr(0, most)) + (text.size() > most ? "..." : "");
}

std::string prefixed(const std::string& name) { return name.empty() ? "" : name + ": "; }

template <class Json>
std::string dumped(const Json& value) {
  return value.dump(-1, ' ', true, Json::error_handler_t::replace);
}

/// What is there, cut to a length that fits into a message; what is inside lists and objects is not looked
/// at, since printing it recurses as deep as it is.
template <class Json>
std::string described(const JsonSource& source, const Json& value) {
  constexpr std::size_t most = 60;
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list of " + std::to_string(value.size());
  // A secret is found in the text itself, not where quotes in it are escaped.
  if (value.is_string() && source.clean)
    return '"' + source.clean(value.template get_ref<const std::string&>(), most) + '"';
  return cleaned(source, dumped(value), most);
}

/// The steps from `root` to the value that is `sought` itself. Only looked for when something is wrong:
/// documents have millions of values, few of which are ever named. Nothing recurses, so that depth does no
/// harm.
template <class Json>
std::string steps_to(const Json& root, const Json* sought) {
  struct Level {
    const Json* value;
    typename Json::const_iterator step;
    std::size_t index = 0;
  };
  if (&root == sought || !root.is_structured()) return "";
  std::vector<Level> levels{{&root, root.cbegin()}};
  while (!levels.empty()) {
    Level& level = levels.back();
    if (level.step == level.value->cend()) {
      levels.pop_back();
      if (!levels.empty()) ++levels.back().step, ++levels.back().index;
    } else if (&*level.step == sought) {
      std::string place;
      for (const Level& at : levels)
        place += at.value->is_object() ? "." + at.step.key() : "[" + std::to_string(at.index) + "]";
      return place;
    } else if (level.step->is_structured()) {
      const Json* inner = &*level.step;
      levels.push_back({inner, inner->cbegin()});
    } else {
      ++level.step, ++level.index;
    }
  }
  return "";
}

}  // namespace

bool exceeds(std::string_view json, JsonLimits limits) {
  std::size_t depth = 0, values = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '[' || c == '{') ++depth, ++values;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (c == ',') ++values;
    if (depth > limits.depth || values > limits.values) return true;
  }
  return false;
}

JsonSource json_file(std::string name) {
  JsonSource source;
  source.name = std::move(name);
  source.if_missing = "; the file is incomplete or of another version";
  return source;
}

template <class Json>
BasicJsonField<Json>::BasicJsonField(const Json& value, JsonSource source, std::string place)
    : document_(std::make_shared<Document>(Document{{}, &value, std::move(source), std::move(place)})),
      value_(&value) {}

template <class Json>
BasicJsonField<Json>::BasicJsonField(const Json& value, std::string file, std::string place)
    : BasicJsonField(value, json_file(std::move(file)), std::move(place)) {}

template <class Json>
BasicJsonField<Json> BasicJsonField<Json>::parse(std::string_view text, JsonSource source,
                                                 JsonLimits limits) {
  if (exceeds(text, limits))
    fail(source, prefixed(source.name) + "expected at most " + std::to_string(limits.depth) +
                     " levels of JSON and " + std::to_string(limits.values) + " values, found more");
  auto document = std::make_shared<Document>();
  try {
    document->held = Json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    fail(source, prefixed(source.name) + "expected JSON: " + cleaned(source, json_reason(error), 200) +
                     "; the text begins '" + cleaned(source, text.substr(0, 4096), 80) + "'");
  }
  document->root = &document->held;
  document->source = std::move(source);
  const Json& root = document->held;
  return {std::move(document), root};
}

template <class Json>
std::string BasicJsonField<Json>::place() const {
  std::string place = document_->place + steps_to(*document_->root, value_);
  if (place.starts_with(".")) place.erase(0, 1);
  return cleaned(document_->source, place, 160);
}

template <class Json>
void BasicJsonField<Json>::wrong(const std::string& expected) const {
  wrong(expected, described(document_->source, *value_));
}

template <class Json>
void BasicJsonField<Json>::wrong(const std::string& expected, const std::string& found) const {
  const JsonSource& source = document_->source;
  fail(source, prefixed(source.name) + prefixed(place()) + "expected " + expected + ", found " +
                   cleaned(source, found, 120));
}

template <class Json>
BasicJsonField<Json> BasicJsonField<Json>::at(const std::string& key) const {
  if (!is_object()) wrong("an object with the field " + key);
  const auto found = value_->find(key);
  if (found == value_->end()) {
    const std::string here = place();
    fail(document_->source, prefixed(document_->source.name) + "expected the field " +
                                (here.empty() ? key : here + "." + key) + ", found none" +
                                document_->source.if_missing);
  }
  return {document_, *found};
}

template <class Json>
std::optional<BasicJsonField<Json>> BasicJsonField<Json>::find(const std::string& key) const {
  if (!is_object()) wrong("an object with the field " + key);
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return BasicJsonField(document_, *found);
}

template <class Json>
std::optional<BasicJsonField<Json>> BasicJsonField<Json>::find_any(
    std::initializer_list<const char*> keys) const {
  for (const char* key : keys)
    if (auto found = find(key)) return found;
  return std::nullopt;
}

template <class Json>
std::size_t BasicJsonField<Json>::size() const {
  if (!is_list()) wrong("a list");
  return value_->size();
}

template <class Json>
BasicJsonField<Json> BasicJsonField<Json>::at(std::size_t index) const {
  if (index >= size()) wrong("more than " + std::to_string(index) + " elements");
  return {document_, (*value_)[index]};
}

template <class Json>
std::vector<BasicJsonField<Json>> BasicJsonField<Json>::list() const {
  std::vector<BasicJsonField> fields;
  fields.reserve(size());
  for (const Json& value : *value_) fields.push_back({document_, value});
  return fields;
}

template <class Json>
std::vector<std::pair<std::string, BasicJsonField<Json>>> BasicJsonField<Json>::members() const {
  if (!is_object()) wrong("an object");
  std::vector<std::pair<std::string, BasicJsonField>> fields;
  for (const auto& [key, value] : value_->items()) fields.emplace_back(key, BasicJsonField(document_, value));
  return fields;
}

template <class Json>
std::vector<std::string> BasicJsonField<Json>::keys_besides(
    std::initializer_list<std::string_view> known) const {
  if (!is_object()) wrong("an object");
  std::vector<std::string> unknown;
  for (const auto& [key, value] : value_->items())
    if (std::find(known.begin(), known.end(), key) == known.end()) unknown.push_back(key);
  return unknown;
}

template <class Json>
double BasicJsonField<Json>::number() const {
  if (!is_number()) wrong("a number");
  const double value = value_->template get<double>();
  if (!std::isfinite(value)) wrong("a finite number");
  return value;
}

template <class Json>
double BasicJsonField<Json>::number_or_nan() const {
  return is_null() ? std::numeric_limits<double>::quiet_NaN() : number();
}

template <class Json>
bool BasicJsonField<Json>::whole(std::int64_t& number) const {
  if (value_->is_number_unsigned()) {
    const auto value = value_->template get<std::uint64_t>();
    number = static_cast<std::int64_t>(value);
    return value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  }
  if (value_->is_number_integer()) {
    number = value_->template get<std::int64_t>();
    return true;
  }
  if (document_->source.strict_integers || !is_number()) return false;
  const double value = value_->template get<double>();
  if (!(std::abs(value) <= 9007199254740992.0) || value != std::floor(value)) return false;
  number = static_cast<std::int64_t>(value);
  return true;
}

template <class Json>
std::int64_t BasicJsonField<Json>::integer(std::int64_t least, std::int64_t most) const {
  std::int64_t number = 0;
  if (!whole(number) || number < least || number > most)
    wrong("a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return number;
}

template <class Json>
std::int64_t BasicJsonField<Json>::count() const {
  std::int64_t number = 0;
  if (!whole(number) || number < 0) wrong("a whole number from 0");
  return number;
}

template <class Json>
bool BasicJsonField<Json>::boolean() const {
  if (!value_->is_boolean()) wrong("true or false");
  return value_->template get<bool>();
}

template <class Json>
const std::string& BasicJsonField<Json>::text() const {
  if (!is_text()) wrong("a text");
  return value_->template get_ref<const std::string&>();
}

template <class Json>
std::string BasicJsonField<Json>::shown() const {
  if (is_text()) return text();
  return value_->dump(-1, ' ', false, Json::error_handler_t::replace);
}

template class BasicJsonField<nlohmann::ordered_json>;
template class BasicJsonField<nlohmann::json>;

void require_json_format(const JsonField& root, const std::string& format, std::int64_t newest_version) {
  const JsonField field = root.at("format");
  if (field.text() != format) field.wrong("\"" + format + "\"");
  const JsonField version = root.at("version");
  if (version.count() < 1 || version.count() > newest_version)
    version.wrong("a version from 1 to " + std::to_string(newest_version) +
                  " (a newer one needs a newer program)");
}

}  // namespace qmtl
