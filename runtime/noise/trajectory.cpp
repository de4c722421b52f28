// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/trajectory.h"

#include <algorithm>
#include <cmath>

#include "runtime/noise/rotation.h"

namespace qmtl {
namespace {

using C = std::complex<double>;
using One = PureState::One;

/// Entries of a Kraus operator's square may differ from a multiple of the identity by rounding only.
constexpr double rounding = 1e-14;

C times(C a, C b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

One product(const One& a, const One& b) {
  return {times(a[0], b[0]) + times(a[1], b[2]), times(a[0], b[1]) + times(a[1], b[3]),
          times(a[2], b[0]) + times(a[3], b[2]), times(a[2], b[1]) + times(a[3], b[3])};
}

SmallMatrix square(const SmallMatrix& k, std::size_t dim) {
  SmallMatrix result{};
  for (std::size_t row = 0; row < dim; ++row)
    for (std::size_t column = 0; column < dim; ++column)
      for (std::size_t i = 0; i < dim; ++i)
        result[row * dim + column] += times(std::conj(k[i * dim + row]), k[i * dim + column]);
  return result;
}

bool is_multiple_of_identity(const SmallMatrix& m, std::size_t dim) {
  for (std::size_t row = 0; row < dim; ++row)
    for (std::size_t column = 0; column < dim; ++column)
      if (std::abs(m[row * dim + column] - (row == column ? m[0] : C(0))) > rounding) return false;
  return true;
}

/// The first number whose running sum exceeds u times the whole sum.
std::size_t pick(std::span<const double> weights, double u) {
  double sum = 0;
  for (double weight : weights) sum += weight;
  double level = u * sum;
  for (std::size_t k = 0; k + 1 < weights.size(); ++k) {
    if (level < weights[k]) return k;
    level -= weights[k];
  }
  std::size_t last = weights.size() - 1;
  while (last > 0 && weights[last] <= 0) --last;  // rounding must not pick what cannot happen
  return last;
}

/// One-qubit matrices that wait for the next step that needs the state, by place.
class Pending {
 public:
  explicit Pending(PureState& state) : state_(state) {}
  void add() { waiting_.push_back({identity, false}); }
  void multiply(int place, const One& matrix) {
    auto& [total, any] = waiting_[static_cast<std::size_t>(place)];
    total = any ? product(matrix, total) : matrix;
    any = true;
  }
  void flush(int place) {
    auto& [total, any] = waiting_[static_cast<std::size_t>(place)];
    if (any) state_.apply(place, total);
    any = false;
  }
  void flush_all() {
    for (std::size_t place = 0; place < waiting_.size(); ++place) flush(static_cast<int>(place));
  }
  void erase(int place) { waiting_.erase(waiting_.begin() + place); }

 private:
  static constexpr One identity{1, 0, 0, 1};
  PureState& state_;
  std::vector<std::pair<One, bool>> waiting_;
};

void apply_channel(const Unravelling& channel, const Step& step, double u, PureState& state,
                   Pending& pending) {
  if (!channel.mixture || channel.arity == 2) {
    // A mixture's draw needs no state: what changes nothing waits for nothing.
    const bool nothing = channel.mixture && channel.identity[pick(channel.probability, u)];
    if (nothing) return;
    pending.flush(step.place0);
    if (step.place1 >= 0) pending.flush(step.place1);
  }
  const std::optional<SmallMatrix> drawn = draw(channel, step, u, state);
  if (!drawn) return;
  if (step.place1 >= 0)
    state.apply(step.place0, step.place1, *drawn);
  else if (channel.mixture)
    pending.multiply(step.place0, PureState::one(*drawn));
  else
    state.apply(step.place0, PureState::one(*drawn));
}

}  // namespace

std::optional<SmallMatrix> draw(const Unravelling& channel, const Step& step, double u,
                                const PureState& state) {
  if (channel.mixture) {
    const std::size_t k = pick(channel.probability, u);
    if (channel.identity[k]) return std::nullopt;
    return channel.kraus[k];
  }
  std::vector<double> weights(channel.effects.size(), 0.0);
  if (channel.arity == 1) {
    const auto rho = state.reduced(step.place0);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const SmallMatrix& e = channel.effects[k];
      weights[k] =
          std::max(0.0, e[0].real() * rho.p0 + e[3].real() * rho.p1 + 2 * times(e[2], rho.c01).real());
    }
  } else {
    const SmallMatrix rho = state.reduced(step.place0, step.place1);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      double sum = 0;
      for (std::size_t row = 0; row < 4; ++row)
        for (std::size_t column = 0; column < 4; ++column)
          sum += times(channel.effects[k][4 * row + column], rho[4 * column + row]).real();
      weights[k] = std::max(0.0, sum);
    }
  }
  // A trajectory's norm is 1 up to rounding; dividing by the operator's own weight keeps it there.
  const std::size_t k = pick(weights, u);
  return scaled(channel.kraus[k], 1.0 / std::sqrt(weights[k]));
}

