// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <span>
#include <string>
#include <vector>

namespace qmtl {

/// factor * trainable number `param` (-1: none) * product of the sample's inputs `inputs` (ascending; one
/// twice is its square).
struct Monomial {
  double factor = 1.0;
  int param = -1;
  std::vector<int> inputs = {};
  auto operator<=>(const Monomial&) const = default;
};

/// What a gate turns by, in radians: constant + sum of monomials. Linear in the trainable numbers.
struct Expression {
  double constant = 0.0;
  std::vector<Monomial> terms = {};

  auto operator<=>(const Expression&) const = default;
  bool empty() const { return constant == 0.0 && terms.empty(); }
};

inline Expression input_number(int number) { return {0.0, {{1.0, -1, {number}}}}; }
inline Expression trainable_number(int number) { return {0.0, {{1.0, number, {}}}}; }

/// Terms with equal param and inputs as one, none with factor 0; inputs ascending.
Expression simplified(Expression expression);
Expression sum(const Expression& a, const Expression& b);
Expression scaled(const Expression& a, double factor);
/// Nothing larger than linear in the trainable numbers. Throws Error (usage) where two of them would be
/// multiplied.
Expression product(const Expression& a, const Expression& b);

/// The terms with inputs, and those without together with the constant.
Expression sample_part(const Expression& expression);
Expression fixed_part(const Expression& expression);

/// Its value for a sample's inputs and the trainable numbers.
double value(const Expression& expression, std::span<const double> inputs, std::span<const double> trainable);

/// Adds g * d value / d input and d trainable number to the gradients; `trainable_gradient` may be empty.
void add_gradient(const Expression& expression, double g, std::span<const double> inputs,
                  std::span<const double> trainable, std::span<double> input_gradient,
                  std::span<double> trainable_gradient);

/// "3.5 - 2 z[0] z[3] + w[4]": inputs are z, trainable numbers w, factors are joined by `times`;
/// without `arrays` "3.5 - 2 z0 z3 + w4". Numbers have the fewest digits that are read back as they were.
std::string describe(const Expression& expression, const std::string& times = " ", bool arrays = true);

}  // namespace qmtl
