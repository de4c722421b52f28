// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/qpy/parameters.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/base/text.h"

namespace qmtl {
namespace {

constexpr std::size_t uuid_bytes = 16, most_terms = 4096;

/// An element's UUID: its vector's, as one big number, plus the element's number.
std::string element_uuid(std::string uuid, std::uint64_t number) {
  unsigned carry = 0;
  for (std::size_t i = uuid_bytes; i-- > 0;) {
    const unsigned sum = static_cast<unsigned char>(uuid[i]) + static_cast<unsigned>(number & 0xff) + carry;
    uuid[i] = static_cast<char>(sum & 0xff);
    carry = sum >> 8;
    number >>= 8;
  }
  return uuid;
}

void check_finite(const Expression& angle, const QpyCursor& at) {
  bool finite = std::isfinite(angle.constant);
  for (const Monomial& term : angle.terms) finite = finite && std::isfinite(term.factor);
  if (!finite) at.refuse("expected finite numbers in an angle");
}

}  // namespace

int QpyParameters::number(const std::string& uuid, Name name, const QpyCursor& at) {
  const auto [place, fresh] = numbers_.emplace(uuid, static_cast<int>(names_.size()));
  if (fresh) {
    if (names_.size() >= limits_.inputs) at.refuse("too many parameters");
    names_.push_back(std::move(name));
  }
  return place->second;
}

void QpyParameters::read_vectors(QpyCursor& at) {
  const std::uint16_t count = at.u16();
  for (std::uint16_t v = 0; v < count; ++v) {
    const std::uint16_t name = at.u16();
    const std::uint64_t size = at.u64();
    std::string uuid(at.take(uuid_bytes));
    vectors_.push_back({std::string(at.take(name)), std::move(uuid), size});
  }
}

int QpyParameters::read_symbol(char type, QpyCursor& at) {
  if (type == 'p') {
    const std::uint16_t name = at.u16();
    const std::string uuid(at.take(uuid_bytes));
    return number(uuid, {std::string(at.take(name)), 0}, at);
  }
  if (type != 'v') at.refuse("expected a parameter or an element of a vector of parameters");
  if (version_ >= 18) {
    const std::uint16_t vector = at.u16();
    const std::uint64_t element = at.u64();
    if (vector >= vectors_.size() || element >= vectors_[vector].size)
      at.refuse("expected an element of a vector that the circuit lists");
    return number(element_uuid(vectors_[vector].uuid, element), {vectors_[vector].name, element}, at);
  }
  const std::uint16_t name = at.u16();
  at.u64();  // the vector's size
  const std::string uuid(at.take(uuid_bytes));
  const std::uint64_t element = at.u64();
  return number(uuid, {std::string(at.take(name)), element}, at);
}

void QpyParameters::pay(std::size_t terms, const QpyCursor& at) {
  terms_ += terms + 1;
  if (terms > most_terms || terms_ > 16 * limits_.gates) at.refuse("the angles hold too many parameters");
}

Expression QpyParameters::operand(char type, std::string_view bytes, const QpyCursor& at) const {
  switch (type) {
    case 'f':
      return {qpy_real(bytes.substr(8), false), {}};
    case 'i':
      return {static_cast<double>(qpy_integer(bytes.substr(8), false)), {}};
    case 'p':
      if (const auto known = numbers_.find(std::string(bytes)); known != numbers_.end())
        return input_number(known->second);
      at.refuse("expected a parameter that the expression lists");
    default:
      at.refuse("expected a sum of parameters times real numbers: assign the parameters, or send OpenQASM 3");
  }
}

Expression QpyParameters::expression(QpyCursor& at) {
  enum Operation : std::uint8_t { add = 0, subtract = 1, multiply = 2, divide = 3, from = 18, none = 255 };
  const std::uint64_t symbols = at.u64(), size = at.u64();
  QpyCursor program = at.part(size);
  for (std::uint64_t s = 0; s < symbols; ++s) {
    const char symbol = at.letter();
    at.letter();  // the value's type: the symbol itself
    const std::uint64_t bytes = at.u64();
    read_symbol(symbol, at);
    at.take(bytes);
  }
  std::vector<Expression> stack;
  while (!program.at_end()) {
    const std::uint8_t operation = program.byte();
    for (int side = 0; side < 2; ++side) {
      const char type = program.letter();
      const std::string_view bytes = program.take(uuid_bytes);
      if (type != 'n') stack.push_back(operand(type, bytes, program));
    }
    if (operation == none) continue;
    if (stack.size() < 2) program.refuse("expected an operation of two values: sums and products alone");
    const Expression right = std::move(stack.back());
    stack.pop_back();
    Expression& left = stack.back();
    pay(left.terms.size() + right.terms.size(), program);
    if (operation == add || operation == subtract)
      left = sum(left, operation == add ? right : scaled(right, -1));
    else if (operation == from)
      left = sum(right, scaled(left, -1));
    else if (operation == multiply && right.terms.empty())
      left = scaled(left, right.constant);
    else if (operation == multiply && left.terms.empty())
      left = scaled(right, left.constant);
    else if (operation == divide && right.terms.empty() && right.constant != 0)
      left = scaled(left, 1 / right.constant);
    else
      program.refuse("expected a sum of parameters times numbers: assign the parameters before sending");
  }
  if (stack.size() != 1) program.refuse("expected an expression of one value");
  return stack.back();
}

Expression QpyParameters::angle(char type, QpyCursor value) {
  const bool little = version_ < 18;
  Expression angle;
  if (type == 'f' || type == 'i') {
    const std::string_view bytes = value.take(8);
    angle.constant = type == 'f' ? qpy_real(bytes, little) : static_cast<double>(qpy_integer(bytes, little));
  } else if (type == 'p' || type == 'v') {
    angle = input_number(read_symbol(type, value));
  } else if (type == 'e') {
    angle = expression(value);
  } else {
    value.refuse("expected a number or parameters as an angle, found the type " + printable({&type, 1}));
  }
  pay(angle.terms.size(), value);
  check_finite(angle, value);
  return angle;
}

std::vector<QasmInput> QpyParameters::inputs() const {
  std::vector<int> order(names_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return names_[static_cast<std::size_t>(a)] < names_[static_cast<std::size_t>(b)];
  });
  std::vector<QasmInput> inputs(names_.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const std::string digits = std::to_string(rank);
    inputs[static_cast<std::size_t>(order[rank])] = {"p" + std::string(8 - digits.size(), '0') + digits,
                                                     order[rank], 1, false};
  }
  return inputs;
}

}  // namespace qmtl
