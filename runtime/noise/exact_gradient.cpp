// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "runtime/noise/exact.h"
#include "runtime/noise/rotation.h"

namespace qmtl {

PauliVector ExactProgram::unread(std::vector<double> slopes) const {
  pull_readout(readout_, slopes);
  PauliVector back = PauliVector::zero(qubits_);
  const std::vector<std::size_t> indices = readings();
  for (std::size_t mask = 0; mask < indices.size(); ++mask) back[indices[mask]] += slopes[mask];
  return back;
}

PauliVector ExactProgram::pull(PauliVector back, std::span<const double> angles) const {
  return go_back(std::move(back), angles, nullptr, {}, {});
}

PauliVector ExactProgram::pull(PauliVector back, std::span<const double> angles, const Tape& tape,
                               std::span<double> angle_gradients, std::span<double> param_gradients) const {
  return go_back(std::move(back), angles, &tape, angle_gradients, param_gradients);
}

PauliVector ExactProgram::go_back(PauliVector back, std::span<const double> angles, const Tape* tape,
                                  std::span<double> angle_gradients,
                                  std::span<double> param_gradients) const {
  std::size_t left = tape ? tape->size() : 0;
  for (auto stage = stages_.rbegin(); stage != stages_.rend(); ++stage) {
    const PauliVector* before = tape && !stage->pieces.empty() ? &(*tape)[--left] : nullptr;
    switch (stage->kind) {
      case Stage::Kind::add: {
        if (before) {
          const std::array<double, 4> given = slopes_of_add(*before, back);
          std::array<double, 16> of_product{};
          for (std::size_t row = 0; row < 4; ++row)
            of_product[4 * row] = of_product[4 * row + 3] = given[row];
          add_rotations(*stage, angles, of_product, angle_gradients, param_gradients);
        }
        back.pull_add(from_zero(product(*stage, angles)));
        break;
      }
      case Stage::Kind::one:
        if (before)
          add_rotations(*stage, angles, slopes_of_apply(*before, back, stage->place0), angle_gradients,
                        param_gradients);
        back.pull(stage->place0, product(*stage, angles));
        break;
      case Stage::Kind::two:
        back.apply(stage->place0, stage->place1, transposed(transfers_.two(stage->transfer)));
        break;
      case Stage::Kind::drop:
        back.pull_drop(stage->place0);
        break;
    }
  }
  return back;
}

void ExactProgram::add_rotations(const Stage& stage, std::span<const double> angles,
                                 const std::array<double, 16>& slopes, std::span<double> angle_gradients,
                                 std::span<double> param_gradients) const {
  const auto angle_of = [&](const Piece& piece) { return turned_by(piece.op, angles, params_); };
  const auto matrix_of = [&](const Piece& piece) {
    return piece.channel >= 0 ? transfers_.one(piece.channel) : rotation(piece.op.gate, angle_of(piece));
  };
  // behind[i]: the product of the pieces after piece i.
  std::vector<std::array<double, 16>> behind(stage.pieces.size(), same_state);
  for (std::size_t i = stage.pieces.size() - 1; i > 0; --i)
    behind[i - 1] = multiply(behind[i], matrix_of(stage.pieces[i]));
  std::array<double, 16> front = same_state;
  for (std::size_t i = 0; i < stage.pieces.size(); ++i) {
    const Piece& piece = stage.pieces[i];
    if (piece.channel < 0 && piece.op.source != Source::none) {
      const auto slope = multiply(behind[i], multiply(rotation_slope(piece.op.gate, angle_of(piece)), front));
      auto& gradients = piece.op.source == Source::angle ? angle_gradients : param_gradients;
      gradients[static_cast<std::size_t>(piece.op.index)] +=
          std::inner_product(slope.begin(), slope.end(), slopes.begin(), 0.0);
    }
    front = multiply(matrix_of(piece), front);
  }
}

void pull_readout(std::span<const ReadoutError> errors, std::span<double> slopes) {
  for (std::size_t i = errors.size(); i-- > 0;) {
    const double slope = 1.0 - errors[i].p1_given_0 - errors[i].p0_given_1;
    const double offset = errors[i].p0_given_1 - errors[i].p1_given_0;
    const std::size_t bit = std::size_t{1} << i;
    for (std::size_t mask = 0; mask < slopes.size(); ++mask)
      if (mask & bit) {
        slopes[mask ^ bit] += offset * slopes[mask];
        slopes[mask] *= slope;
      }
  }
}

}  // namespace qmtl
