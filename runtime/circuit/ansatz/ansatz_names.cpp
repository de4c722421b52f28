// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/names.h"
#include "runtime/circuit/ansatz/ansatz.h"

namespace qmtl {
namespace {

constexpr Names<Placement> placements{"placement", {"global", "local"}};
constexpr Names<BlockOrder> block_orders{"block order", {"er", "re"}};
constexpr Names<ReadoutKind> readouts{"readout", {"first", "mean", "weights", "strings"}};

}  // namespace

std::string_view name(Placement value) { return placements.name(value); }
std::string_view name(BlockOrder value) { return block_orders.name(value); }
std::string_view name(ReadoutKind value) { return readouts.name(value); }

Placement parse_placement(std::string_view text) { return placements.parse(text); }
BlockOrder parse_block_order(std::string_view text) { return block_orders.parse(text); }
ReadoutKind parse_readout_kind(std::string_view text) { return readouts.parse(text); }

}  // namespace qmtl
