// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "runtime/base/json_field.h"

namespace qmtl {

/// Makes text last: appends it to a file and returns when it is on disk.
using AppendText = std::function<void(std::string_view text)>;

/// What a file of checked lines is: the first says so and whose it is.
struct CheckedFile {
  std::string format, file, identity;
  std::string damaged;  ///< what to do about a damaged line, for people
};

/// `text` without a last line whose writing was interrupted. Nothing was done after such a line, so nothing
/// is lost with it; a file is cut to this before more is appended.
std::string whole_lines(const std::string& text);

/// Lines of JSON, each with a check over itself and the lines before it, so that a changed, missing or
/// doubled line is noticed.
class CheckedLines {
 public:
  using Json = nlohmann::ordered_json;
  /// What is done with every line but the first.
  struct Reader {
    std::function<void(const JsonField& line)> parse;    ///< whatever it throws: the line is damaged
    std::function<void(const std::string& place)> take;  ///< takes what was parsed; its Errors are passed on
  };

  /// Reads `text`, whole lines. Empty text: the first line is appended at once. Throws Error (data) naming
  /// file and line.
  CheckedLines(const std::string& text, CheckedFile about, AppendText append, const Reader& reader);

  /// Appends a line. One that cannot be written leaves everything as it is on disk.
  void append(const Json& line);
  const std::string& file() const { return about_.file; }

 private:
  CheckedFile about_;
  std::string check_;
  AppendText append_;
};

}  // namespace qmtl
