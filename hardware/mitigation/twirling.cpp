// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include "hardware/mitigation/basis_gates.h"
#include "hardware/mitigation/draws.h"
#include "hardware/mitigation/variants.h"

namespace qmtl {
namespace {

/// Paulis as numbers: I X Y Z = 0 1 2 3.
constexpr int number_of(char pauli) { return pauli == 'X' ? 1 : pauli == 'Y' ? 2 : 3; }
constexpr bool anticommute(int a, int b) { return a != 0 && b != 0 && a != b; }
/// Up to a phase. With X = 1, Z = 3 and Y = 2, a change of X and Y makes it an exclusive or.
constexpr int product(int a, int b) {
  constexpr std::array<int, 4> bits{0, 1, 3, 2};  // X: bit 0, Z: bit 1
  return bits[static_cast<std::size_t>(bits[static_cast<std::size_t>(a)] ^
                                       bits[static_cast<std::size_t>(b)])];
}

using PauliPair = std::array<int, 2>;

/// What undoes a pair of Paulis in front of the gate behind it, up to a phase: a gate with axes A and B is
/// (1 + A) / 2 + (1 - A) / 2 B; a rotation about a pair lets what commutes with it through.
PauliPair behind(const DeviceOp& op, PauliPair before) {
  if (info(op.gate).angle) return before;
  const int a = number_of(info(op.gate).axes[0]), b = number_of(info(op.gate).axes[1]);
  PauliPair after = before;
  if (anticommute(before[0], a)) after[1] = product(after[1], b);
  if (anticommute(before[1], b)) after[0] = product(after[0], a);
  return after;
}

/// The pairs that the gate can be twirled with: all, or those that commute with a rotation's.
std::vector<PauliPair> twirls_of(const DeviceOp& op) {
  std::vector<PauliPair> pairs;
  for (int first = 0; first < 4; ++first)
    for (int second = 0; second < 4; ++second)
      if (!info(op.gate).angle || anticommute(first, number_of(info(op.gate).axes[0])) ==
                                      anticommute(second, number_of(info(op.gate).axes[1])))
        pairs.push_back({first, second});
  return pairs;
}

/// Programs that are not random yet become so many, each with numbers of its own.
void randomise(std::vector<Variant>& variants, int randomisations) {
  if (variants.front().twirled) return;
  std::vector<Variant> all;
  std::uint32_t circuit = 0;
  for (const Variant& variant : variants) {
    const int copies = variant.random ? 1 : randomisations;
    for (int r = 0; r < copies; ++r) {
      Variant& copy = all.emplace_back(variant);
      copy.circuit = circuit++;
      copy.random = copy.twirled = true;
      copy.share /= copies;
      for (double& weight : copy.weights) weight /= copies;
      copy.program.name += "_twirl" + std::to_string(copy.circuit);
    }
  }
  variants = std::move(all);
}

/// Appends to a program and notes what was put in.
struct Writer {
  DeviceProgram program;
  std::vector<bool> inserted;

  void add(const DeviceOp& op, bool in = false) {
    program.ops.push_back(op);
    inserted.push_back(in);
  }
  void pauli(int pauli, int qubit, std::span<const DeviceGate> basis) {
    for (const DeviceOp& op : pauli_ops(pauli, qubit, basis)) add(op, true);
  }
};

}  // namespace

void twirl_gates(std::vector<Variant>& variants, const VariantRequest& request) {
  randomise(variants, request.settings.randomisations);
  const Draws random(request.seed, DrawPurpose::twirling);
  for (Variant& variant : variants) {
    Writer writer{variant.program, {}};
    writer.program.ops.clear();
    std::uint32_t gate = 0;
    for (const DeviceOp& op : variant.program.ops) {
      if (op.q1 < 0) {
        writer.add(op);
        continue;
      }
      const std::vector<PauliPair> choices = twirls_of(op);
      const auto word = random.bits({request.part, variant.circuit, 0, gate++});
      const PauliPair before = choices[std::uint64_t{word} * choices.size() >> 32],
                      after = behind(op, before);
      writer.pauli(before[0], op.q0, request.target.basis);
      writer.pauli(before[1], op.q1, request.target.basis);
      writer.add(op);
      writer.pauli(after[0], op.q0, request.target.basis);
      writer.pauli(after[1], op.q1, request.target.basis);
    }
    variant.program = with_runs_merged(writer.program, writer.inserted, request.target.basis);
  }
}

void twirl_readings(std::vector<Variant>& variants, const VariantRequest& request) {
  randomise(variants, request.settings.randomisations);
  const Draws random(request.seed, DrawPurpose::twirling);
  for (Variant& variant : variants) {
    Writer writer{variant.program, std::vector<bool>(variant.program.ops.size(), false)};
    variant.flipped.clear();
    for (std::size_t c = 0; c < variant.program.measured.size(); ++c) {
      // Of two circuits in a row each reading is turned in one, so that 0 and 1 are read equally often.
      const auto word = random.bits({request.part, variant.circuit / 2, 1, static_cast<std::uint32_t>(c)});
      variant.flipped.push_back(((word >> 31) ^ (variant.circuit & 1)) != 0);
      if (variant.flipped.back()) writer.pauli(1, variant.program.measured[c], request.target.basis);
    }
    variant.program = with_runs_merged(writer.program, writer.inserted, request.target.basis);
  }
}

}  // namespace qmtl
