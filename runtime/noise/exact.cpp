// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/exact.h"

#include <algorithm>

#include "runtime/noise/rotation.h"

namespace qmtl {
namespace {

/// The 16 x 16 matrix of a one- or two-qubit transfer matrix on a gate's qubits: `on` 0 or 1 for one qubit, 2
/// for both in the gate's order, 3 for both in the other order.
std::vector<double> spread(const std::vector<double>& m, int on) {
  std::vector<double> result(256, 0.0);
  for (std::size_t row = 0; row < 16; ++row)
    for (std::size_t column = 0; column < 16; ++column) {
      const std::size_t r0 = row % 4, r1 = row / 4, c0 = column % 4, c1 = column / 4;
      double value = 0;
      if (on == 0) value = r1 == c1 ? m[4 * r0 + c0] : 0.0;
      if (on == 1) value = r0 == c0 ? m[4 * r1 + c1] : 0.0;
      if (on == 2) value = m[16 * row + column];
      if (on == 3) value = m[16 * (r1 + 4 * r0) + c1 + 4 * c0];
      result[16 * row + column] = value;
    }
  return result;
}

std::vector<double> product16(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> result(256, 0.0);
  for (std::size_t row = 0; row < 16; ++row)
    for (std::size_t k = 0; k < 16; ++k)
      if (const double factor = a[16 * row + k]; factor != 0.0)
        for (std::size_t column = 0; column < 16; ++column)
          result[16 * row + column] += factor * b[16 * k + column];
  return result;
}

}  // namespace

Transfers::Transfers(const NoiseTable& noise) : noise_(noise) {
  for (const Channel& channel : noise.channels()) {
    std::array<double, 16> small{};
    if (channel.arity == 1) {
      const std::vector<double> matrix = transfer_matrix(channel);
      std::copy(matrix.begin(), matrix.end(), small.begin());
    }
    one_.push_back(small);
  }
}

int Transfers::two(const Program& program, std::size_t& first) {
  const Step& gate = program.steps[first];
  const Op& op = program.ops[static_cast<std::size_t>(gate.index)];
  std::vector<int> key{static_cast<int>(op.gate)};
  for (++first; first < program.steps.size() && program.steps[first].kind == Step::Kind::channel; ++first) {
    const Step& step = program.steps[first];
    key.push_back(step.index);
    const bool second = step.place0 == gate.place1;
    key.push_back(step.place1 < 0 ? (second ? 1 : 0) : (second ? 3 : 2));
  }
  const auto [found, is_new] = number_of_.try_emplace(key, static_cast<int>(two_.size()));
  if (is_new) {
    std::vector<double> total = transfer_matrix({"", 2, {matrix(op.gate, 0.0)}});
    for (std::size_t i = 1; i < key.size(); i += 2)
      total = product16(
          spread(transfer_matrix(noise_.channels()[static_cast<std::size_t>(key[i])]), key[i + 1]), total);
    two_.push_back(sparse(total));
  }
  return found->second;
}

ExactProgram::ExactProgram(const Program& program, const NoiseTable& noise, Transfers& transfers, int alive)
    : transfers_(transfers), places_(program.places) {
  for (int qubit : program.measured) readout_.push_back(noise.readout(qubit));
  std::vector<std::vector<Piece>> pending(static_cast<std::size_t>(alive));  // by place: not yet emitted
  std::vector<int> alone(pending.size(), -1);  // by place: its add stage, or -1 after a two-qubit gate
  const auto flush = [&](std::size_t place) {
    if (!pending[place].empty())
      stages_.push_back({Stage::Kind::one, static_cast<int>(place), -1, -1, std::move(pending[place]), {}});
    pending[place].clear();
  };
  for (std::size_t s = 0; s < program.steps.size();) {
    const Step& step = program.steps[s];
    const auto place = static_cast<std::size_t>(step.place0);
    if (step.kind == Step::Kind::add) {
      pending.emplace_back();
      alone.push_back(static_cast<int>(stages_.size()));
      stages_.push_back({Stage::Kind::add, step.place0, -1, -1, {}, {}});
      ++s;
    } else if (step.kind == Step::Kind::drop) {
      // What would still act on the qubit alone preserves its trace.
      pending.erase(pending.begin() + step.place0);
      alone.erase(alone.begin() + step.place0);
      stages_.push_back({Stage::Kind::drop, step.place0, -1, -1, {}, {}});
      ++s;
    } else if (step.place1 >= 0) {
      flush(place);
      flush(static_cast<std::size_t>(step.place1));
      alone[place] = alone[static_cast<std::size_t>(step.place1)] = -1;
      const int transfer = transfers.two(program, s);
      stages_.push_back({Stage::Kind::two, step.place0, step.place1, transfer, {}, {}});
    } else {
      Piece piece;
      if (step.kind == Step::Kind::gate)
        piece.op = program.ops[static_cast<std::size_t>(step.index)];
      else
        piece.channel = step.index;
      auto& list =
          alone[place] >= 0 ? stages_[static_cast<std::size_t>(alone[place])].pieces : pending[place];
      list.push_back(piece);
      ++s;
    }
  }
  for (std::size_t place = 0; place < pending.size(); ++place) flush(place);
  qubits_ = static_cast<int>(pending.size());
}

void ExactProgram::bind(std::span<const double> params) {
  params_.assign(params.begin(), params.end());
  for (Stage& stage : stages_) {
    stage.bound.clear();
    for (Piece piece : stage.pieces) {
      if (piece.channel >= 0) {
        piece.matrix = transfers_.one(piece.channel);
        piece.constant = true;
      } else if (piece.op.source != Source::angle) {
        piece.matrix = rotation(piece.op.gate, fixed_angle(piece.op, params));
        piece.constant = true;
      }
      if (piece.constant && !stage.bound.empty() && stage.bound.back().constant)
        stage.bound.back().matrix = multiply(piece.matrix, stage.bound.back().matrix);
      else
        stage.bound.push_back(piece);
    }
  }
}

std::array<double, 16> ExactProgram::product(const Stage& stage, std::span<const double> angles) const {
  std::array<double, 16> total = same_state;
  for (const Piece& piece : stage.bound)
    total =
        multiply(piece.constant ? piece.matrix
                                : rotation(piece.op.gate, angles[static_cast<std::size_t>(piece.op.index)]),
                 total);
  return total;
}

std::array<double, 4> ExactProgram::from_zero(const std::array<double, 16>& m) {
  // The coefficients of |0> are 1, 0, 0, 1.
  return {m[0] + m[3], m[4] + m[7], m[8] + m[11], m[12] + m[15]};
}

std::vector<std::size_t> ExactProgram::readings() const {
  std::vector<std::size_t> indices(std::size_t{1} << places_.size(), 0);
  for (std::size_t mask = 0; mask < indices.size(); ++mask)
    for (std::size_t i = 0; i < places_.size(); ++i)
      if (mask >> i & 1) indices[mask] += std::size_t{3} << (2 * places_[i]);
  return indices;
}

PauliVector ExactProgram::run(PauliVector state, std::span<const double> angles, Tape* tape) const {
  for (const Stage& stage : stages_) {
    if (tape && !stage.pieces.empty()) tape->push_back(state);
    switch (stage.kind) {
      case Stage::Kind::add:
        state.add(from_zero(product(stage, angles)));
        break;
      case Stage::Kind::one:
        state.apply(stage.place0, product(stage, angles));
        break;
      case Stage::Kind::two:
        state.apply(stage.place0, stage.place1, transfers_.two(stage.transfer));
        break;
      case Stage::Kind::drop:
        state.drop(stage.place0);
        break;
    }
  }
  return state;
}

std::vector<double> ExactProgram::read(const PauliVector& state) const {
  std::vector<double> spectrum;
  for (const std::size_t index : readings()) spectrum.push_back(state.values()[index]);
  apply_readout(readout_, spectrum);
  return spectrum;
}

void apply_readout(std::span<const ReadoutError> errors, std::span<double> spectrum) {
  for (std::size_t i = 0; i < errors.size(); ++i) {
    // Z as it is read: (1 - 2 p1_given_0) on |0>, -(1 - 2 p0_given_1) on |1>.
    const double slope = 1.0 - errors[i].p1_given_0 - errors[i].p0_given_1;
    const double offset = errors[i].p0_given_1 - errors[i].p1_given_0;
    const std::size_t bit = std::size_t{1} << i;
    for (std::size_t mask = 0; mask < spectrum.size(); ++mask)
      if (mask & bit) spectrum[mask] = slope * spectrum[mask] + offset * spectrum[mask ^ bit];
  }
}

}  // namespace qmtl
