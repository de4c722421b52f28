// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/qasm/expression.h"

#include <cmath>

#include "runtime/base/text.h"

namespace qmtl {
namespace {

constexpr int deepest_expression = 64;
constexpr std::size_t most_terms = 4096, most_product_terms = 256;

class ExpressionReader {
 public:
  ExpressionReader(QasmCursor& at, const QasmName& name, int degree)
      : at_(at), name_(name), degree_(degree) {}

  Expression read_sum(int depth) {
    check(depth);
    Expression total = read_product(depth);
    bool many = false;
    while (at_.sign("+") || at_.sign("-")) {
      const double factor = at_.sign("+") ? 1 : -1;
      at_.step();
      const Expression next = scaled(read_product(depth), factor);
      total.constant += next.constant;
      total.terms.insert(total.terms.end(), next.terms.begin(), next.terms.end());
      if (total.terms.size() > most_terms) at_.refuse("the angles of all gates hold too many inputs");
      many = true;
    }
    return many ? simplified(std::move(total)) : total;
  }

 private:
  void check(int depth) const {
    if (depth > deepest_expression) at_.refuse("an expression is nested too deeply");
  }

  Expression read_product(int depth) {
    Expression total = read_factor(depth);
    while (at_.sign("*") || at_.sign("/")) {
      const bool divide = at_.sign("/");
      at_.step();
      const Expression next = read_factor(depth);
      if (divide) {
        if (!next.terms.empty() || next.constant == 0)
          at_.refuse("expected a number that is not zero to divide by");
        total = scaled(total, 1 / next.constant);
      } else if (next.terms.empty()) {
        total = scaled(total, next.constant);
      } else if (total.terms.empty()) {
        total = scaled(next, total.constant);
      } else {
        if (total.terms.size() * next.terms.size() > most_product_terms)
          at_.refuse("a product of inputs has too many terms");
        total = product(total, next);
        for (const Monomial& term : total.terms)
          if (static_cast<int>(term.inputs.size()) > degree_)
            at_.refuse(degree_ == 1 ? "a product of inputs is not supported"
                                    : "a product of more than " + std::to_string(degree_) +
                                          " inputs is not supported");
      }
    }
    return total;
  }

  Expression read_factor(int depth) {
    check(depth);
    if (at_.sign("-") || at_.sign("+")) {
      const double sign = at_.sign("-") ? -1 : 1;
      at_.step();
      return scaled(read_factor(depth + 1), sign);
    }
    if (at_.skip("(")) {
      Expression value = read_sum(depth + 1);
      at_.expect(")");
      return value;
    }
    if (at_.token().kind == QasmToken::Kind::number) return {at_.number(), {}};
    const std::string name = at_.identifier("a number, pi or an input");
    if (const auto constant = qasm_constant(name)) return {*constant, {}};
    const std::optional<Expression> known = name_(name);
    if (!known) at_.refuse("expected pi or a declared input, found '" + printable(name) + "'");
    return *known;
  }

  QasmCursor& at_;
  const QasmName& name_;
  int degree_;
};

}  // namespace

Expression read_qasm_expression(QasmCursor& at, const QasmName& name, int degree) {
  const Expression read = ExpressionReader(at, name, degree).read_sum(0);
  bool finite = std::isfinite(read.constant);
  for (const Monomial& term : read.terms) finite = finite && std::isfinite(term.factor);
  if (!finite) at.refuse("expected finite numbers in an angle");
  return read;
}

}  // namespace qmtl
