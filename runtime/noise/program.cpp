// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/program.h"

#include <algorithm>

#include "runtime/noise/order.h"

namespace qmtl {
namespace {

/// Emits steps and keeps track of where each qubit is.
class Writer {
 public:
  Writer(Program& program, int qubits, std::span<const int> measured, bool release)
      : program_(program),
        place_(static_cast<std::size_t>(qubits), -1),
        measured_at_(place_.size(), -1),
        left_(place_.size(), 0),
        release_(release) {
    for (std::size_t i = 0; i < measured.size(); ++i)
      measured_at_[static_cast<std::size_t>(measured[i])] = static_cast<int>(i);
  }

  void expect_use(int qubit) { ++left_[static_cast<std::size_t>(qubit)]; }
  int place(int qubit) const { return qubit < 0 ? -1 : place_[static_cast<std::size_t>(qubit)]; }

  void add(int qubit) {
    if (qubit < 0 || place(qubit) >= 0) return;
    place_[static_cast<std::size_t>(qubit)] = static_cast<int>(alive_.size());
    alive_.push_back(qubit);
    program_.steps.push_back(
        {Step::Kind::add, place(qubit), -1, measured_at_[static_cast<std::size_t>(qubit)], 0});
    program_.peak = std::max(program_.peak, static_cast<int>(alive_.size()));
  }

  void drop(int qubit) {
    const int from = place(qubit);
    program_.steps.push_back({Step::Kind::drop, from, -1, measured_at_[static_cast<std::size_t>(qubit)],
                              static_cast<std::uint32_t>(qubit)});
    alive_.erase(alive_.begin() + from);
    place_[static_cast<std::size_t>(qubit)] = -1;
    for (std::size_t p = static_cast<std::size_t>(from); p < alive_.size(); ++p)
      place_[static_cast<std::size_t>(alive_[p])] = static_cast<int>(p);
  }

  /// Counts one operation of the qubit and drops it after its last one.
  void used(int qubit) {
    if (qubit < 0 || --left_[static_cast<std::size_t>(qubit)] > 0) return;
    if (release_ || measured_at_[static_cast<std::size_t>(qubit)] < 0) drop(qubit);
  }

 private:
  Program& program_;
  std::vector<int> place_;        ///< qubit -> place, or -1
  std::vector<int> measured_at_;  ///< qubit -> position among the measured ones, or -1
  std::vector<int> left_;         ///< operations to come
  std::vector<int> alive_;        ///< place -> qubit
  bool release_;
};

}  // namespace

Program make_program(std::span<const Timed> timed, int qubits, std::span<const int> measured,
                     const NoiseTable& noise, bool release) {
  Program program;
  program.measured.assign(measured.begin(), measured.end());
  const std::vector<Timed> cone = backward_cone(timed, qubits, measured);
  std::vector<bool> inside(static_cast<std::size_t>(qubits), false);
  for (int qubit : measured) inside[static_cast<std::size_t>(qubit)] = true;
  Writer writer(program, qubits, measured, release);
  std::vector<std::vector<PlacedChannel>> after;
  std::vector<std::uint32_t> position{0};
  for (const Timed& entry : cone) {
    program.ops.push_back(entry.op);
    for (int q : {entry.op.q0, entry.op.q1})
      if (q >= 0) inside[static_cast<std::size_t>(q)] = true, writer.expect_use(q);
    after.push_back(noise.after(entry.op));
    position.push_back(position.back() + static_cast<std::uint32_t>(after.back().size()));
  }
  for (int q = 0; q < qubits; ++q)
    if (inside[static_cast<std::size_t>(q)]) program.cone.push_back(q);

  const Order order = find_order(cone, qubits, release ? std::span<const int>() : measured);
  program.cost = order.cost;
  for (int number : order.ops) {
    const auto i = static_cast<std::size_t>(number);
    const Op& op = program.ops[i];
    writer.add(op.q0);
    writer.add(op.q1);
    program.steps.push_back({Step::Kind::gate, writer.place(op.q0), writer.place(op.q1), number, 0});
    for (std::size_t c = 0; c < after[i].size(); ++c) {
      const PlacedChannel& placed = after[i][c];
      program.steps.push_back({Step::Kind::channel, writer.place(placed.q0), writer.place(placed.q1),
                               placed.channel, position[i] + static_cast<std::uint32_t>(c)});
    }
    writer.used(op.q0);
    writer.used(op.q1);
  }
  std::vector<bool> touched(static_cast<std::size_t>(qubits), false);
  for (const Op& op : program.ops)
    for (int q : {op.q0, op.q1})
      if (q >= 0) touched[static_cast<std::size_t>(q)] = true;
  for (int qubit : measured) {
    if (touched[static_cast<std::size_t>(qubit)]) continue;  // measured qubits without a gate read 0
    writer.add(qubit);
    if (release) writer.drop(qubit);
  }
  for (int qubit : measured) program.places.push_back(writer.place(qubit));
  return program;
}

}  // namespace qmtl
