// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/circuit/circuit.h"
#include "runtime/engine/engine.h"
#include "runtime/train/loop/ranks.h"
#include "tools/workflows/training/noise_request.h"

namespace qmtl {

/// A circuit with numbers for all its angles; its samples share the parameters.
struct NoisyCircuit {
  std::string place;  ///< "file, circuit 3" for messages
  Circuit circuit;
  std::vector<double> params;
  std::vector<double> angles;       ///< [samples, circuit.angles]
  std::vector<std::uint32_t> keys;  ///< numbers of the samples
};

/// One JSON object or a list of them (tools/REFERENCE.md, noise). Throws Error (data) naming file, circuit
/// and operation.
std::vector<NoisyCircuit> read_noisy_circuits(const std::string& path);

/// The circuit of a trained head with the angles of the first `samples` of the test split; `data` "": that of
/// training. Throws Error (usage) for heads without a circuit and for more samples than there are.
NoisyCircuit head_circuit(const Ranks& ranks, const std::string& checkpoint, const std::string& data,
                          std::size_t samples, SimdTarget simd);

/// What one block of a circuit gave for one sample.
struct BlockRun {
  /// A gate in the order that noise acts on.
  struct Step {
    int slice = 0;
    Gate gate = {};
    std::vector<int> qubits;
    std::optional<double> angle;
  };

  std::uint32_t sample = 0;
  std::size_t block = 0;
  int qubits = 0;  ///< of the whole circuit
  NoisyPart part;  ///< how it was simulated
  std::vector<Step> schedule;
  Counts counts;                      ///< with shots
  std::vector<double> probabilities;  ///< without: index bit i is part.measured[i]
};

/// Runs every block for every sample, sample by sample. Throws Error naming the circuit's place for what
/// cannot be simulated.
std::vector<BlockRun> run_noisy(const NoisyCircuit& circuit, const NoiseRequest& request);

}  // namespace qmtl
