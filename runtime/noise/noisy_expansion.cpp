// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/noisy_expansion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "runtime/circuit/pauli/propagation.h"
#include "runtime/noise/schedule.h"

namespace qmtl {
namespace {

using Matrix4 = std::array<double, 16>;

/// Of the few sums of products, all below 1, that make a number of a transfer matrix.
constexpr double rounding = 1e-14;

/// Whether a map of one qubit commutes with the rotations about a Pauli, whatever their angle: it must turn
/// and scale the plane of the other two, and keep it apart from the rest.
bool commutes(const std::vector<double>& matrix, char axis) {
  const int own = axis == 'X' ? 1 : axis == 'Y' ? 2 : 3;
  const int a = own % 3 + 1, b = a % 3 + 1;
  const auto at = [&](int row, int column) { return matrix[static_cast<std::size_t>(4 * row + column)]; };
  double most = std::max(std::abs(at(a, a) - at(b, b)), std::abs(at(a, b) + at(b, a)));
  for (const int plane : {a, b})
    for (const int rest : {0, own})
      most = std::max({most, std::abs(at(plane, rest)), std::abs(at(rest, plane))});
  return most <= rounding;
}

/// A cone's operations as steps. A rotation joins an earlier one about the same axis if only maps that
/// commute with it lie between them.
class StepWriter {
 public:
  explicit StepWriter(ChannelMaps& maps) : noise_(maps.noise()), maps_(maps) {}

  /// False when the qubits are more than a string has bits.
  bool add(const Op& op) {
    for (const int q : {op.q0, op.q1})
      if (q >= 0 && !place_.contains(q)) {
        if (place_.size() == PauliPropagation::most_qubits) return false;
        place_.emplace(q, static_cast<int>(place_.size()));
      }
    add_gate(op);
    for (const PlacedChannel& placed : noise_.after(op)) {
      steps_.push_back(
          {.q0 = bit(placed.q0), .q1 = bit(placed.q1), .transfer = &maps_.transfer(placed.channel)});
      for (const int q : {placed.q0, placed.q1}) {
        if (q < 0) continue;
        const auto open = open_.find(q);
        if (open == open_.end()) continue;
        const char about = axis(steps_[open->second].gate, 0);
        if (placed.q1 >= 0 || !commutes(maps_.matrix(placed.channel), about)) open_.erase(open);
      }
    }
    return true;
  }

  const std::vector<PauliStep>& steps() const { return steps_; }
  std::uint64_t bit(int qubit) const { return qubit < 0 ? 0 : std::uint64_t{1} << place_.at(qubit); }
  /// Also of a qubit that no operation touches.
  std::optional<std::uint64_t> claimed(int qubit) {
    if (!place_.contains(qubit)) {
      if (place_.size() == PauliPropagation::most_qubits) return std::nullopt;
      place_.emplace(qubit, static_cast<int>(place_.size()));
    }
    return bit(qubit);
  }

 private:
  void add_gate(const Op& op) {
    if (!is_rotation(op.gate)) {
      for (const int q : {op.q0, op.q1}) open_.erase(q);
      steps_.push_back({.gate = op.gate, .q0 = bit(op.q0), .q1 = bit(op.q1)});
      return;
    }
    auto open = open_.find(op.q0);
    if (open == open_.end() || steps_[open->second].gate != op.gate) {
      open = open_.insert_or_assign(op.q0, steps_.size()).first;
      steps_.push_back({.gate = op.gate, .q0 = bit(op.q0)});
    }
    PauliAngle& angle = steps_[open->second].angle;
    if (op.source == Source::none)
      angle.constant += op.angle;
    else
      (op.source == Source::angle ? angle.angles : angle.params).push_back(op.index);
  }

  const NoiseTable& noise_;
  ChannelMaps& maps_;
  std::map<int, int> place_;         ///< qubit -> bit
  std::map<int, std::size_t> open_;  ///< qubit -> the rotation that a next one joins
  std::vector<PauliStep> steps_;
};

std::vector<int> product(const std::vector<int>& a, const std::vector<int>& b) {
  std::vector<int> qubits;
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(qubits));
  return qubits;
}

/// The strings that a readout (or its square) begins with. What is read of a qubit is slope * Z + offset, so
/// that a product of k of them is 2^k strings; the square of what is read is 1. False when these are too
/// many.
class Readings {
 public:
  Readings(const NoiseTable& noise, StepWriter& writer, std::size_t limit)
      : noise_(noise), writer_(writer), limit_(limit) {}

  bool add(const Readout& readout, bool square) {
    for (const ZString& s : readout.strings) {
      const double weight = s.weight_param < 0 ? s.weight : 1.0;
      if (!square) {
        if (!add(s.qubits, weight, s.weight_param, -1)) return false;
        continue;
      }
      for (const ZString& t : readout.strings)
        if (!add(product(s.qubits, t.qubits), t.weight_param < 0 ? weight * t.weight : weight, s.weight_param,
                 t.weight_param))
          return false;
    }
    return true;
  }
  const std::vector<PauliStart>& strings() const { return strings_; }

