// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/gates.h"

#include <cmath>

namespace qmtl {

std::array<std::complex<double>, 16> matrix(Gate gate, double angle) {
  using C = std::complex<double>;
  const double c = std::cos(angle / 2), s = std::sin(angle / 2);
  switch (gate) {
    case Gate::rx:
      return {C(c), C(0, -s), C(0, -s), C(c)};
    case Gate::ry:
      return {C(c), C(-s), C(s), C(c)};
    case Gate::rz:
      return {C(c, -s), C(0), C(0), C(c, s)};
    case Gate::cx:  // control is the low bit: |01> (index 1) and |11> (index 3) change places
      return {1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0};
    case Gate::cz:
      return {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1};
  }
  return {};
}

}  // namespace qmtl
