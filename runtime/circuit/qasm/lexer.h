// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace qmtl {

struct QasmToken {
  enum class Kind { word, number, text, qubit, sign, end };
  Kind kind = Kind::end;
  std::string_view text;
  int line = 1, column = 1;
};

/// The value of pi or tau, in ASCII or Greek.
std::optional<double> qasm_constant(std::string_view name);

/// Cuts a text of OpenQASM into tokens; a sign is one character, but for "->". Text and name must stay.
class QasmLexer {
 public:
  QasmLexer(std::string_view text, const std::string& name) : text_(text), name_(&name) {}

  /// Throws Error (data) for a comment or text without an end.
  QasmToken next();
  /// Throws Error (data) with name, line and column.
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  int column() const { return static_cast<int>(at_ - line_start_) + 1; }
  void skip_space();
  void number();

  std::string_view text_;
  const std::string* name_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::size_t line_start_ = 0;
};

}  // namespace qmtl
