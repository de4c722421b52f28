// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/checked_lines.h"

#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

std::string check_of(const std::string& before, const std::string& line) {
  Sha256 hash;
  hash.update_text(before);
  hash.update_text(line);
  return hash.hex().substr(0, 16);
}

/// The line without its check, which must be right. Throws std::exception.
Json checked(const std::string& line, const std::string& format, std::string& check) {
  Json json = parse_json<Json>(line, format);
  const std::string found = json.at("check").get<std::string>();
  json.erase("check");
  check = check_of(check, json.dump());
  if (check != found) throw std::invalid_argument("its check does not fit");
  return json;
}

}  // namespace

std::string whole_lines(const std::string& text) { return text.substr(0, text.rfind('\n') + 1); }

CheckedLines::CheckedLines(const std::string& text, CheckedFile about, AppendText append,
                           const Reader& reader)
    : about_(std::move(about)), append_(std::move(append)) {
  int number = 0;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string place = about_.file + ":" + std::to_string(++number) + ": ";
    Json json;
    try {
      json = checked(text.substr(begin, end - begin), about_.format, check_);
      if (number > 1) reader.parse(JsonField(json, about_.file));
    } catch (const std::exception&) {
      throw data_error(place + "expected a line that follows the one before, found a damaged line; " +
                       about_.damaged);
    }
    if (number > 1) {
      reader.take(place);
      continue;
    }
    if (!json.is_object() || json["format"] != about_.format || json["version"] != 1)
      throw data_error(place + "expected the format " + about_.format + ", version 1, found " + json.dump());
    if (json["identity"] != about_.identity)
      throw data_error(place + "expected the journal of the replay " + about_.identity.substr(0, 12) +
                       ", found that of " + json["identity"].dump().substr(0, 14) +
                       "; use another folder for another replay");
  }
  if (number == 0) this->append({{"format", about_.format}, {"version", 1}, {"identity", about_.identity}});
}

void CheckedLines::append(const Json& line) {
  const std::string check = check_of(check_, line.dump());
  Json whole = line;
  whole["check"] = check;
  append_(whole.dump() + "\n");
  check_ = check;
}

}  // namespace qmtl
