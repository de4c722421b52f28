#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/circuit/circuit.h"
#include "runtime/circuit/cones.h"

namespace qmtl {

/// How the engine runs a circuit. Chosen from the circuit alone, never from ranks, threads or timings.
enum class PlanKind : std::uint8_t {
  automatic,
  state,      ///< one statevector of all qubits, branching into the blocks
  operators,  ///< one statevector; blocks as Hermitian operators on the registers' reduced density matrices
  cones,      ///< each register's own small circuit; inside it branching or operators, whichever is cheaper
};

/// How one statevector's blocks are evaluated.
enum class BlockMethod : std::uint8_t { branch, operators };

/// One statevector simulation: a (sub)circuit and the method for its blocks.
struct Part {
  Cone cone;
  BlockMethod method = BlockMethod::branch;
};

struct Plan {
  PlanKind kind = PlanKind::automatic;  ///< never automatic in a finished plan
  std::vector<Part> parts;
  int angles = 0, params = 0, outputs = 0;  ///< of the whole circuit
  int widest = 0;           ///< qubits of the largest statevector
  double flops = 0;         ///< floating-point operations per sample, forward and gradient (multiply-add = 2)
  double bytes = 0;         ///< working memory per thread, float32
  std::string reason;       ///< one sentence: why this kind
};

inline constexpr int max_state_qubits = 26;

/// Picks (kind = automatic) or builds the forced plan. Throws Error (usage) with the numbers (qubits, bytes needed,
/// limit) and the way out when the widest statevector does not fit `memory_limit` bytes per thread.
Plan make_plan(const Circuit& circuit, PlanKind kind = PlanKind::automatic, double memory_limit = 4e9);

std::string_view name(PlanKind kind);
PlanKind parse_plan_kind(std::string_view text);

}  // namespace qmtl