bool draw_outcome(const PureState::Reduced& rho, double u) {
  return pick(std::array{rho.p0, rho.p1}, u) == 1;
}

Unravelling::Unravelling(const Channel& channel) : arity(channel.arity), mixture(true), kraus(channel.kraus) {
  const auto dim = static_cast<std::size_t>(channel.dim());
  for (const SmallMatrix& k : kraus) {
    effects.push_back(square(k, dim));
    mixture = mixture && is_multiple_of_identity(effects.back(), dim);
    identity.push_back(is_multiple_of_identity(k, dim));
  }
  if (!mixture) return;
  for (std::size_t k = 0; k < kraus.size(); ++k) {
    probability.push_back(effects[k][0].real());
    if (probability[k] > 0) kraus[k] = scaled(kraus[k], 1.0 / std::sqrt(probability[k]));
  }
  effects.clear();
}

TrajectoryProgram::TrajectoryProgram(const Program& program, const NoiseTable& noise,
                                     const std::vector<Unravelling>& channels)
    : program_(program), channels_(channels) {
  for (int qubit : program.measured) readout_.push_back(noise.readout(qubit));
}

std::vector<One> TrajectoryProgram::rotations(std::span<const double> angles) const {
  std::vector<One> matrices(program_.ops.size());
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    const Op& op = program_.ops[i];
    if (op.q1 >= 0) continue;
    matrices[i] = PureState::one(matrix(op.gate, turned_by(op, angles, params_)));
  }
  return matrices;
}

template <class Measured>
void TrajectoryProgram::run(std::span<const One> rotations, const NoiseRandom& random,
                            const NoiseRandom::At& at, PureState& state, Measured measured) const {
  Pending pending(state);
  for (const Step& step : program_.steps) {
    switch (step.kind) {
      case Step::Kind::add:
        state.add();
        pending.add();
        break;
      case Step::Kind::gate: {
        const Op& op = program_.ops[static_cast<std::size_t>(step.index)];
        if (op.q1 < 0) {
          pending.multiply(step.place0, rotations[static_cast<std::size_t>(step.index)]);
          break;
        }
        pending.flush(step.place0);
        pending.flush(step.place1);
        if (is_diagonal(op.gate))
          state.cz(step.place0, step.place1);
        else
          state.cx(step.place0, step.place1);
        break;
      }
      case Step::Kind::channel:
        apply_channel(channels_[static_cast<std::size_t>(step.index)], step,
                      random.uniform(NoiseRandom::Purpose::channel, at, step.position), state, pending);
        break;
      case Step::Kind::drop: {
        pending.flush(step.place0);
        pending.erase(step.place0);
        const auto rho = state.reduced(step.place0);
        const double u = random.uniform(NoiseRandom::Purpose::measure, at, step.position);
        const bool bit = draw_outcome(rho, u);
        state.keep(step.place0, bit, 1.0 / std::sqrt(bit ? rho.p1 : rho.p0));
        if (step.index >= 0) measured(static_cast<std::size_t>(step.index), bit);
        break;
      }
    }
  }
  pending.flush_all();
}

void TrajectoryProgram::add_probabilities(std::span<const One> rotations, const NoiseRandom& random,
                                          const NoiseRandom::At& at, std::span<double> sum) const {
  PureState state;
  run(rotations, random, at, state, [](std::size_t, bool) {});
  for (std::size_t index = 0; index < state.size(); ++index) {
    std::size_t bits = 0;
    for (std::size_t i = 0; i < program_.places.size(); ++i) bits |= (index >> program_.places[i] & 1) << i;
    sum[bits] += state.probability(index);
  }
}

void TrajectoryProgram::shot(std::span<const One> rotations, const NoiseRandom& random,
                             const NoiseRandom::At& at, std::vector<bool>& bits) const {
  PureState state;
  bits.assign(program_.measured.size(), false);
  run(rotations, random, at, state, [&](std::size_t i, bool bit) {
    const double flip = bit ? readout_[i].p0_given_1 : readout_[i].p1_given_0;
    const auto qubit = static_cast<std::uint32_t>(program_.measured[i]);
    bits[i] = bit != (flip > 0 && random.uniform(NoiseRandom::Purpose::readout, at, qubit) < flip);
  });
}

}  // namespace qmtl
