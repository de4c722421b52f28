// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/channel.h"

#include <cmath>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

using C = std::complex<double>;

constexpr double trace_tolerance = 1e-9;

const std::array<std::array<C, 4>, 4> paulis{
    {{1, 0, 0, 1}, {0, 1, 1, 0}, {0, C(0, -1), C(0, 1), 0}, {1, 0, 0, -1}}};

/// `low` <= value <= `high`, which NaN is not.
void expect_within(const std::string& what, double value, double low, double high) {
  if (!(value >= low && value <= high))
    throw usage_error(what + ": expected a number from " + significant(low, 9) + " to " +
                      significant(high, 9) + ", found " + significant(value, 9));
}

SmallMatrix one(C a, C b, C c, C d) { return {a, b, c, d}; }

/// P_second (x) P_first for Pauli number first + 4 * second.
SmallMatrix pauli(int number, int arity) {
  const auto& first = paulis[static_cast<std::size_t>(number % 4)];
  if (arity == 1) return {first[0], first[1], first[2], first[3]};
  const auto& second = paulis[static_cast<std::size_t>(number / 4)];
  SmallMatrix result{};
  for (std::size_t row = 0; row < 4; ++row)
    for (std::size_t column = 0; column < 4; ++column)
      result[4 * row + column] = first[2 * (row % 2) + column % 2] * second[2 * (row / 2) + column / 2];
  return result;
}

/// sum_P p_P P rho P, without the Paulis that do not occur; the identity comes first.
Channel mixture(std::string name, int arity, const std::vector<double>& probabilities) {
  Channel channel{std::move(name), arity, {}};
  for (std::size_t number = 0; number < probabilities.size(); ++number)
    if (probabilities[number] > 0)
      channel.kraus.push_back(
          scaled(pauli(static_cast<int>(number), arity), std::sqrt(probabilities[number])));
  return channel;
}

/// Kraus operators of one column of decay and its reverse.
void add_nonzero(Channel& channel, const SmallMatrix& matrix) {
  for (const C& entry : matrix)
    if (entry != C(0)) {
      channel.kraus.push_back(matrix);
      return;
    }
}

/// Number of a Pauli label; the rightmost letter is the first qubit's.
int pauli_number(const std::string& label) {
  int number = 0;
  for (char letter : label) {
    const std::size_t index = std::string_view("IXYZ").find(letter);
    if (index == std::string_view::npos)
      throw usage_error("Pauli channel: expected labels of I, X, Y, Z such as X or ZI, found '" + label +
                        "'");
    number = 4 * number + static_cast<int>(index);
  }
  return number;
}

}  // namespace

SmallMatrix scaled(SmallMatrix matrix, double factor) {
  for (C& entry : matrix) entry *= factor;
  return matrix;
}

Channel depolarising(double p, int arity) {
  const int count = arity == 1 ? 4 : 16;
  expect_within("depolarising probability", p, 0.0, count / (count - 1.0));
  std::vector<double> probabilities(static_cast<std::size_t>(count), p / count);
  probabilities[0] = std::max(0.0, 1.0 - p * (count - 1) / count);
  return mixture("depolarising(" + significant(p, 9) + ")", arity, probabilities);
}

Channel pauli_channel(std::span<const std::pair<std::string, double>> given) {
  if (given.empty()) throw usage_error("Pauli channel: expected probabilities such as X = 0.01, found none");
  const std::size_t length = given.front().first.size();
  if (length != 1 && length != 2)
    throw usage_error("Pauli channel: expected labels of one or two letters, found '" + given.front().first +
                      "'");
  std::vector<double> probabilities(length == 1 ? 4 : 16, 0.0);
  double sum = 0.0;
  for (const auto& [label, probability] : given) {
    if (label.size() != length)
      throw usage_error("Pauli channel: expected labels of one length, found '" + given.front().first +
                        "' and '" + label + "'");
    expect_within("Pauli channel, probability of " + label, probability, 0.0, 1.0);
    probabilities[static_cast<std::size_t>(pauli_number(label))] += probability;
    sum += probability;
  }
  if (sum > 1.0 + trace_tolerance)
    throw usage_error("Pauli channel: expected probabilities that sum to at most 1, found the sum " +
                      significant(sum, 9));
  probabilities[0] += std::max(0.0, 1.0 - sum);
  Channel channel = mixture("Pauli channel", static_cast<int>(length), probabilities);
  check_channel(channel, "Pauli channel");
  return channel;
}

Channel amplitude_damping(double gamma, double excited) {
  expect_within("amplitude damping gamma", gamma, 0.0, 1.0);
  expect_within("amplitude damping, excited-state population", excited, 0.0, 1.0);
  const double down = std::sqrt(1.0 - excited), up = std::sqrt(excited);
  const double kept = std::sqrt(1.0 - gamma), moved = std::sqrt(gamma);
  Channel channel{"amplitude damping(" + significant(gamma, 9) + ")", 1, {}};
  add_nonzero(channel, one(down, 0, 0, down * kept));
  add_nonzero(channel, one(0, down * moved, 0, 0));
  add_nonzero(channel, one(up * kept, 0, 0, up));
  add_nonzero(channel, one(0, 0, up * moved, 0));
  return channel;
}

