// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "runtime/circuit/expression.h"
#include "runtime/circuit/qasm/cursor.h"

namespace qmtl {

/// What a name in an expression stands for; it may read an index behind the name. Nothing: no such name.
using QasmName = std::function<std::optional<Expression>(const std::string& name)>;

/// Reads an expression of numbers, constants and names with + - * / and parentheses. Refuses division by
/// anything but a number that is not zero, products of more than `degree` names or that have many terms,
/// names that are not known and nesting beyond 64.
Expression read_qasm_expression(QasmCursor& at, const QasmName& name, int degree);

}  // namespace qmtl
