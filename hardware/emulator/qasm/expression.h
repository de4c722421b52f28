// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "hardware/emulator/qasm/cursor.h"

namespace qmtl {

/// A linear combination of inputs, which are numbered as they are declared.
struct Affine {
  double constant = 0;
  std::map<int, double> terms;  ///< input -> coefficient

  bool plain() const { return terms.empty(); }
  void add(const Affine& other, double factor);
  void scale(double factor);
};

/// Reads an expression of numbers, constants and inputs with + - * / and parentheses. Refuses products of
/// inputs, division by an input or zero, undeclared names and nesting beyond 64.
Affine read_expression(QasmCursor& at, const std::map<std::string, int>& inputs);

}  // namespace qmtl
