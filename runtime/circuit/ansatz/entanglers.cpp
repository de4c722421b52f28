// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "runtime/base/names.h"
#include "runtime/circuit/ansatz/ansatz.h"

namespace qmtl {
namespace {

using Pairs = std::vector<std::pair<int, int>>;

Pairs every(int first, int step, int qubits) {
  Pairs pairs;
  for (int i = first; i + 1 < qubits; i += step) pairs.push_back({i, i + 1});
  return pairs;
}
Pairs line(int qubits, int) { return every(0, 1, qubits); }
Pairs ring(int qubits, int) {
  Pairs pairs = every(0, 1, qubits);
  if (qubits > 2) pairs.push_back({qubits - 1, 0});
  return pairs;
}
Pairs bricks(int qubits, int layer) { return every(layer % 2, 2, qubits); }

// A new entangler is its enumerator (ansatz.h), its pairs and its row.
constexpr EntanglerInfo table[] = {
    {Entangler::none, "none", Gate::cz, nullptr},
    {Entangler::cx_ring, "cx-ring", Gate::cx, ring},
    {Entangler::cx_line, "cx-line", Gate::cx, line},
    {Entangler::cz_ring, "cz-ring", Gate::cz, ring},
    {Entangler::cz_line, "cz-line", Gate::cz, line},
    {Entangler::brickwork_cz, "brickwork-cz", Gate::cz, bricks},
};
static_assert(one_row_each(table, &EntanglerInfo::kind));
static_assert(std::none_of(std::begin(table), std::end(table),
                           [](const EntanglerInfo& row) {
                             return !is_elementary(row.gate) || is_rotation(row.gate);
                           }),
              "the gates of a named entangler are elementary and have no angles");

}  // namespace

std::span<const EntanglerInfo> entangler_table() { return table; }
const EntanglerInfo& info(Entangler entangler) { return table[static_cast<std::size_t>(entangler)]; }
std::string_view name(Entangler entangler) { return info(entangler).name; }
Entangler parse_entangler(std::string_view text) {
  return row_named(entangler_table(), "entangler", text).kind;
}

std::vector<Op> entangle(Entangler entangler, const std::vector<int>& qubits, int layer) {
  const EntanglerInfo& row = info(entangler);
  std::vector<Op> ops;
  if (!row.entangles()) return ops;
  for (const auto& [first, second] : row.pairs(static_cast<int>(qubits.size()), layer))
    ops.push_back({row.gate, qubits[static_cast<std::size_t>(first)],
                   qubits[static_cast<std::size_t>(second)], Source::none, -1});
  return ops;
}

}  // namespace qmtl
