// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "runtime/circuit/circuit.h"
#include "runtime/circuit/pauli/pauli.h"
#include "runtime/circuit/plan/amplitude_start.h"

namespace qmtl {

/// How a part's blocks are evaluated.
enum class BlockMethod : std::uint8_t {
  branch,     ///< a statevector that branches into every block
  operators,  ///< a statevector; blocks as Hermitian operators on the registers' reduced density matrices
  pauli,      ///< a Pauli expansion: no statevector
  device,     ///< a device with noise computes the part, sample by sample (Part::device)
};

/// What a sample costs, forward and gradient, float32: floating-point operations (multiply-add = 2), working
/// memory of a thread in bytes, and the time on one core of the kind that the rates below were measured on.
struct Cost {
  double flops = 0, bytes = 0, seconds = 0;

  /// One part after another: memory is reused.
  void add(const Cost& other);
};

/// Rates of one core, in operations per second, and times in seconds. Measured once (Zen 4, AVX-512, FMA peak
/// 118 GFLOP/s, float32) with `qmtl bench` on the workloads of benchmarks/engine; a choice between plans must
/// not depend on the machine at hand, since the choice is part of a run's bits.
struct CostModel {
  /// Rotations and mixes on statevectors; real ones are bound by loads and stores rather than arithmetic.
  double complex_passes = 85e9, real_passes = 45e9;
  double cache = 1e6, far_cache = 3e7;  ///< bytes of a tile's working memory from which on these rates ...
  double slow_down = 1.25, far_slow_down = 4;  ///< ... are divided by this
  double registers = 75e9;                     ///< reduced density matrices, operators on the state
  double gemm = 75e9;                          ///< outputs, weights and sums of operator blocks
  double expansion = 33e9;                     ///< Pauli expansions, per sample
  double edge = 5e-9;   ///< time of an expansion's edge, once per step, here of 64 samples
  double part = 12e-9;  ///< per sample, whatever the part's size
  bool operator==(const CostModel&) const = default;
};

/// The statevector methods. Without a bound on sizes: a cost may be beyond any machine.
/// `start`: whose gates need not run; may be null.
Cost state_cost(const Circuit& circuit, BlockMethod method, const CostModel& model = {},
                const AmplitudeStart* start = nullptr);
Cost pauli_cost(const PauliExpansion& expansion, const CostModel& model = {});

}  // namespace qmtl
