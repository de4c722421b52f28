// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/circuit/circuit.h"
#include "runtime/noise/noise_model.h"

namespace qmtl {

enum class NoisyMethod : std::uint8_t {
  automatic,     ///< density where at most NoisyOptions::density_qubits are alive at once, else trajectories
  density,       ///< the exact density matrix
  trajectories,  ///< pure states with random Kraus operators
};
std::string_view name(NoisyMethod method);
/// auto, density or trajectories; throws Error (usage) listing the choices.
NoisyMethod parse_noisy_method(std::string_view text);

struct NoisyOptions {
  NoisyMethod method = NoisyMethod::automatic;
  std::int64_t shots = 0;            ///< measurements of every block and sample; 0: as if infinitely many
  std::int64_t trajectories = 1000;  ///< averaged where shots = 0; with shots each is a trajectory of its own
  std::uint64_t seed = 0;
  int density_qubits = 8;        ///< what `automatic` simulates by density matrix
  std::int64_t bytes = 1 << 30;  ///< most that one state may take, for each thread
  /// Simulate each block's measured qubits together even for shots = 0, so that probabilities() can be asked.
  bool joint = false;
};

/// How one block is simulated.
struct NoisyPart {
  int block = 0;
  std::vector<int> measured;  ///< qubits of this part: the block's register, or one Z-string's
  NoisyMethod method = NoisyMethod::density;
  int cone = 0;  ///< qubits of the structural cone
  int peak = 0;  ///< of them alive at once
};

/// How often each bitstring was read; the block's first qubit is the rightmost character.
using Counts = std::map<std::string, std::uint64_t>;

/// A circuit on a noisy device. Every block is a circuit of its own: the shared stage, then the block's
/// gates, scheduled as schedule.h says, noise after every gate, then its register is measured. Results are
/// pure functions of circuit, model, options, angles and keys: they depend neither on threads nor on the
/// order of samples. After bind() the const calls may run concurrently.
class NoisySimulator {
 public:
  /// Throws Error (usage) for a circuit or model that is not valid, and for a block that no allowed method
  /// can hold: with the numbers, and what would help.
  NoisySimulator(const Circuit& circuit, NoiseModel model, const NoisyOptions& options);
  ~NoisySimulator();
  NoisySimulator(NoisySimulator&&) noexcept;
  NoisySimulator& operator=(NoisySimulator&&) noexcept;

  const std::vector<NoisyPart>& parts() const;

  /// Fixes the trainable parameters (length circuit.params).
  void bind(std::span<const double> params);

  /// values[samples, outputs] for angles[samples, circuit.angles]: expectations of the readouts with errors
  /// of the measurement, exact, averaged over trajectories, or the mean over the shots. `keys` (length
  /// samples) number the samples for random numbers.
  void values(std::span<const std::uint32_t> keys, std::span<const double> angles,
              std::span<double> values) const;

  /// counts[sample * blocks + block], `shots` of them each. Needs shots > 0.
  std::vector<Counts> counts(std::span<const std::uint32_t> keys, std::span<const double> angles) const;

  /// probabilities[sample * blocks + block][bits], bit i of the index = the block's qubit i. Needs `joint`
  /// and shots = 0.
  std::vector<std::vector<double>> probabilities(std::span<const std::uint32_t> keys,
                                                 std::span<const double> angles) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The same in one call, samples numbered from 0: values[samples, outputs].
std::vector<double> noisy_values(const Circuit& circuit, std::span<const double> params, std::size_t samples,
                                 std::span<const double> angles, const NoiseModel& model,
                                 const NoisyOptions& options);
/// counts[sample * blocks + block].
std::vector<Counts> noisy_counts(const Circuit& circuit, std::span<const double> params, std::size_t samples,
                                 std::span<const double> angles, const NoiseModel& model,
                                 const NoisyOptions& options);

/// Throws Error (usage) naming block and operation: qubits, angles or parameters out of range, a two-qubit
/// gate on one qubit, registers that repeat a qubit, readouts outside their block's register.
void check_circuit(const Circuit& circuit);

}  // namespace qmtl
