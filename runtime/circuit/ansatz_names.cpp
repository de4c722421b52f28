// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "runtime/circuit/ansatz.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

template <class Value, std::size_t count>
using Names = std::array<std::pair<Value, std::string_view>, count>;

constexpr Names<Entangler, 6> entanglers{{{Entangler::none, "none"},
                                          {Entangler::cx_ring, "cx-ring"},
                                          {Entangler::cx_line, "cx-line"},
                                          {Entangler::cz_ring, "cz-ring"},
                                          {Entangler::cz_line, "cz-line"},
                                          {Entangler::brickwork_cz, "brickwork-cz"}}};
constexpr Names<Placement, 2> placements{{{Placement::global, "global"}, {Placement::local, "local"}}};
constexpr Names<BlockOrder, 2> block_orders{{{BlockOrder::er, "er"}, {BlockOrder::re, "re"}}};
constexpr Names<ReadoutKind, 4> readouts{{{ReadoutKind::first, "first"},
                                          {ReadoutKind::mean, "mean"},
                                          {ReadoutKind::weights, "weights"},
                                          {ReadoutKind::strings, "strings"}}};

template <class Table, class Value>
std::string_view find_name(const Table& table, Value value) {
  for (const auto& [entry, text] : table)
    if (entry == value) return text;
  return "?";
}

template <class Table>
auto find_value(const Table& table, std::string_view what, std::string_view text) {
  std::string choices;
  for (const auto& [entry, choice] : table) {
    if (choice == text) return entry;
    choices += (choices.empty() ? "" : ", ") + std::string(choice);
  }
  throw usage_error("unknown " + std::string(what) + " \"" + std::string(text) + "\": expected one of " +
                    choices);
}

}  // namespace

std::string_view name(Entangler value) { return find_name(entanglers, value); }
std::string_view name(Placement value) { return find_name(placements, value); }
std::string_view name(BlockOrder value) { return find_name(block_orders, value); }
std::string_view name(ReadoutKind value) { return find_name(readouts, value); }

Entangler parse_entangler(std::string_view text) { return find_value(entanglers, "entangler", text); }
Placement parse_placement(std::string_view text) { return find_value(placements, "placement", text); }
BlockOrder parse_block_order(std::string_view text) { return find_value(block_orders, "block order", text); }
ReadoutKind parse_readout_kind(std::string_view text) { return find_value(readouts, "readout", text); }

}  // namespace qmtl