 private:
  bool add(const std::vector<int>& qubits, double weight, int first, int second) {
    std::vector<PauliStart> made{{0, weight, first, second}};
    for (const int qubit : qubits) {
      const ReadoutError& error = noise_.readout(qubit);
      const double slope = 1.0 - error.p1_given_0 - error.p0_given_1;
      const double offset = error.p0_given_1 - error.p1_given_0;
      const auto bit = writer_.claimed(qubit);
      if (!bit) return false;
      const std::size_t count = made.size();
      for (std::size_t i = 0; i < count; ++i) {
        if (offset != 0.0) {
          made.push_back(made[i]);
          made.back().weight *= offset;
        }
        made[i].z ^= *bit;
        made[i].weight *= slope;
      }
      if (made.size() > limit_) return false;
    }
    strings_.insert(strings_.end(), made.begin(), made.end());
    return strings_.size() <= limit_;
  }

  const NoiseTable& noise_;
  StepWriter& writer_;
  std::size_t limit_;
  std::vector<PauliStart> strings_;
};

std::vector<int> qubits_of(const Readout& readout) {
  std::vector<int> qubits;
  for (const ZString& string : readout.strings)
    qubits.insert(qubits.end(), string.qubits.begin(), string.qubits.end());
  std::sort(qubits.begin(), qubits.end());
  qubits.erase(std::unique(qubits.begin(), qubits.end()), qubits.end());
  return qubits;
}

/// Numbers what occurs from 0 on; returns the old numbers, ascending.
std::vector<int> renumber(const std::vector<std::vector<int>*>& lists) {
  std::map<int, int> found;
  for (const std::vector<int>* list : lists)
    for (const int number : *list)
      if (number >= 0) found.emplace(number, 0);
  std::vector<int> old;
  for (auto& [number, place] : found) {
    place = static_cast<int>(old.size());
    old.push_back(number);
  }
  for (std::vector<int>* list : lists)
    for (int& number : *list)
      if (number >= 0) number = found.at(number);
  return old;
}

NoisyExpansion compact(PauliExpansion sums) {
  std::vector<std::vector<int>*> params, angles;
  for (auto* list : {&sums.constant, &sums.sample})
    for (PauliAngle& angle : *list) {
      params.push_back(&angle.params);
      angles.push_back(&angle.angles);
    }
  std::vector<int> weights;
  for (const PauliRoot& root : sums.roots) weights.insert(weights.end(), {root.first, root.second});
  params.push_back(&weights);
  NoisyExpansion made;
  made.params = renumber(params);
  made.angles = renumber(angles);
  for (std::size_t i = 0; i < sums.roots.size(); ++i) {
    sums.roots[i].first = weights[2 * i];
    sums.roots[i].second = weights[2 * i + 1];
  }
  made.sums = std::move(sums);
  return made;
}

}  // namespace

const ChannelMaps::Map& ChannelMaps::map(int channel) {
  auto& known = maps_[static_cast<std::size_t>(channel)];
  if (!known) {
    std::vector<double> matrix = transfer_matrix(noise_.channels()[static_cast<std::size_t>(channel)]);
    for (double& number : matrix)
      if (std::abs(number) <= rounding) number = 0.0;
    const std::size_t count = matrix.size() == 16 ? 4 : 16;
    std::fill_n(matrix.begin(), count, 0.0);
    matrix[0] = 1.0;
    PauliTransfer transfer(matrix);
    known = std::make_unique<const Map>(Map{std::move(matrix), std::move(transfer)});
  }
  return *known;
}

std::optional<NoisyExpansion> expand_noisy(const Circuit& circuit, std::span<const int> blocks,
                                           ChannelMaps& maps, bool second_moments, std::size_t limit) {
  std::size_t outputs = 0, value = 0;
  for (const int block : blocks) outputs += circuit.blocks[static_cast<std::size_t>(block)].outputs.size();
  PauliPropagation propagation(second_moments ? 2 * outputs : outputs, limit);
  for (const int block : blocks) {
    const Block& source = circuit.blocks[static_cast<std::size_t>(block)];
    std::vector<Op> ops = circuit.shared;
    ops.insert(ops.end(), source.ops.begin(), source.ops.end());
    const std::vector<Timed> timed = schedule(ops, circuit.qubits);
    for (const Readout& readout : source.outputs) {
      const std::vector<int> measured = qubits_of(readout);
      StepWriter writer(maps);
      for (const Timed& entry : backward_cone(timed, circuit.qubits, measured))
        if (!writer.add(entry.op)) return std::nullopt;
      for (const bool square : {false, true}) {
        if (square && !second_moments) continue;
        Readings readings(maps.noise(), writer, limit);
        if (!readings.add(readout, square) ||
            !propagation.add(square ? value + outputs : value, readings.strings(), writer.steps()))
          return std::nullopt;
      }
      ++value;
    }
  }
  return compact(std::move(propagation).finish());
}

}  // namespace qmtl
