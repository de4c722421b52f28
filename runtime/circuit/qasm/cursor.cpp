// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/qasm/cursor.h"

#include <algorithm>
#include <charconv>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

/// Whether the token is a number as a whole.
template <class Number>
bool parse(const QasmToken& token, Number& value) {
  const char* end = token.text.data() + token.text.size();
  const auto result = std::from_chars(token.text.data(), end, value);
  return token.kind == QasmToken::Kind::number && result.ec == std::errc{} && result.ptr == end;
}

}  // namespace

bool QasmCursor::word(std::string_view text) const {
  return token_.kind == QasmToken::Kind::word && token_.text == text;
}

bool QasmCursor::sign(std::string_view text) const {
  return token_.kind == QasmToken::Kind::sign && token_.text == text;
}

bool QasmCursor::skip(std::string_view text) {
  if (!sign(text)) return false;
  step();
  return true;
}

void QasmCursor::expect(std::string_view text) {
  if (token_.text != text) refuse("expected '" + std::string(text) + "', found " + found());
  step();
}

std::string QasmCursor::identifier(const char* what) {
  if (token_.kind != QasmToken::Kind::word) refuse(std::string("expected ") + what + ", found " + found());
  std::string text(token_.text);
  if (!qasm_constant(text) && std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; }))
    refuse(std::string("expected ") + what + " of ASCII letters, found " + found());
  step();
  return text;
}

int QasmCursor::integer(int most) {
  int value = 0;
  if (!parse(token_, value) || value > most)
    refuse("expected a whole number up to " + std::to_string(most) + ", found " + found());
  step();
  return value;
}

double QasmCursor::number() {
  double value = 0;
  if (!parse(token_, value)) refuse("expected a number, found " + found());
  step();
  return value;
}

void QasmCursor::refuse(const std::string& what) const {
  throw data_error(*name_ + ":" + std::to_string(token_.line) + ":" + std::to_string(token_.column) + ": " +
                   what);
}

std::string QasmCursor::found() const { return at_end() ? "the end" : "'" + printable(token_.text) + "'"; }

}  // namespace qmtl
