// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/json.h"

namespace qmtl {

/// Where JSON comes from, and what happens when a value of it does not fit.
struct JsonSource {
  std::string name;  ///< what messages begin with: a file, a request to a service; "" for nothing
  /// Throws the reader's own error with this message; without it an Error (data) is thrown.
  std::function<void(const std::string& message)> fail;
  /// A text of strangers as messages may repeat it, at most so many characters and "...".
  std::function<std::string(std::string_view text, std::size_t most)> clean;
  std::string if_missing;        ///< ends the message of a field that is not there, e.g. "; save it again"
  bool strict_integers = false;  ///< refuse 3.0 where a whole number is expected
};

/// How much of a stranger's JSON is taken apart: a short text can describe very much or very deep JSON.
struct JsonLimits {
  std::size_t depth = 64;  ///< lists and objects inside each other
  std::size_t values = std::numeric_limits<std::size_t>::max();
};

/// A value inside JSON that knows its place. Whatever does not fit ends in the source's error, which names
/// source and place ("runs.json: variants[2].summary.mean"), what was expected and what was found. Fields
/// that nobody asks for are ignored. Json is nlohmann::ordered_json, whose objects keep the text's order, or
/// nlohmann::json, which sorts them and finds a key among very many.
template <class Json>
class BasicJsonField {
 public:
  /// Refers to `value`, which must stay. `place` is where it lies in the source, "" for the whole.
  BasicJsonField(const Json& value, JsonSource source, std::string place = "");
  BasicJsonField(const Json& value, std::string file, std::string place = "");
  BasicJsonField(Json&& value, std::string file, std::string place = "") = delete;
  /// Parses a text and keeps what it says. Throws the source's error for all but JSON within the limits.
  static BasicJsonField parse(std::string_view text, JsonSource source, JsonLimits limits = {});

  BasicJsonField at(const std::string& key) const;                   ///< a field that must be there
  std::optional<BasicJsonField> find(const std::string& key) const;  ///< nothing if it is absent or null
  /// The first of these fields that is there: services spell some in two ways.
  std::optional<BasicJsonField> find_any(std::initializer_list<const char*> keys) const;
  std::size_t size() const;  ///< of a list
  BasicJsonField at(std::size_t index) const;
  std::vector<BasicJsonField> list() const;
  /// The fields of an object, in the order of Json.
  std::vector<std::pair<std::string, BasicJsonField>> members() const;
  /// The keys of an object that are not among these.
  std::vector<std::string> keys_besides(std::initializer_list<std::string_view> known) const;

  double number() const;         ///< finite
  double number_or_nan() const;  ///< null is NaN: undefined
  /// A whole number, exact; a fractional number is taken for one only up to 2^53, where doubles count one by
  /// one.
  std::int64_t integer(std::int64_t least, std::int64_t most) const;
  std::int64_t count() const;  ///< a whole number from 0
  bool boolean() const;
  const std::string& text() const;
  std::string shown() const;  ///< whatever it is, as people would write it

  bool is_object() const { return value_->is_object(); }
  bool is_list() const { return value_->is_array(); }
  bool is_number() const { return value_->is_number(); }
  bool is_text() const { return value_->is_string(); }
  bool is_null() const { return value_->is_null(); }
  const Json& json() const { return *value_; }

  const std::string& file() const { return document_->source.name; }
  /// "variants[2].summary.mean". Looked for through the whole document: for messages.
  std::string place() const;
  /// Throws the source's error: expected this, found the value or, in words, something else.
  [[noreturn]] void wrong(const std::string& expected) const;
  [[noreturn]] void wrong(const std::string& expected, const std::string& found) const;

 private:
  struct Document {
    Json held;  ///< where the document owns what it reads
    const Json* root;
    JsonSource source;
    std::string place;  ///< of the root
  };
  BasicJsonField(std::shared_ptr<const Document> document, const Json& value)
      : document_(std::move(document)), value_(&value) {}

  bool whole(std::int64_t& number) const;

  std::shared_ptr<const Document> document_;
  const Json* value_;
};

extern template class BasicJsonField<nlohmann::ordered_json>;
extern template class BasicJsonField<nlohmann::json>;
using JsonField = BasicJsonField<nlohmann::ordered_json>;
using SortedJsonField = BasicJsonField<nlohmann::json>;

/// A file of JSON that this program writes: errors are Error (data) and say that an incomplete one may be
/// older.
JsonSource json_file(std::string name);

/// Whether a text has more values or deeper ones than that. Looks at brackets and commas only.
bool exceeds(std::string_view json, JsonLimits limits);

/// Checks the fields `format` and `version` (1 .. newest) of a file's object.
void require_json_format(const JsonField& root, const std::string& format, std::int64_t newest_version);

}  // namespace qmtl
