// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/circuit/circuit.h"
#include "runtime/circuit/cones/cones.h"
#include "runtime/circuit/plan/amplitude_start.h"
#include "runtime/circuit/plan/cost.h"

namespace qmtl {

/// How the engine runs a circuit. Chosen from the circuit alone, never from ranks, threads or timings.
enum class PlanKind : std::uint8_t {
  automatic,
  state,      ///< one statevector of all qubits, branching into the blocks
  operators,  ///< one statevector; blocks as Hermitian operators on the registers' reduced density matrices
  cones,      ///< each register's own small circuit (several registers' if that is cheaper); inside it
              ///< branching or operators, whichever is cheaper
  pauli,      ///< readouts pushed back to sums of products of cosines and sines: no statevector
  mixed,      ///< for each register cones or pauli, whichever is cheaper
};

class SampleDevice;

/// A (sub)circuit and the method for its blocks: one statevector, or (pauli) one expansion.
struct Part {
  Cone cone;  ///< of a circuit with noise without its gates, which expansion or device have
  BlockMethod method = BlockMethod::branch;
  /// pauli: of the outputs with noise, and the same with their second moments; null: it is the cone's.
  std::shared_ptr<const PauliExpansion> expansion = nullptr, expansion_of_moments = nullptr;
  std::function<std::unique_ptr<SampleDevice>(bool second_moments)> device = nullptr;  ///< device
  /// Of a statevector that can begin with an encoding's amplitudes, where all parts that read them can.
  std::optional<AmplitudeStart> start = std::nullopt;
};

/// What one kind of plan would cost, and why it was or was not taken.
struct Alternative {
  PlanKind kind;
  Cost cost;
  int widest = 0;        ///< qubits of the largest statevector
  std::string obstacle;  ///< why it cannot run; empty: it can
};

struct Plan {
  PlanKind kind = PlanKind::automatic;  ///< never automatic in a finished plan
  std::vector<Part> parts;
  int angles = 0, params = 0, outputs = 0;  ///< of the whole circuit
  int widest = 0;                           ///< qubits of the largest statevector; 0: none
  std::size_t terms = 0;                    ///< of Pauli expansions
  Cost cost;
  std::vector<Alternative> alternatives;  ///< what was compared, cheapest first (kind = automatic)
  std::string reason;                     ///< one sentence: why this kind
};

inline constexpr int max_state_qubits = 26;

struct PlanOptions {
  double memory_limit = 4e9;    ///< bytes per thread
  bool second_moments = false;  ///< the engine will be asked for them (Engine::set_second_moments)
  CostModel model;
};

/// Picks the plan with the least expected time (kind = automatic) or builds the forced one. Throws Error
/// (usage) with the numbers (qubits, bytes needed, limit) and the way out when the widest statevector does
/// not fit.
Plan make_plan(const Circuit& circuit, PlanKind kind = PlanKind::automatic, const PlanOptions& options = {});

std::string_view name(PlanKind kind);
PlanKind parse_plan_kind(std::string_view text);

}  // namespace qmtl
