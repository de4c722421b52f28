// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/writer.h"

#include <algorithm>
#include <utility>

#include "runtime/circuit/controlled_turn.h"

namespace qmtl {
namespace {

/// Until it is known how many inputs the sample has, the angles of encodings are counted from here.
constexpr int first_encoded = 1 << 24;

}  // namespace

void CircuitWriter::add(std::vector<Op>& ops, Gate gate, std::span<const int> qubits,
                        std::span<const Expression> angles) {
  const GateInfo& row = info(gate);
  const auto qubit = [&](int number) { return number < 0 ? -1 : qubits[static_cast<std::size_t>(number)]; };
  if (is_elementary(gate)) {
    if (is_rotation(gate))
      rotate(ops, gate, qubit(0), angles[0]);
    else
      ops.push_back({gate, qubit(0), qubit(1), Source::none, -1});
    return;
  }
  for (const GatePart& part : row.parts) {
    if (!is_rotation(part.gate)) {
      ops.push_back({part.gate, qubit(part.first), qubit(part.second), Source::none, -1});
      continue;
    }
    Expression angle{part.constant, {}};
    for (std::size_t i = 0; i < static_cast<std::size_t>(row.angles); ++i)
      angle = sum(angle, scaled(angles[i], part.factors[i]));
    rotate(ops, part.gate, qubit(part.first), angle);
  }
}

void CircuitWriter::rotate(std::vector<Op>& ops, Gate gate, int qubit, const Expression& by) {
  const Expression sample = sample_part(by), fixed = fixed_part(by);
  if (!sample.terms.empty()) ops.push_back({gate, qubit, -1, Source::angle, angle(sample)});
  if (!fixed.terms.empty())
    ops.push_back({gate, qubit, -1, Source::param, param(fixed)});
  else if (fixed.constant != 0.0 || sample.terms.empty())
    ops.push_back({gate, qubit, -1, Source::none, -1, false, fixed.constant});
}

void CircuitWriter::rotate_by_input(std::vector<Op>& ops, Gate gate, int qubit, int input) {
  if (plain_only_angles_ && input <= plain_angles_) {
    plain_angles_ = std::max(plain_angles_, input + 1);
    ops.push_back({gate, qubit, -1, Source::angle, input});
    return;
  }
  ops.push_back({gate, qubit, -1, Source::angle, angle(input_number(input))});
}

void CircuitWriter::rotate_by_trained(std::vector<Op>& ops, Gate gate, int qubit, int trainable) {
  ops.push_back({gate, qubit, -1, Source::param, weight(trainable)});
}

int CircuitWriter::encode(const std::vector<int>& of, int qubits) {
  std::vector<AmplitudeEncoding>& known = circuit_.encodings;
  int first = first_encoded;
  for (const AmplitudeEncoding& encoding : known) {
    if (encoding.of == of && encoding.qubits == qubits) return encoding.first;
    first = encoding.first + encoding.rotations();
  }
  known.push_back({qubits, of, first});
  return first;
}

int CircuitWriter::weight(int trainable) {
  if (plain_only_params_ && trainable == plain_params_) return plain_params_++;
  return param(trainable_number(trainable));
}

void CircuitWriter::write_out_angles() {
  if (!std::exchange(plain_only_angles_, false)) return;
  for (int i = 0; i < plain_angles_; ++i) {
    circuit_.angle_of.push_back(input_number(i));
    angles_.emplace(circuit_.angle_of.back(), i);
  }
}

void CircuitWriter::write_out_params() {
  if (!std::exchange(plain_only_params_, false)) return;
  for (int i = 0; i < plain_params_; ++i) circuit_.param_of.push_back(trainable_number(i));
}

int CircuitWriter::angle(const Expression& expression) {
  write_out_angles();
  const auto [known, fresh] = angles_.try_emplace(expression, static_cast<int>(circuit_.angle_of.size()));
  if (fresh) circuit_.angle_of.push_back(expression);
  return known->second;
}

int CircuitWriter::param(const Expression& expression) {
  write_out_params();
  circuit_.param_of.push_back(expression);
  return static_cast<int>(circuit_.param_of.size()) - 1;
}

void CircuitWriter::finish(int inputs, int trainable) {
  // Inputs that no gate reads have no angle, so that the others' numbers are theirs only if all are read.
  if (plain_only_angles_ && plain_angles_ != inputs) write_out_angles();
  for (std::size_t e = 0; e < circuit_.encodings.size(); ++e) {
    AmplitudeEncoding& encoding = circuit_.encodings[e];
    EncodedAngles& encoded = circuit_.encoded.emplace_back();
    encoded.encoding = static_cast<int>(e);
    encoded.numbers = static_cast<int>(encoding.of.size());
    for (int r = 0; r < encoding.rotations(); ++r)
      encoded.angles.push_back(angle(input_number(encoding.first + r)));
    encoding.first += inputs - first_encoded;
  }
  for (Expression& expression : circuit_.angle_of)
    for (Monomial& term : expression.terms)
      for (int& input : term.inputs)
        if (input >= first_encoded) input += inputs - first_encoded;
  if (plain_only_params_ && plain_params_ != trainable) write_out_params();
  circuit_.angles = plain_only_angles_ ? plain_angles_ : static_cast<int>(circuit_.angle_of.size());
  circuit_.params = plain_only_params_ ? plain_params_ : static_cast<int>(circuit_.param_of.size());
  bool plain_angles = circuit_.angles == inputs, plain_params = circuit_.params == trainable;
  for (int i = 0; i < circuit_.angles && plain_angles && !plain_only_angles_; ++i)
    plain_angles = circuit_.angle_of[static_cast<std::size_t>(i)] == input_number(i);
  for (int i = 0; i < circuit_.params && plain_params && !plain_only_params_; ++i)
    plain_params = circuit_.param_of[static_cast<std::size_t>(i)] == trainable_number(i);
  if (plain_angles) circuit_.angle_of.clear();
  if (plain_params) circuit_.param_of.clear();
  circuit_.inputs = plain_angles ? 0 : inputs;
  circuit_.trainable = plain_params ? 0 : trainable;
  mark_halves(circuit_);
}

}  // namespace qmtl
