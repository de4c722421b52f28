// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/angle_sum.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace qmtl {

AngleSum operator+(const AngleSum& a, const AngleSum& b) {
  AngleSum sum{a.constant + b.constant, {}};
  auto left = a.terms.begin(), right = b.terms.begin();
  while (left != a.terms.end() || right != b.terms.end()) {
    if (right == b.terms.end() || (left != a.terms.end() && left->input < right->input)) {
      sum.terms.push_back(*left++);
    } else if (left == a.terms.end() || right->input < left->input) {
      sum.terms.push_back(*right++);
    } else {
      const double coefficient = left->coefficient + right->coefficient;
      const double scale = std::max(std::abs(left->coefficient), std::abs(right->coefficient));
      if (std::abs(coefficient) > 1e-14 * scale) sum.terms.push_back({left->input, coefficient});
      ++left, ++right;
    }
  }
  return sum;
}

AngleSum operator-(const AngleSum& angle) {
  AngleSum negative{-angle.constant, angle.terms};
  for (AngleTerm& term : negative.terms) term.coefficient = -term.coefficient;
  return negative;
}

AngleSum reduced(AngleSum angle) {
  using std::numbers::pi;
  angle.constant = std::remainder(angle.constant, 2 * pi);
  if (std::abs(angle.constant) < 1e-12) angle.constant = 0.0;
  if (angle.constant < -pi + 1e-12) angle.constant += 2 * pi;
  return angle;
}

bool is_full_turn(const AngleSum& angle) { return angle.bound() && reduced(angle).constant == 0.0; }

}  // namespace qmtl
