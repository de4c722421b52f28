// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "runtime/circuit/qasm/lexer.h"

namespace qmtl {

/// The token at which a reader of OpenQASM stands. What was expected and is not there throws Error (data)
/// with the text's name, line and column. Text and name must stay.
class QasmCursor {
 public:
  QasmCursor(std::string_view text, const std::string& name) : lexer_(text, name), name_(&name) { step(); }

  const QasmToken& token() const { return token_; }
  void step() { token_ = lexer_.next(); }
  bool at_end() const { return token_.kind == QasmToken::Kind::end; }
  bool word(std::string_view text) const;
  bool sign(std::string_view text) const;
  /// Whether that sign stands here; steps over it.
  bool skip(std::string_view sign);

  void expect(std::string_view text);
  /// A word of ASCII letters or the name of a constant; `what` for the message.
  std::string identifier(const char* what);
  /// A whole number from 0 to `most`.
  int integer(int most);
  double number();

  [[noreturn]] void refuse(const std::string& what) const;
  /// The token as messages show it.
  std::string found() const;

 private:
  QasmLexer lexer_;
  const std::string* name_;
  QasmToken token_;
};

}  // namespace qmtl
