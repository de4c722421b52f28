// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hardware/mitigation/extrapolate.h"
#include "hardware/mitigation/folding.h"

namespace qmtl {

struct Variant;
struct VariantRequest;

/// Which errors probabilistic error cancellation inverts (cancellation.h).
enum class CancellationKind : std::uint8_t {
  none,
  whole,   ///< all of a program
  shaded,  ///< those in an output's light cone
};

/// The pulses that decouple a qubit that waits.
enum class DecouplingKind : std::uint8_t { none, xx, xy4 };

/// What is done against a device's errors.
struct MitigationSettings {
  bool readout = true;                ///< undo readout errors
  bool m3 = false;                    ///< on the observed bitstrings alone; only with `readout`
  std::vector<double> factors = {1};  ///< of the noise, for extrapolation
  FoldKind fold = FoldKind::two_qubit;
  ExtrapolationKind extrapolation = ExtrapolationKind::linear;
  std::int64_t calibration_shots = 4000;
  CancellationKind cancellation = CancellationKind::none;
  double pec_bias = 0.005;  ///< most that shading may leave, in an output's unit
  int pec_circuits = 100;   ///< most random programs with insertions in the place of one
  bool gate_twirling = false, readout_twirling = false;
  DecouplingKind decoupling = DecouplingKind::none;
  int randomisations = 16;  ///< programs that twirling draws in the place of one

  /// Whether the device's noise must be known: errors or gate lengths.
  bool needs_noise() const {
    return cancellation != CancellationKind::none || decoupling != DecouplingKind::none;
  }
  bool extrapolates() const { return factors.size() > 1; }
};

/// From so many programs that were drawn alike on, how far they lie apart says how uncertain their sum is.
inline constexpr std::size_t fewest_clusters = 8;

/// The option that a kind is a value of.
enum class MitigationOption : std::uint8_t {
  mitigate,  ///< in what is made of the counts
  suppress,  ///< in what is executed
};

/// One way to act against errors; `mitigation_kinds()` is the table of them.
struct MitigationKind {
  std::string_view name;
  MitigationOption option;
  std::string_view summary;
  bool (*on)(const MitigationSettings& settings);
  void (*choose)(MitigationSettings& settings);
  /// What is executed in the place of programs; null: they stay.
  void (*apply)(std::vector<Variant>& variants, const VariantRequest& request) = nullptr;
};
/// In the order in which they act.
std::span<const MitigationKind> mitigation_kinds();

/// Sets what `text` lists, e.g. "readout,zne", of one option and nothing else of it; "none" alone is nothing.
/// Throws Error (usage) listing the choices, and for kinds that exclude each other.
void choose_mitigation(MitigationSettings& settings, MitigationOption option, const std::string& text);
/// "readout, zne": the names of what is on; "none".
std::string mitigation_names(const MitigationSettings& settings, MitigationOption option);

}  // namespace qmtl