Channel phase_damping(double lambda) {
  expect_within("phase damping lambda", lambda, 0.0, 1.0);
  Channel channel{"phase damping(" + significant(lambda, 9) + ")", 1, {}};
  add_nonzero(channel, one(1, 0, 0, std::sqrt(1.0 - lambda)));
  add_nonzero(channel, one(0, 0, 0, std::sqrt(lambda)));
  return channel;
}

Channel thermal_relaxation(double t1, double t2, double time, double excited) {
  if (!(t1 > 0))
    throw usage_error("thermal relaxation, t1: expected a time above 0, found " + significant(t1, 9));
  if (!(t2 > 0))
    throw usage_error("thermal relaxation, t2: expected a time above 0, found " + significant(t2, 9));
  if (!(time >= 0) || std::isinf(time))
    throw usage_error("thermal relaxation, time: expected a finite time of 0 or more, found " +
                      significant(time, 9));
  if (t2 > 2 * t1)
    throw usage_error("thermal relaxation: expected t2 <= 2 t1, found t1 = " + significant(t1, 9) +
                      " and t2 = " + significant(t2, 9) +
                      "; no physical process loses coherence that slowly");
  expect_within("thermal relaxation, excited-state population", excited, 0.0, 1.0);
  const double reset = -std::expm1(-time / t1), coherence = std::exp(-time / t2);
  // The Choi matrix is the 2 x 2 block [[a, e], [e, b]] on |00>, |11> beside two populations; its Cholesky
  // factor gives the diagonal Kraus operators. a b >= e^2 because t2 <= 2 t1.
  const double a = 1.0 - excited * reset, b = 1.0 - (1.0 - excited) * reset;
  Channel channel{"thermal relaxation(" + significant(t1, 9) + ", " + significant(t2, 9) + ", " +
                      significant(time, 9) + ")",
                  1,
                  {}};
  const double slope = a > 0 ? coherence / std::sqrt(a) : 0.0;
  add_nonzero(channel, one(std::sqrt(a), 0, 0, slope));
  add_nonzero(channel, one(0, 0, 0, std::sqrt(std::max(0.0, b - slope * slope))));
  add_nonzero(channel, one(0, std::sqrt((1.0 - excited) * reset), 0, 0));
  add_nonzero(channel, one(0, 0, std::sqrt(excited * reset), 0));
  return channel;
}

Channel kraus_channel(int arity, std::vector<SmallMatrix> operators) {
  Channel channel{"Kraus channel", arity, std::move(operators)};
  check_channel(channel, "Kraus channel");
  return channel;
}

void check_channel(const Channel& channel, const std::string& where) {
  if (channel.arity != 1 && channel.arity != 2)
    throw usage_error(where + ": expected a channel on 1 or 2 qubits, found " +
                      std::to_string(channel.arity));
  if (channel.kraus.empty()) throw usage_error(where + ": expected at least one Kraus operator, found none");
  const auto dim = static_cast<std::size_t>(channel.dim());
  for (std::size_t row = 0; row < dim; ++row)
    for (std::size_t column = 0; column < dim; ++column) {
      C sum = row == column ? -1.0 : 0.0;
      for (const SmallMatrix& matrix : channel.kraus)
        for (std::size_t i = 0; i < dim; ++i)
          sum += std::conj(matrix[i * dim + row]) * matrix[i * dim + column];
      if (!(std::abs(sum) <= trace_tolerance))
        throw usage_error(
            where + ": '" + channel.name +
            "' is not trace preserving: expected the sum of K^dagger K to be the identity, found "
            "a deviation of " +
            significant(std::abs(sum), 9) + " in row " + std::to_string(row) + ", column " +
            std::to_string(column));
    }
}

double average_fidelity(const Channel& channel) {
  const auto dim = static_cast<std::size_t>(channel.dim());
  double sum = 0.0;
  for (const SmallMatrix& matrix : channel.kraus) {
    C trace = 0;
    for (std::size_t i = 0; i < dim; ++i) trace += matrix[i * dim + i];
    sum += std::norm(trace);
  }
  const double d = static_cast<double>(dim);
  return (sum + d) / (d * d + d);
}

std::vector<double> transfer_matrix(const Channel& channel) {
  const auto dim = static_cast<std::size_t>(channel.dim()), count = dim * dim;
  std::vector<double> result(count * count, 0.0);
  for (std::size_t j = 0; j < count; ++j) {
    const SmallMatrix in = pauli(static_cast<int>(j), channel.arity);
    SmallMatrix out{};
    for (const SmallMatrix& k : channel.kraus)
      for (std::size_t r = 0; r < dim; ++r)
        for (std::size_t c = 0; c < dim; ++c)
          for (std::size_t x = 0; x < dim; ++x)
            for (std::size_t y = 0; y < dim; ++y)
              out[r * dim + c] += k[r * dim + x] * in[x * dim + y] * std::conj(k[c * dim + y]);
    for (std::size_t i = 0; i < count; ++i) {
      const SmallMatrix p = pauli(static_cast<int>(i), channel.arity);
      C trace = 0;
      for (std::size_t r = 0; r < dim; ++r)
        for (std::size_t c = 0; c < dim; ++c) trace += p[r * dim + c] * out[c * dim + r];
      result[i * count + j] = trace.real() / static_cast<double>(dim);
    }
  }
  return result;
}

}  // namespace qmtl
