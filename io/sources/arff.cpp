// SPDX-License-Identifier: Apache-2.0
#include "io/sources/arff.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <vector>

#include "io/sources/csv.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

bool begins_with_word(std::string_view line, std::string_view word) {
  return line.size() >= word.size() && std::equal(word.begin(), word.end(), line.begin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

struct Attribute {
  std::string name;
  std::string implied;  ///< what a sparse row leaves out
  bool text = false;    ///< a string: sparse rows must say it
};

class ArffReader {
 public:
  ArffReader(std::string_view text, const std::string& path) : text_(text), path_(path) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  std::string csv() {
    std::string csv;
    bool data = false;
    for (line_ = 1; !text_.empty(); ++line_) {
      const std::size_t end = std::min(text_.find('\n'), text_.size());
      const std::string_view line = without_blanks(text_.substr(0, end));
      text_.remove_prefix(std::min(end + 1, text_.size()));
      if (!line.empty() && line[0] != '%') {
        if (data)
          csv += row(line);
        else if (begins_with_word(line, "@attribute"))
          attributes_.push_back(attribute(line.substr(10)));
        else if (begins_with_word(line, "@data")) {
          if (attributes_.empty()) refuse("an @attribute before @data", "none");
          data = true;
          for (const Attribute& one : attributes_)
            csv.append(&one == &attributes_[0] ? "" : ",").append(cell_text(one.name));
        } else if (!begins_with_word(line, "@relation"))
          refuse("@relation, @attribute or @data", "\"" + shown(line) + "\"");
      }
      csv += '\n';
    }
    if (!data) refuse("@data and rows", "the end of the file");
    return csv;
  }

 private:
  [[noreturn]] void refuse(const std::string& expected, const std::string& found) const {
    throw data_error(path_ + ":" + std::to_string(line_) + ": expected " + expected +
                     " in an ARFF file, found " + found);
  }

  /// A value up to one of `ends`, without its quotes; steps over it. `quoted` says whether it had any.
  std::string value(std::string_view& rest, std::string_view ends, bool& quoted) const {
    rest = rest.substr(std::min(rest.find_first_not_of(" \t"), rest.size()));
    quoted = !rest.empty() && (rest[0] == '\'' || rest[0] == '"');
    std::string text;
    if (!quoted) {
      const std::size_t end = std::min(rest.find_first_of(ends), rest.size());
      text = without_blanks(rest.substr(0, end));
      rest.remove_prefix(end);
      return text;
    }
    const char quote = rest[0];
    std::size_t at = 1;
    for (; at < rest.size() && rest[at] != quote; ++at) {
      if (rest[at] == '\\' && at + 1 < rest.size()) {
        const char c = rest[++at];
        text += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      } else {
        text += rest[at];
      }
    }
    if (at >= rest.size()) refuse(std::string("a closing ") + quote, "the end of the line");
    rest.remove_prefix(at + 1);
    rest = rest.substr(std::min(rest.find_first_not_of(" \t"), rest.size()));
    return text;
  }

  Attribute attribute(std::string_view rest) const {
    Attribute one;
    bool quoted = false;
    one.name = value(rest, " \t{", quoted);
    if (one.name.empty()) refuse("a name behind @attribute", "none");
    const std::string_view type = without_blanks(rest);
    one.implied = "0";
    if (type.starts_with('{')) {
      std::string_view values = type.substr(1);
      one.implied = value(values, ",}", quoted);
    }
    one.text = begins_with_word(type, "string") || begins_with_word(type, "date");
    if (begins_with_word(type, "relational"))
      refuse("a number, a text or nominal values", "relational attributes");
    return one;
  }

  /// Always in quotes, as CSV would drop blanks and a blank line; line ends become blanks.
  static std::string cell_text(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return csv_quoted(text);
  }

  std::string row(std::string_view line) const {
    if (line.starts_with('{')) return sparse_row(line);
    std::string csv;
    std::size_t count = 0;
    while (true) {
      bool quoted = false;
      const std::string text = value(line, ",\t", quoted);
      csv.append(count++ ? "," : "").append(!quoted && text == "?" ? "\"\"" : cell_text(text));
      if (line.empty()) break;
      if (line[0] != ',' && line[0] != '\t')
        refuse("a comma after a quoted value", "\"" + shown(line, 10) + "\"");
      line.remove_prefix(1);
    }
    if (count != attributes_.size())
      refuse(std::to_string(attributes_.size()) + " values, one for each @attribute", std::to_string(count));
    return csv;
  }

  std::string sparse_row(std::string_view line) const {
    if (!line.ends_with('}')) refuse("a sparse row that ends with }", "\"" + shown(line) + "\"");
    line = without_blanks(line.substr(1, line.size() - 2));
    std::vector<std::string> cells;
    std::vector<bool> said(attributes_.size(), false);
    for (const Attribute& one : attributes_) cells.push_back(cell_text(one.implied));
    while (!line.empty()) {
      std::size_t index = attributes_.size();
      const auto parsed = std::from_chars(line.data(), line.data() + line.size(), index);
      if (parsed.ec != std::errc{} || index >= attributes_.size())
        refuse("the number of an attribute from 0 to " + std::to_string(attributes_.size() - 1),
               "\"" + shown(line, 20) + "\"");
      line.remove_prefix(static_cast<std::size_t>(parsed.ptr - line.data()));
      bool quoted = false;
      const std::string text = value(line, ",", quoted);
      cells[index] = !quoted && text == "?" ? "\"\"" : cell_text(text);
      said[index] = true;
      if (line.starts_with(',')) line = without_blanks(line.substr(1));
    }
    std::string csv;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (attributes_[i].text && !said[i]) refuse("a value of the text " + attributes_[i].name, "none");
      csv.append(i ? "," : "").append(cells[i]);
    }
    return csv;
  }

  std::string_view text_;
  const std::string& path_;
  std::size_t line_ = 1;
  std::vector<Attribute> attributes_;
};

}  // namespace

bool is_arff(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = without_blanks(text.substr(0, end));
    if (!line.empty() && line[0] != '%')
      return begins_with_word(line, "@relation") || begins_with_word(line, "@attribute");
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

std::string arff_as_csv(std::string_view text, const std::string& path) {
  return ArffReader(text, path).csv();
}

}  // namespace qmtl
