// SPDX-License-Identifier: Apache-2.0
#include "hardware/mitigation/folding.h"

#include <cmath>
#include <string>
#include <vector>

#include "hardware/mitigation/basis_gates.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

constexpr std::array<std::pair<FoldKind, std::string_view>, 2> fold_kinds{
    {{FoldKind::two_qubit, "two-qubit"}, {FoldKind::whole, "whole"}}};

void append(std::vector<DeviceOp>& ops, const std::vector<DeviceOp>& more) {
  ops.insert(ops.end(), more.begin(), more.end());
}

/// The inverse of a sequence.
std::vector<DeviceOp> undone(std::span<const DeviceOp> ops, std::span<const DeviceGate> basis) {
  std::vector<DeviceOp> result;
  for (std::size_t i = ops.size(); i-- > 0;) append(result, inverse(ops[i], basis));
  return result;
}

/// Pairs of (inverse, again) that `gates` gates need to grow to `factor` times as many.
std::size_t pairs_for(double factor, std::size_t gates) {
  return static_cast<std::size_t>(std::llround(static_cast<double>(gates) * (factor - 1.0) / 2.0));
}

std::vector<DeviceOp> fold_two_qubit(const DeviceProgram& program, std::size_t gates, std::size_t pairs,
                                     std::span<const DeviceGate> basis) {
  std::vector<DeviceOp> ops;
  std::size_t gate = 0;
  for (const DeviceOp& op : program.ops) {
    ops.push_back(op);
    if (info(op.gate).qubits != 2) continue;
    // The folds up to gate i are i * pairs / gates rounded down: spread evenly.
    const std::size_t folds = (gate + 1) * pairs / gates - gate * pairs / gates;
    for (std::size_t i = 0; i < folds; ++i) {
      append(ops, inverse(op, basis));
      ops.push_back(op);
    }
    ++gate;
  }
  return ops;
}

std::vector<DeviceOp> fold_whole(const DeviceProgram& program, std::size_t pairs,
                                 std::span<const DeviceGate> basis) {
  std::vector<DeviceOp> ops = program.ops;
  const auto repeat_end = [&](std::size_t length) {
    const std::span<const DeviceOp> end = std::span(program.ops).last(length);
    append(ops, undone(end, basis));
    ops.insert(ops.end(), end.begin(), end.end());
  };
  for (std::size_t i = 0; i < pairs / program.ops.size(); ++i) repeat_end(program.ops.size());
  if (const std::size_t rest = pairs % program.ops.size(); rest > 0) repeat_end(rest);
  return ops;
}

}  // namespace

std::string_view name(FoldKind kind) { return fold_kinds[static_cast<std::size_t>(kind)].second; }

FoldKind parse_fold_kind(std::string_view text) {
  for (const auto& [kind, name] : fold_kinds)
    if (name == text) return kind;
  throw usage_error("expected folding two-qubit or whole, found '" + std::string(text) + "'");
}

FoldedProgram fold(const DeviceProgram& program, double factor, FoldKind kind,
                   std::span<const DeviceGate> basis) {
  constexpr double most = 1000.0;  // programs of that length are noise alone
  if (!(factor >= 1.0) || factor > most)
    throw usage_error("expected a noise factor of 1 .. 1000, found " + std::to_string(factor));
  std::size_t gates = 0;
  for (const DeviceOp& op : program.ops)
    gates += kind == FoldKind::whole || info(op.gate).qubits == 2 ? 1 : 0;
  FoldedProgram folded{program, 1.0};
  const std::size_t pairs = pairs_for(factor, gates);
  if (pairs == 0) return folded;
  folded.program.ops = kind == FoldKind::whole ? fold_whole(program, pairs, basis)
                                               : fold_two_qubit(program, gates, pairs, basis);
  folded.factor = 1.0 + 2.0 * static_cast<double>(pairs) / static_cast<double>(gates);
  return folded;
}

}  // namespace qmtl
