// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "runtime/circuit/layers.h"

namespace qmtl {

/// A published circuit by name, as layers that a user could write by hand.
struct Preset {
  std::string_view name;
  std::string_view source;  ///< where it is published
  /// Repetition number `index` on so many qubits.
  std::vector<CircuitLayer> (*layer)(int qubits, int index);
  /// What follows the last repetition; null: nothing.
  std::vector<CircuitLayer> (*last)(int qubits) = nullptr;
  bool uploads = false;  ///< its layers carry the sample; else uploads are put in front of them
};

std::span<const Preset> preset_table();
/// Throws Error (usage) listing the names and the nearest of them.
const Preset& preset_named(std::string_view name);

/// All repetitions of a preset, and what follows them. Without uploads of its own (and with `uploads` > 0)
/// uploads of `upload` stand before repetition u * layers / uploads; `repeat_uploads`: each carries the same
/// inputs.
std::vector<CircuitLayer> expand(const Preset& preset, int qubits, int layers, Gate upload, int uploads,
                                 bool repeat_uploads);

}  // namespace qmtl
