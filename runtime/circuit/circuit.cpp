// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/circuit.h"

#include <cmath>

namespace qmtl {

Op fixed_rotation(char pauli, int qubit, double angle) {
  return {rotation_about({&pauli, 1}), qubit, -1, Source::none, -1, false, angle};
}

int quarter_turns(const Op& op) {
  if (!is_rotation(op.gate) || op.source != Source::none) return -1;
  const double turns = std::round(op.angle / half_pi);
  if (std::abs(turns) > 1e6 || std::abs(op.angle - turns * half_pi) > 1e-14 * (1 + std::abs(op.angle)))
    return -1;
  return static_cast<int>(static_cast<long long>(turns) & 3);
}

Expression turn_of(const Circuit& circuit, const Op& op) {
  const auto index = static_cast<std::size_t>(op.index);
  switch (op.source) {
    case Source::angle:
      return circuit.angle_of.empty() ? input_number(op.index) : circuit.angle_of[index];
    case Source::param:
      return circuit.param_of.empty() ? trainable_number(op.index) : circuit.param_of[index];
    case Source::none:
      break;
  }
  return {op.angle, {}};
}

std::vector<double> bound_params(const Circuit& circuit, std::span<const double> trainable) {
  if (circuit.param_of.empty()) return {trainable.begin(), trainable.end()};
  std::vector<double> params;
  params.reserve(circuit.param_of.size());
  for (const Expression& expression : circuit.param_of) params.push_back(value(expression, {}, trainable));
  return params;
}

void add_trained_gradient(const Circuit& circuit, int param, double g, std::span<const double> trainable,
                          std::span<double> gradient) {
  const auto number = static_cast<std::size_t>(param);
  if (circuit.param_of.empty())
    gradient[number] += g;
  else
    add_gradient(circuit.param_of[number], g, {}, trainable, {}, gradient);
}

}  // namespace qmtl
