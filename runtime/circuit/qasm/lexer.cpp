// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/qasm/lexer.h"

#include <algorithm>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

}  // namespace

std::optional<double> qasm_constant(std::string_view name) {
  constexpr double pi = 3.14159265358979323846;
  if (name == "pi" || name == "π") return pi;
  if (name == "tau" || name == "τ") return 2 * pi;
  return std::nullopt;
}

QasmToken QasmLexer::next() {
  skip_space();
  QasmToken token{QasmToken::Kind::end, {}, line_, column()};
  if (at_ >= text_.size()) return token;
  const std::size_t start = at_;
  const char c = text_[at_];
  if (is_letter(c)) {
    token.kind = QasmToken::Kind::word;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
  } else if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
    token.kind = QasmToken::Kind::number;
    number();
  } else if (c == '$') {
    token.kind = QasmToken::Kind::qubit;
    ++at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  } else if (c == '"') {
    token.kind = QasmToken::Kind::text;
    at_ = text_.find('"', at_ + 1);
    if (at_ == std::string_view::npos) refuse("expected a closing quotation mark");
    ++at_;
  } else {
    token.kind = QasmToken::Kind::sign;
    at_ += text_.substr(at_, 2) == "->" ? 2 : 1;
  }
  token.text = text_.substr(start, at_ - start);
  return token;
}

void QasmLexer::refuse(const std::string& what) const {
  throw data_error(*name_ + ":" + std::to_string(line_) + ":" + std::to_string(column()) + ": " + what);
}

void QasmLexer::skip_space() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') {
      ++line_;
      line_start_ = at_ + 1;
    }
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++at_;
    } else if (text_.substr(at_, 2) == "//") {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (text_.substr(at_, 2) == "/*") {
      const std::size_t end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) refuse("expected the end of a comment, */");
      line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                           text_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
      const std::size_t newline = text_.rfind('\n', end);
      if (newline != std::string_view::npos && newline > at_) line_start_ = newline + 1;
      at_ = end + 2;
    } else {
      return;
    }
  }
}

void QasmLexer::number() {
  while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) ++at_;
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  }
}

}  // namespace qmtl
