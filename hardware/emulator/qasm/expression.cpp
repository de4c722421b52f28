// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/qasm/expression.h"

#include "runtime/base/text.h"

namespace qmtl {
namespace {

constexpr int deepest_expression = 64;

class ExpressionReader {
 public:
  ExpressionReader(QasmCursor& at, const std::map<std::string, int>& inputs) : at_(at), inputs_(inputs) {}

  Affine sum(int depth) {
    check(depth);
    Affine total = product(depth);
    while (at_.sign("+") || at_.sign("-")) {
      const double factor = at_.sign("+") ? 1 : -1;
      at_.step();
      total.add(product(depth), factor);
    }
    return total;
  }

 private:
  void check(int depth) const {
    if (depth > deepest_expression) at_.refuse("an expression is nested too deeply");
  }

  Affine product(int depth) {
    Affine total = factor(depth);
    while (at_.sign("*") || at_.sign("/")) {
      const bool divide = at_.sign("/");
      at_.step();
      const Affine next = factor(depth);
      if (divide) {
        if (!next.plain() || next.constant == 0)
          at_.refuse("expected a number that is not zero to divide by");
        total.scale(1 / next.constant);
      } else if (next.plain()) {
        total.scale(next.constant);
      } else if (total.plain()) {
        Affine scaled = next;
        scaled.scale(total.constant);
        total = scaled;
      } else {
        at_.refuse("a product of inputs is not supported");
      }
    }
    return total;
  }

  Affine factor(int depth) {
    check(depth);
    if (at_.sign("-") || at_.sign("+")) {
      const double sign = at_.sign("-") ? -1 : 1;
      at_.step();
      Affine value = factor(depth + 1);
      value.scale(sign);
      return value;
    }
    if (at_.skip("(")) {
      Affine value = sum(depth + 1);
      at_.expect(")");
      return value;
    }
    if (at_.token().kind == QasmToken::Kind::number) return {at_.number(), {}};
    const std::string name = at_.identifier("a number, pi or an input");
    if (const auto constant = qasm_constant(name)) return {*constant, {}};
    const auto place = inputs_.find(name);
    if (place == inputs_.end())
      at_.refuse("expected pi or a declared input, found '" + printable(name) + "'");
    return {0, {{place->second, 1.0}}};
  }

  QasmCursor& at_;
  const std::map<std::string, int>& inputs_;
};

}  // namespace

void Affine::add(const Affine& other, double factor) {
  constant += factor * other.constant;
  for (const auto& [input, coefficient] : other.terms) terms[input] += factor * coefficient;
}

void Affine::scale(double factor) {
  constant *= factor;
  for (auto& term : terms) term.second *= factor;
}

Affine read_expression(QasmCursor& at, const std::map<std::string, int>& inputs) {
  return ExpressionReader(at, inputs).sum(0);
}

}  // namespace qmtl
