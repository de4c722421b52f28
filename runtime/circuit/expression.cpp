// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/expression.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace qmtl {

Expression simplified(Expression expression) {
  Expression result{expression.constant, {}};
  for (Monomial& term : expression.terms) {
    std::sort(term.inputs.begin(), term.inputs.end());
    if (term.param < 0 && term.inputs.empty()) {
      result.constant += term.factor;
      continue;
    }
    const auto same = std::find_if(result.terms.begin(), result.terms.end(), [&](const Monomial& known) {
      return known.param == term.param && known.inputs == term.inputs;
    });
    if (same == result.terms.end())
      result.terms.push_back(std::move(term));
    else
      same->factor += term.factor;
  }
  std::erase_if(result.terms, [](const Monomial& term) { return term.factor == 0.0; });
  return result;
}

Expression sum(const Expression& a, const Expression& b) {
  Expression result = a;
  result.constant += b.constant;
  result.terms.insert(result.terms.end(), b.terms.begin(), b.terms.end());
  return simplified(std::move(result));
}

Expression scaled(const Expression& a, double factor) {
  if (factor == 0.0) return {};
  Expression result = a;
  result.constant *= factor;
  for (Monomial& term : result.terms) term.factor *= factor;
  return result;
}

Expression product(const Expression& a, const Expression& b) {
  Expression result{a.constant * b.constant, {}};
  for (const Monomial& x : a.terms)
    if (b.constant != 0.0) result.terms.push_back({x.factor * b.constant, x.param, x.inputs});
  for (const Monomial& y : b.terms) {
    if (a.constant != 0.0) result.terms.push_back({y.factor * a.constant, y.param, y.inputs});
    for (const Monomial& x : a.terms) {
      if (x.param >= 0 && y.param >= 0)
        throw usage_error("an angle: expected no product of trainable numbers, found w[" +
                          std::to_string(x.param) + "] * w[" + std::to_string(y.param) + "]");
      Monomial term{x.factor * y.factor, std::max(x.param, y.param), x.inputs};
      term.inputs.insert(term.inputs.end(), y.inputs.begin(), y.inputs.end());
      result.terms.push_back(std::move(term));
    }
  }
  return simplified(std::move(result));
}

Expression sample_part(const Expression& expression) {
  Expression part;
  for (const Monomial& term : expression.terms)
    if (!term.inputs.empty()) part.terms.push_back(term);
  return part;
}

Expression fixed_part(const Expression& expression) {
  Expression part{expression.constant, {}};
  for (const Monomial& term : expression.terms)
    if (term.inputs.empty()) part.terms.push_back(term);
  return part;
}

double value(const Expression& expression, std::span<const double> inputs,
             std::span<const double> trainable) {
  double total = expression.constant;
  for (const Monomial& term : expression.terms) {
    double factor = term.factor;
    if (term.param >= 0) factor *= trainable[static_cast<std::size_t>(term.param)];
    for (int input : term.inputs) factor *= inputs[static_cast<std::size_t>(input)];
    total += factor;
  }
  return total;
}

void add_gradient(const Expression& expression, double g, std::span<const double> inputs,
                  std::span<const double> trainable, std::span<double> input_gradient,
                  std::span<double> trainable_gradient) {
  for (const Monomial& term : expression.terms) {
    const double weight = term.param < 0 ? 1.0 : trainable[static_cast<std::size_t>(term.param)];
    double all = g * term.factor;
    for (std::size_t i = 0; i < term.inputs.size(); ++i) {
      double others = g * term.factor * weight;
      for (std::size_t j = 0; j < term.inputs.size(); ++j)
        if (j != i) others *= inputs[static_cast<std::size_t>(term.inputs[j])];
      input_gradient[static_cast<std::size_t>(term.inputs[i])] += others;
      all *= inputs[static_cast<std::size_t>(term.inputs[i])];
    }
    if (term.param >= 0 && !trainable_gradient.empty())
      trainable_gradient[static_cast<std::size_t>(term.param)] += all;
  }
}

std::string describe(const Expression& expression, const std::string& times, bool arrays) {
  std::string text;
  const auto named = [&](const char* array, int number) {
    return array + (arrays ? "[" + std::to_string(number) + "]" : std::to_string(number));
  };
  const auto append = [&](double factor, const std::string& rest) {
    text += factor < 0 ? (text.empty() ? "-" : " - ") : (text.empty() ? "" : " + ");
    if (rest.empty())
      text += shortest(std::abs(factor));
    else
      text += (std::abs(factor) == 1.0 ? "" : shortest(std::abs(factor)) + times) + rest;
  };
  for (const Monomial& term : expression.terms) {
    std::string rest = term.param < 0 ? "" : named("w", term.param);
    for (int input : term.inputs) rest += (rest.empty() ? "" : times) + named("z", input);
    append(term.factor, rest);
  }
  if (expression.constant != 0.0 || expression.terms.empty()) append(expression.constant, "");
  return text;
}

}  // namespace qmtl
