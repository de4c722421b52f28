#pragma once

#include <optional>

#include "runtime/circuit/circuit.h"
#include "runtime/circuit/pauli.h"

namespace qmtl {

/// How a part's blocks are evaluated.
enum class BlockMethod : std::uint8_t {
  branch,     ///< a statevector that branches into every block
  operators,  ///< a statevector; blocks as Hermitian operators on the registers' reduced density matrices
  pauli,      ///< a Pauli expansion: no statevector
};

/// What a sample costs, forward and gradient, float32: floating-point operations (multiply-add = 2), working
/// memory of a thread in bytes, and the time on one core of the kind that the rates below were measured on.
struct Cost {
  double flops = 0, bytes = 0, seconds = 0;

  /// One part after another: memory is reused.
  void add(const Cost& other);
};

/// Rates of one core, in FLOP per second, and the time that a part takes whatever its size, per sample.
/// Measured once (two-core Zen 4, AVX-512, FMA peak 118 GFLOP/s) with `qmtl bench`; a choice between plans
/// must not depend on the machine at hand, since the choice is part of a run's bits.
struct CostModel {
  double passes = 45e9;      ///< rotations and mixes on statevectors that stay in the caches
  double far_passes = 30e9;  ///< on statevectors that do not (more than `near_bytes`)
  double near_bytes = 1e6;
  double registers = 80e9;  ///< reduced density matrices, operators on the state
  double gemm = 80e9;       ///< outputs, weights and sums of operator blocks
  double expansion = 20e9;  ///< Pauli expansions
  double part = 40e-9;
};

/// The statevector methods. Without a bound on sizes: a cost may be beyond any machine.
Cost state_cost(const Circuit& circuit, BlockMethod method, const CostModel& model = {});
Cost pauli_cost(const PauliExpansion& expansion, const CostModel& model = {});

}  // namespace qmtl
